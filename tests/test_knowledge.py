"""Thinking: which questions are asked, in which order, and what counts as a thought."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core import images, knowledge, prompts
from core.domain import Caption, Knowledge, Maker, Sample
from core.errors import BadInput, TeacherError
from core.settings import Settings
from core.teachers import Picture, Teacher, endpoint
from tests.loopback import Loopback

TWEET = "Eileen Collins aboard the shuttle one last time 🚀"
WITH_PICTURE = Sample.from_text(TWEET, image="0" * 64)
WITHOUT = Sample.from_text(TWEET)
CAPTION = Caption(
    sample_id=WITH_PICTURE.id,
    text="a woman in an orange suit",
    maker=Maker(model="by hand", created=datetime(2026, 1, 1, tzinfo=UTC)),
)


def teacher(loopback: Loopback, prompt_set: str) -> Teacher:
    return endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-test", teacher_prompts=prompt_set))


def asked(request: dict[str, Any]) -> list[str]:
    return [message["content"] for message in request["messages"] if message["role"] == "user"]


def test_hosted_models_are_asked_in_one_dialogue(loopback: Loopback) -> None:
    (dialogue,) = knowledge.dialogues(WITH_PICTURE, teacher(loopback, "paper"))
    assert dialogue.grains == ("noun", "sentence", "multimodality")
    thoughts = [dialogue.think("noun"), dialogue.think("sentence"), dialogue.think("multimodality", about=CAPTION)]
    assert [len(asked(request)) for request in loopback.requests] == [1, 2, 3]
    last = loopback.requests[-1]["messages"]
    assert [message["role"] for message in last] == ["user", "assistant"] * 2 + ["user"]
    assert [message["content"] for message in last if message["role"] == "assistant"] == [
        thought.text for thought in thoughts[:2]
    ]
    assert CAPTION.text in last[-1]["content"]


def test_local_models_are_asked_each_grain_on_its_own(loopback: Loopback) -> None:
    dialogues = knowledge.dialogues(WITH_PICTURE, teacher(loopback, "local"))
    assert [dialogue.grains for dialogue in dialogues] == [("noun",), ("sentence",), ("multimodality",)]


def test_a_picture_goes_with_the_question_about_it_alone(loopback: Loopback) -> None:
    (dialogue,) = knowledge.dialogues(WITH_PICTURE, teacher(loopback, "paper"))
    picture = Picture(str(WITH_PICTURE.image), "red.png")
    shown = [grain for grain in dialogue.grains if "picture" in dialogue.ask(grain, picture).dialogue[-1]]
    assert shown == ["multimodality"]


def test_without_a_picture_nothing_is_asked_about_one(loopback: Loopback) -> None:
    assert [dialogue.grains for dialogue in knowledge.dialogues(WITHOUT, teacher(loopback, "paper"))] == [
        ("noun", "sentence")
    ]
    (dialogue,) = knowledge.dialogues(WITH_PICTURE, teacher(loopback, "paper"))
    with pytest.raises(BadInput, match="no picture"):
        dialogue.think("multimodality", about=None)
    assert loopback.requests == []


def test_a_thought_names_its_maker(loopback: Loopback) -> None:
    before = datetime.now(UTC)
    mind = teacher(loopback, "paper")
    thought = knowledge.dialogues(WITHOUT, mind)[0].think("noun")
    assert (thought.sample_id, thought.grain) == (WITHOUT.id, "noun")
    maker = thought.maker
    assert (maker.model, maker.prompt_version) == ("gpt-test", prompts.load("paper", "noun").version)
    assert maker.parameters == {"temperature": 0, "endpoint": loopback.url}
    assert before <= maker.created <= datetime.now(UTC)
    assert maker.seconds > 0
    assert maker.completion_tokens == len(thought.text.split())


def test_a_thought_from_the_store_is_part_of_the_dialogue(loopback: Loopback) -> None:
    mind = teacher(loopback, "paper")
    stored = knowledge.dialogues(WITHOUT, mind)[0].think("noun")
    (again,) = knowledge.dialogues(WITHOUT, mind)
    assert again.asked("noun") == stored.maker.model_dump(include={"model", "prompt_version", "parameters"})
    again.recall(stored)
    again.think("sentence")
    assert loopback.requests[-1]["messages"][1] == {"role": "assistant", "content": stored.text}
    assert len(asked(loopback.requests[-1])) == 2


def test_a_teacher_that_sees_is_shown_the_picture_itself(loopback: Loopback, tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "red").save(tmp_path / "red.png")
    shown = Picture(str(WITH_PICTURE.image), str(tmp_path / "red.png"))
    (dialogue,) = knowledge.dialogues(WITH_PICTURE, teacher(loopback, "paper"))
    dialogue.think("noun")
    thought = dialogue.think("multimodality", about=shown)
    (words, picture) = loopback.requests[-1]["messages"][-1]["content"]
    assert words["text"] == f"What is the relation between the text and the attached image?\n{TWEET}"
    assert picture["image_url"]["url"] == images.data_url(Image.new("RGB", (30, 20), "red"))
    assert thought.maker.parameters["image"] == WITH_PICTURE.image
    assert "caption" not in thought.maker.parameters
    assert thought.maker.prompt_version == prompts.load("paper", "multimodality_seen").version


def test_a_picture_that_cannot_be_read_is_said_and_nothing_is_asked(loopback: Loopback, tmp_path: Path) -> None:
    (dialogue,) = knowledge.dialogues(WITH_PICTURE, teacher(loopback, "paper"))
    with pytest.raises(TeacherError, match="no picture at"):
        dialogue.think("multimodality", about=Picture("a", str(tmp_path / "gone.png")))
    assert loopback.requests == []


def test_a_thought_about_another_caption_is_another_thought(loopback: Loopback) -> None:
    (dialogue,) = knowledge.dialogues(WITH_PICTURE, teacher(loopback, "paper"))
    other = Caption(sample_id=CAPTION.sample_id, text="a rocket", maker=CAPTION.maker)
    assert dialogue.asked("multimodality", CAPTION) != dialogue.asked("multimodality", other)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (TWEET, "the question itself"),
        (TWEET.upper().replace("🚀", "!"), "the question itself"),
        (f'"{TWEET}"', "the question itself"),
        ("I'm sorry, but I can't assist with that.", "refused"),
        ("I’m sorry, I cannot see images.", "refused"),
        ("As an AI language model, I have no opinion.", "refused"),
    ],
)
def test_an_answer_that_is_no_thought_is_refused_and_forgotten(loopback: Loopback, said: str, complaint: str) -> None:
    (dialogue,) = knowledge.dialogues(WITHOUT, teacher(loopback, "paper"))
    loopback.answer = lambda request: said
    with pytest.raises(TeacherError, match=complaint):
        dialogue.think("noun")
    loopback.answer = lambda request: "The writer is moved."
    assert dialogue.think("sentence").text == "The writer is moved."
    assert len(asked(loopback.requests[-1])) == 1


@pytest.mark.parametrize(
    "said",
    ['The writer says "I\'m sorry" to a friend.', "Yes!!! Yes!!! Yes!!! It's the U.S. of A... in the U.S.", "🚀"],
)
def test_an_unusual_thought_is_still_a_thought(loopback: Loopback, said: str) -> None:
    (dialogue,) = knowledge.dialogues(WITHOUT, teacher(loopback, "paper"))
    loopback.answer = lambda request: said
    assert dialogue.think("sentence").text == said


def test_an_answer_in_circles_ends_where_they_begin(loopback: Loopback) -> None:
    (dialogue,) = knowledge.dialogues(WITHOUT, teacher(loopback, "paper"))
    loopback.answer = lambda request: "Collins: a pilot.\nNASA: an agency.\n" + "Collins: a pilot.\n" * 9
    assert dialogue.think("noun").text == "Collins: a pilot.\nNASA: an agency."


def test_a_real_small_model_thinks_at_all_grains_at_once(smollm2: Teacher) -> None:
    heard: dict[str, list[str]] = {"noun": [], "sentence": [], "multimodality": []}

    def think(dialogue: knowledge.Dialogue) -> Knowledge:
        (grain,) = dialogue.grains
        caption = CAPTION if grain == "multimodality" else None
        return dialogue.think(grain, about=caption, hear=heard[grain].append)

    with ThreadPoolExecutor() as pool:
        thoughts = list(pool.map(think, knowledge.dialogues(WITH_PICTURE, smollm2)))
    assert [thought.grain for thought in thoughts] == ["noun", "sentence", "multimodality"]
    assert len({thought.text for thought in thoughts}) == 3
    assert all(len(words) > 3 for words in heard.values())
