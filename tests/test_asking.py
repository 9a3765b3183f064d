"""What is asked is kept: each answer raw, once, under the key of its ask."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from core.asking import Conversation, Engine, Limits
from core.asking.forms import key_of, smaller
from core.domain import Sample
from core.errors import StoreError
from core.settings import Settings
from core.store import Store
from core.teachers import Answer, Ask, Message, Picture, Teacher, endpoint
from tests.asking import KEY, PRICE, alone, ask, kept, run
from tests.loopback import Loopback


def test_each_answer_is_kept_raw_and_asked_for_once(
    teacher: Teacher, store: Store, loopback: Loopback, tmp_path: Path
) -> None:
    tally, heard = run(teacher, store, 10, price=PRICE)
    assert (tally.answered, tally.found, len(loopback.requests)) == (10, 0, 10)
    assert {answer.text for answer in heard} == {f"About question {number}." for number in range(10)}
    rows = kept(tmp_path)
    assert len({row["key"] for row in rows if row["failure"] is None}) == 10
    assert all("About question" in row["record"] for row in rows)
    assert rows[0]["cost"] == rows[0]["prompt_tokens"] + rows[0]["completion_tokens"]
    again, heard_again = run(teacher, store, 10)
    assert (again.answered, again.found, again.requests, len(loopback.requests)) == (0, 10, 0, 10)
    assert sorted(answer.text for answer in heard_again) == sorted(answer.text for answer in heard)


def test_no_secret_is_kept_even_if_the_endpoint_repeats_it(
    teacher: Teacher, store: Store, loopback: Loopback, tmp_path: Path
) -> None:
    loopback.answer = lambda request: f"your key is {loopback.keys[-1]}"
    run(teacher, store, 1)
    loopback.fault, loopback.status = "status", 401
    run(teacher, store, 2)
    assert len(kept(tmp_path)) == 2
    assert KEY not in str(kept(tmp_path))
    assert "[key]" in str(kept(tmp_path))


@pytest.mark.parametrize("word", ["k", "1", "EMPTY", "choices"])
def test_a_key_that_is_only_a_word_breaks_no_answer(
    store: Store, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", word)
    loopback.answer = lambda request: f"1 {word} in the sky"
    served = endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-test", teacher_timeout=10))
    tally, heard = run(served, store, 1)
    assert (tally.answered, [answer.text for answer in heard]) == (1, [f"1 {word} in the sky"])


def test_an_answer_is_kept_before_anything_is_made_of_it(teacher: Teacher, store: Store, loopback: Loopback) -> None:
    def broken() -> Conversation:
        yield ask(0)
        raise StoreError("the disk is gone")

    with pytest.raises(StoreError):
        asyncio.run(Engine(teacher, store, Limits(1), None, planned=1).run([broken()]))
    tally, _ = run(teacher, store, 1)
    assert (tally.found, len(loopback.requests)) == (1, 1)


def test_attempts_cannot_be_changed_and_an_ask_has_one_answer(teacher: Teacher, store: Store, tmp_path: Path) -> None:
    run(teacher, store, 1)
    (row,) = kept(tmp_path)
    with sqlite3.connect(tmp_path / "workspace/workspace.db") as db:
        for change in ("UPDATE attempts SET cost = 0", "DELETE FROM attempts"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(change)
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            db.execute("""
                INSERT INTO attempts SELECT 'other', "key", 2, NULL, model, '', NULL, 1, 1, 1, at, '' FROM attempts
            """)
    again = store.attempts.latest(row["key"])
    assert again
    store.add(again.model_copy(update={"number": 2}))  # another process had the same idea
    assert len(kept(tmp_path)) == 1


def test_samples_that_ask_the_same_at_once_share_one_answer(teacher: Teacher, store: Store, loopback: Loopback) -> None:
    loopback.pause = 0.1
    heard: list[Answer] = []
    runner = Engine(teacher, store, Limits(4), None, planned=4)
    asyncio.run(runner.run(alone(ask(0), heard) for _ in range(4)))
    assert (len(loopback.requests), runner.tally.answered, runner.tally.found, len(heard)) == (1, 1, 3, 4)


def test_what_the_endpoint_refuses_by_name_is_not_asked_again_in_the_next_run(
    teacher: Teacher, store: Store, loopback: Loopback
) -> None:
    loopback.fault, loopback.refused = "refuse", "temperature"
    run(teacher, store, 3, limits=Limits(1))
    assert len(loopback.requests) == 4  # the first was refused once
    fresh = endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-test"))
    tally, _ = run(fresh, store, 3)
    assert (tally.found, len(loopback.requests)) == (3, 4)


def test_a_key_is_of_the_content_alone(teacher: Teacher, loopback: Loopback) -> None:
    other = endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-other"))
    changed = Ask((Message(role="user", content="question 1"),), 20, "test/noun@2")
    keys = [key_of(ask(1), teacher), key_of(ask(2), teacher), key_of(ask(1), other), key_of(changed, teacher)]
    assert len(set(keys)) == 4
    about = Ask(ask(1).dialogue, 20, "test/noun@1", sample_id=Sample.from_text("a").id, check=lambda _: None)
    assert key_of(about, teacher) == keys[0]
    assert key_of(smaller(ask(1)), teacher) != keys[0]


def test_a_key_is_of_a_picture_and_not_of_where_its_file_lies(teacher: Teacher) -> None:
    def look(picture: Picture | str) -> str:
        return key_of(Ask((Message(role="user", content="what is it?", picture=picture),), 20, "test/look@1"), teacher)

    assert look(Picture("a.png", "/home/w/a.png")) == look(Picture("a.png", "w/a.png"))
    assert len({look(Picture("a.png", "a")), look(Picture("b.png", "a")), look("data:image/jpeg;base64,AA=="), ""}) == 4
