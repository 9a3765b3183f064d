"""The embedded teacher with real weights: SmolLM2, the smallest."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import prompts
from core.errors import TeacherError, Unavailable
from core.settings import Settings
from core.teachers import Ask, Message, Reply, Teacher, embedded
from core.teachers._chat import ChatTeacher

PARIS = [Message(role="user", content="What is the capital of France? Answer in one sentence.")]


def test_words_stream_and_add_up_to_the_answer(smollm2: Teacher) -> None:
    heard: list[str] = []
    answer = smollm2.ask(PARIS, max_tokens=30, hear=heard.append)
    assert "Paris" in answer.text
    assert len(heard) > 3
    assert "".join(heard).strip().startswith(answer.text)
    assert answer.prompt_tokens
    assert answer.completion_tokens
    assert "SmolLM2" in smollm2.model
    assert smollm2.prompts == "local"


def test_on_a_line_it_answers_under_the_name_it_is_asked_by(smollm2: Teacher) -> None:
    async def ask() -> Reply:
        async with smollm2.line() as line:
            return await line.send(Ask(tuple(PARIS), max_tokens=30, prompt_version="a test@1"), "a key")

    reply = asyncio.run(ask())
    assert reply.error is None
    assert reply.answer is not None
    assert "Paris" in reply.answer.text


def test_the_same_question_gets_the_same_answer(smollm2: Teacher) -> None:
    assert smollm2.ask(PARIS, max_tokens=20).text == smollm2.ask(PARIS, max_tokens=20).text


def test_a_yes_or_no_answer_has_a_margin(smollm2: Teacher) -> None:
    def margin(sentence: str) -> float:
        answer = smollm2.ask_yes_or_no(prompts.load("local", "entity").messages(text=sentence))
        assert answer.margin is not None
        return answer.margin

    assert margin("Paris is in France") != margin("Paris ate my homework")


def test_three_are_answered_side_by_side(smollm2: Teacher) -> None:
    cities = ["Paris", "Rome", "Tokyo"]

    def country(city: str) -> str:
        question = Message(role="user", content=f"In which country is {city}? Answer in one sentence.")
        return smollm2.ask([question], max_tokens=20).text

    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(country, cities))
    assert all(city in answer for city, answer in zip(cities, answers, strict=True))


def test_a_dialogue_is_remembered(smollm2: Teacher) -> None:
    dialogue = [
        Message(role="user", content="My cat is called Biscuit."),
        Message(role="assistant", content="What a lovely name!"),
        Message(role="user", content="What is my cat called?"),
    ]
    assert "Biscuit" in smollm2.ask(dialogue, max_tokens=20).text


def test_stopping_in_mid_answer_leaves_the_teacher_usable(smollm2: Teacher) -> None:
    def stop(piece: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        smollm2.ask(PARIS, max_tokens=500, hear=stop)
    assert "Paris" in smollm2.ask(PARIS, max_tokens=20).text


def test_more_than_the_model_can_read_is_refused_in_words(smollm2: Teacher) -> None:
    with pytest.raises(TeacherError, match="context"):
        smollm2.ask([Message(role="user", content="many words " * 9000)], max_tokens=5)


def test_missing_weights_name_the_command_that_gets_them(tmp_path: Path) -> None:
    settings = Settings.read(cache=tmp_path, embedded_teacher="smollm2-135m")
    assert "python -m core fetch" in (embedded.unusable(settings) or "")
    with pytest.raises(Unavailable, match="python -m core fetch"):
        embedded.load(settings)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "not-a-model.gguf"
    file.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(Unavailable, match=r"not-a-model\.gguf"):
        embedded.load(Settings.read(cache=tmp_path, embedded_teacher=str(file)))


def test_the_server_answers_no_stranger(smollm2: Teacher) -> None:
    (server, _) = next(iter(embedded._servers.values()))
    stranger = ChatTeacher(
        model="x", served_as="x", base_url=f"{server.listening_address}/v1", key="guess", prompts="local", timeout=5
    )
    with pytest.raises(TeacherError, match="refused the key"):
        stranger.ask(PARIS, max_tokens=5)
