"""A run that is stopped, or breaks: what came is kept, and the next one goes on."""

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from core.asking import Conversation, Engine, Job, Limits, engine
from core.domain import Sample
from core.errors import StoreError
from core.settings import Settings
from core.store import Store
from core.store.rows import Stored
from core.teachers import Answer, Teacher, endpoint
from tests.asking import alone, ask, run
from tests.loopback import Loopback


def test_a_stopped_run_keeps_what_was_on_its_way_and_goes_on_later(
    teacher: Teacher, store: Store, loopback: Loopback
) -> None:
    loopback.pause = 0.2
    heard: list[Answer] = []
    job = Job(Engine(teacher, store, Limits(4), None, planned=40), [alone(ask(number), heard) for number in range(40)])
    job.start()
    while len(loopback.requests) < 4:
        time.sleep(0.01)
    job.stop()
    assert job.wait(5)
    tally = job.result()
    assert tally.stopped == "you stopped it"
    assert tally.answered == len(loopback.requests) == len(heard) < 12
    loopback.pause = 0.0
    assert run(teacher, store, 40)[0].found == tally.answered


def test_answers_that_take_longer_than_the_grace_are_given_up(
    store: Store, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "GRACE", 0.1)
    slow = endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-test"))
    loopback.fault, loopback.stall = "stall", 3
    job = Job(Engine(slow, store, Limits(2), None, planned=2), [alone(ask(number), []) for number in range(2)])
    job.start()
    while len(loopback.requests) < 2:
        time.sleep(0.01)
    begun = time.monotonic()
    job.stop()
    assert job.wait(2)
    assert time.monotonic() - begun < 1.5
    assert job.result().done == 0


def test_a_run_that_waits_out_a_pause_stops_at_once(teacher: Teacher, store: Store, loopback: Loopback) -> None:
    loopback.fault, loopback.status, loopback.headers = "status", 429, {"Retry-After": "50"}
    job = Job(Engine(teacher, store, Limits(2), None, planned=4), [alone(ask(number), []) for number in range(4)])
    job.start()
    while not loopback.requests:
        time.sleep(0.01)
    job.stop()
    assert job.wait(3)


def test_stopping_a_run_that_is_over_changes_nothing(teacher: Teacher, store: Store) -> None:
    job = Job(Engine(teacher, store, Limits(2), None, planned=2), [alone(ask(number), []) for number in range(2)])
    job.start()
    assert job.wait(10)
    job.stop()
    assert (job.result().answered, job.result().stopped) == (2, None)


def test_whatever_goes_wrong_with_the_store_ends_the_run(
    teacher: Teacher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(store, "add", broken)
    job = Job(Engine(teacher, store, Limits(4), None, planned=8), [alone(ask(number), []) for number in range(8)])
    job.start()
    assert job.wait(10)
    with pytest.raises(MemoryError, match="no room"):
        job.result()


def test_a_store_that_cannot_be_written_ends_the_run_with_its_reason(
    teacher: Teacher, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.connection.BUSY_SECONDS", 0.2)
    with sqlite3.connect(tmp_path / "workspace/workspace.db", check_same_thread=False) as other:
        other.execute("BEGIN EXCLUSIVE")
        job = Job(Engine(teacher, store, Limits(4), None, planned=8), [alone(ask(number), []) for number in range(8)])
        job.start()
        assert job.wait(10)
        other.rollback()
    with pytest.raises(StoreError, match="locked"):
        job.result()


@pytest.mark.parametrize("asks", [1, 40], ids=["at its end", "soon"])
def test_what_was_made_of_an_answer_and_cannot_be_kept_ends_the_run(
    teacher: Teacher, store: Store, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, asks: int
) -> None:
    keep = store.add

    def full(*records: Stored) -> None:
        if any(isinstance(record, Sample) for record in records):
            raise StoreError("the disk is full")
        keep(*records)

    def made(number: int) -> Conversation:
        yield ask(number)
        yield Sample.from_text(f"made of answer {number}")

    monkeypatch.setattr(store, "add", full)
    with pytest.raises(StoreError, match="the disk is full"):
        asyncio.run(Engine(teacher, store, Limits(1), None, planned=asks).run(map(made, range(asks))))
    assert len(loopback.requests) <= 4
