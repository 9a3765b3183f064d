"""The endpoint teacher against a real server on loopback."""

import os
from collections.abc import Callable

import pytest

from core import teachers
from core.errors import TeacherError, Unavailable
from core.settings import Settings
from core.teachers import Answer, Message, Teacher, endpoint
from tests.loopback import Loopback

KEY = "sk-secret-9071"
QUESTION = [Message(role="user", content="Who is Eileen Collins?")]


@pytest.fixture
def teacher(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Teacher:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-test", teacher_timeout=0.3))


def complaint(teacher: Teacher, ask: Callable[[Teacher], Answer] | None = None) -> str:
    """What the teacher says when asking fails; never the key."""
    with pytest.raises(TeacherError) as caught:
        ask(teacher) if ask else teacher.ask(QUESTION, max_tokens=50)
    assert KEY not in str(caught.value)
    assert "gpt-test" in str(caught.value)
    return str(caught.value)


def test_an_answer_is_heard_piece_by_piece_and_counted(teacher: Teacher, loopback: Loopback) -> None:
    loopback.answer = lambda request: "She is an astronaut."
    heard: list[str] = []
    answer = teacher.ask(QUESTION, max_tokens=50, hear=heard.append)
    assert heard == ["She", " is", " an", " astronaut."]
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == ("She is an astronaut.", 4, 4)
    assert answer.margin is None


def test_a_request_carries_the_dialogue_the_model_the_key_and_temperature_0(
    teacher: Teacher, loopback: Loopback
) -> None:
    teacher.ask(QUESTION, max_tokens=50)
    (request,) = loopback.requests
    assert request["messages"] == QUESTION
    assert (request["model"], request["temperature"], request["max_tokens"]) == ("gpt-test", 0, 50)
    assert loopback.keys == [f"Bearer {KEY}"]


def test_raising_while_hearing_hangs_up(teacher: Teacher, loopback: Loopback) -> None:
    loopback.answer = lambda request: "word " * 5000

    def stop(piece: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teacher.ask(QUESTION, max_tokens=50, hear=stop)
    assert loopback.hung_up.wait(10)


def test_the_margin_sums_the_spellings_of_yes_and_of_no(teacher: Teacher, loopback: Loopback) -> None:
    loopback.answer = lambda request: "Yes"
    loopback.chances = {"Yes": 0.4, " yes": 0.2, "No": 0.2, "NO": 0.1, "Maybe": 0.1}
    answer = teacher.ask_yes_or_no(QUESTION)
    assert answer.text == "Yes"
    assert answer.margin == pytest.approx(0.6931, abs=1e-4)  # log(0.6 / 0.3)
    assert (loopback.requests[0]["logprobs"], loopback.requests[0]["top_logprobs"]) == (True, 20)


def test_a_side_missing_among_the_alternatives_counts_as_the_least_of_them(
    teacher: Teacher, loopback: Loopback
) -> None:
    loopback.chances = {"No": 0.9, "Hardly": 0.09, "Perhaps": 0.01}
    assert teacher.ask_yes_or_no(QUESTION).margin == pytest.approx(-4.4998, abs=1e-4)  # log(0.01 / 0.9)


def test_costs_and_chances_that_are_none_leave_the_answer_as_it_is(teacher: Teacher, loopback: Loopback) -> None:
    loopback.answer, loopback.fault = lambda _: "Yes", "odd"
    answer = teacher.ask_yes_or_no(QUESTION)
    assert (answer.text, answer.margin, answer.prompt_tokens, answer.completion_tokens) == ("Yes", None, None, None)


def test_an_answer_without_end_is_given_up(
    teacher: Teacher, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.teachers._chat.LONGEST", 100)
    loopback.answer = lambda _: "word " * 5000
    assert "characters, which is no answer" in complaint(teacher)


def test_there_is_no_margin_where_neither_yes_nor_no_is_likely(teacher: Teacher, loopback: Loopback) -> None:
    loopback.chances = {"Well": 0.9, "Hm": 0.1}
    assert teacher.ask_yes_or_no(QUESTION).margin is None


@pytest.mark.parametrize("name", ["logprobs", "stream_options", "temperature", "max_tokens"])
def test_what_an_endpoint_refuses_is_left_out_from_then_on(teacher: Teacher, loopback: Loopback, name: str) -> None:
    loopback.answer = lambda request: "No"
    loopback.fault, loopback.refused = "refuse", name
    assert teacher.ask_yes_or_no(QUESTION).text == "No"
    assert teacher.ask_yes_or_no(QUESTION).text == "No"
    assert [name in request for request in loopback.requests] == [True, False, False]


def test_a_model_that_knows_max_tokens_by_its_new_name_gets_it(teacher: Teacher, loopback: Loopback) -> None:
    loopback.fault, loopback.refused = "refuse", "max_tokens"
    teacher.ask(QUESTION, max_tokens=50)
    assert loopback.requests[-1]["max_completion_tokens"] == 50


def test_a_temperature_that_was_refused_is_not_recorded_as_used(teacher: Teacher, loopback: Loopback) -> None:
    assert teacher.parameters["temperature"] == 0
    loopback.fault, loopback.refused = "refuse", "temperature"
    teacher.ask(QUESTION, max_tokens=50)
    assert teacher.parameters["temperature"] is None


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "refused the request (400)"),
        (401, "Set OPENAI_API_KEY"),
        (403, "Set OPENAI_API_KEY"),
        (404, "COTPD_TEACHER_MODEL"),
        (500, "try again later"),
        (503, "try again later"),
    ],
)
def test_a_refusal_says_what_to_do(teacher: Teacher, loopback: Loopback, status: int, remedy: str) -> None:
    loopback.fault, loopback.status = "status", status
    message = complaint(teacher)
    assert str(status) in message
    assert remedy in message


def test_a_full_endpoint_says_when_to_come_back(teacher: Teacher, loopback: Loopback) -> None:
    loopback.fault, loopback.status, loopback.headers = "status", 429, {"Retry-After": "17"}
    assert "in 17 s" in complaint(teacher)
    assert len(loopback.requests) == 1


def test_silence_is_given_up_after_the_set_seconds(teacher: Teacher, loopback: Loopback) -> None:
    loopback.fault, loopback.pause = "stall", 2.0
    assert "said nothing for 0.3 seconds" in complaint(teacher)


def test_silence_in_mid_answer_is_given_up_too(teacher: Teacher, loopback: Loopback) -> None:
    loopback.pause = 2.0
    assert "said nothing for 0.3 seconds" in complaint(teacher)


def test_an_endpoint_that_hangs_up_is_reported(teacher: Teacher, loopback: Loopback) -> None:
    loopback.fault = "reset"
    assert "hung up" in complaint(teacher)


def test_half_an_answer_is_not_an_answer(teacher: Teacher, loopback: Loopback) -> None:
    loopback.fault = "half"
    assert "broke off" in complaint(teacher)


@pytest.mark.parametrize("fault", ["nonsense", "page"])
def test_an_answer_that_is_no_chat_completion_is_refused(teacher: Teacher, loopback: Loopback, fault: str) -> None:
    loopback.fault = fault  # type: ignore[assignment]
    assert "not a chat completion" in complaint(teacher)


@pytest.mark.parametrize("nothing", ["", " ", "\n \n"])
def test_an_empty_answer_is_refused(teacher: Teacher, loopback: Loopback, nothing: str) -> None:
    loopback.answer = lambda request: nothing
    assert "empty answer" in complaint(teacher)


def test_a_filtered_answer_is_refused(teacher: Teacher, loopback: Loopback) -> None:
    loopback.fault = "filter"
    assert "content filter" in complaint(teacher)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("She flew. She came ba", "She flew."),
        ("1. Collins: a pilot\n2. NASA: an ag", "1. Collins: a pilot"),
        ("It cost 3.5 million and", "It cost 3.5 million and"),
        ('"Go!" she said. Then', '"Go!" she said.'),
    ],
)
def test_an_answer_cut_off_ends_with_its_last_whole_sentence(
    teacher: Teacher, loopback: Loopback, said: str, kept: str
) -> None:
    loopback.answer, loopback.fault = lambda request: said, "length"
    assert teacher.ask(QUESTION, max_tokens=5).text == kept


def test_halves_of_a_character_are_put_together_and_a_half_alone_is_replaced(
    teacher: Teacher, loopback: Loopback
) -> None:
    loopback.answer = lambda _: "fine \U0001f600 \ud83d"
    assert teacher.ask(QUESTION, max_tokens=20).text == "fine \U0001f600 \ufffd"


def test_nobody_listening_is_reported_without_the_passwords_in_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    url = "http://user:hunter2@127.0.0.1:9/v1?token=hunter3"
    teacher = endpoint.load(Settings.read(teacher_url=url, teacher_model="gpt-test"))
    message = complaint(teacher)
    assert "http://127.0.0.1:9/v1" in message
    assert "hunter" not in message + str(teacher.parameters)


def test_a_key_that_cannot_be_sent_is_not_shown(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "OPENAI_API_KEY", f"{KEY}\nkey")
    teacher = endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-test"))
    complaint(teacher)


def test_a_missing_model_key_or_scheme_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert "COTPD_TEACHER_MODEL" in (endpoint.unusable(Settings.read()) or "")
    assert "OPENAI_API_KEY" in (endpoint.unusable(Settings.read(teacher_model="gpt-4")) or "")
    wrong = Settings.read(teacher_model="gpt-4", teacher_url="me:pass@host/v1")
    assert "http://" in (endpoint.unusable(wrong) or "")
    with pytest.raises(Unavailable, match="OPENAI_API_KEY"):
        endpoint.load(Settings.read(teacher_model="gpt-4"))


def test_a_server_of_ones_own_needs_no_key(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    teacher = endpoint.load(Settings.read(teacher_model="llama", teacher_url=loopback.url))
    assert teacher.ask(QUESTION, max_tokens=5).text == "You wrote 22 characters."


def test_an_endpoint_is_chosen_where_one_is_configured() -> None:
    assert teachers.choose(Settings.read()) == "embedded"
    assert teachers.choose(Settings.read(teacher_model="gpt-4")) == "endpoint"
    assert teachers.choose(Settings.read(teacher_model="gpt-4", teacher="embedded")) == "embedded"
