"""Asking for a whole corpus: what is kept, what is asked again, when a run waits, and when it stops."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from core.asking import Conversation, Engine, Job, Limits, Tally, engine, pace
from core.asking.failing import ATTEMPTS
from core.asking.forms import key_of, smaller
from core.asking.prices import Price
from core.domain import Sample
from core.errors import StoreError
from core.settings import Settings
from core.store import Store
from core.store.rows import Stored
from core.teachers import Answer, Ask, Message, Teacher, endpoint
from core.teachers._access import seconds_to_wait
from tests.loopback import Fault, Loopback

KEY = "sk-secret-9071"
PRICE = Price(input=1_000_000, output=1_000_000)  # a dollar a token, so that sums are easy to read


@pytest.fixture
def teacher(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Teacher:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(pace, "BACKOFF", 0.01)
    loopback.answer = lambda request: f"About {question(request)}."
    return endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-test", teacher_timeout=10))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def question(request: dict[str, Any]) -> str:
    said: str = request["messages"][-1]["content"]
    return said.partition("\n")[0]


def ask(number: int, max_tokens: int = 20) -> Ask:
    return Ask((Message(role="user", content=f"question {number}"),), max_tokens, "test/noun@1")


def alone(each: Ask, heard: list[Answer]) -> Conversation:
    """A conversation of one ask."""
    answer = yield each
    assert answer
    heard.append(answer)


def run(
    teacher: Teacher, store: Store, count: int, *, limits: Limits | None = None, price: Price | None = None
) -> tuple[Tally, list[Answer]]:
    """Ask so many questions, four at once."""
    heard: list[Answer] = []
    runner = Engine(teacher, store, limits or Limits(4), price, planned=count)
    asyncio.run(runner.run(alone(ask(number), heard) for number in range(count)))
    return runner.tally, heard


def kept(tmp_path: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(tmp_path / "workspace.db") as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM attempts ORDER BY rowid")]


def once_a_question(fault: Fault) -> Any:
    """A fault of every question's first request."""
    seen: set[str] = set()

    def first(request: dict[str, Any]) -> Fault | None:
        is_first = question(request) not in seen
        seen.add(question(request))
        return fault if is_first else None

    return first


# Keeping


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
    with sqlite3.connect(tmp_path / "workspace.db") as db:
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


# Failures


FAULTS: dict[Fault, str] = {
    "reset": "unreachable",
    "half": "cut short",
    "nonsense": "nonsense",
    "stall": "silent",
    "page": "nonsense",
    "length": "length",
    "filter": "filtered",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_is_named_kept_and_got_over(
    store: Store, loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr(pace, "BACKOFF", 0.01)
    teacher = endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-test", teacher_timeout=1))
    loopback.fault, loopback.stall = once_a_question(fault), 3.0
    begun = time.monotonic()
    tally, heard = run(teacher, store, 3, limits=Limits(1))
    assert time.monotonic() - begun < 10
    assert (tally.answered, len(heard), tally.requests) == (3, 3, 6)
    assert Counter(row["failure"] for row in kept(tmp_path)) == {FAULTS[fault]: 3, None: 3}
    assert tally.failures == []


@pytest.mark.parametrize(
    ("answer", "model", "reason"),
    [("", None, "empty"), ("Fine.", "gpt-other", "wrong model"), ("Fine.", "gpt-testing", "wrong model")],
)
def test_an_empty_answer_and_another_models_are_failures_with_a_name(
    teacher: Teacher, store: Store, loopback: Loopback, answer: str, model: str | None, reason: str
) -> None:
    loopback.answer, loopback.model = lambda request: answer, model
    tally, heard = run(teacher, store, 1)
    assert heard == []
    assert [failure.reason for failure in tally.failures] == [reason]
    assert tally.requests == ATTEMPTS[reason]  # type: ignore[index]


@pytest.mark.parametrize(
    "model", ["gpt-test", "gpt-test-0613", "gpt-test-2026-01-01", "gpt-test:latest", "GPT-Test", "/models/my.gguf"]
)
def test_a_dated_version_or_the_file_of_a_llama_cpp_is_the_model_that_was_asked_for(
    teacher: Teacher, store: Store, loopback: Loopback, model: str
) -> None:
    loopback.model = model
    assert run(teacher, store, 1)[0].answered == 1


@pytest.mark.parametrize("fault", ["length", "filter"])
def test_a_cut_or_withheld_answer_is_asked_for_once_more_in_fewer_words(
    teacher: Teacher, store: Store, loopback: Loopback, fault: Fault
) -> None:
    loopback.fault = fault
    tally, _ = run(teacher, store, 1)
    assert [failure.reason for failure in tally.failures] == [FAULTS[fault]]
    first, second = (request["messages"][-1]["content"] for request in loopback.requests)
    assert second == f"{first}\nAnswer in at most 10 words."
    assert len(run(teacher, store, 1)[0].failures) == 1  # a later run asks in fewer words at once
    assert loopback.requests[2]["messages"][-1]["content"] == second
    assert len(loopback.requests) == 3


def test_a_yes_or_no_is_whole_though_its_length_ended_it(teacher: Teacher, store: Store, loopback: Loopback) -> None:
    loopback.answer, loopback.fault, loopback.chances = lambda request: "Yes, it", "length", {"Yes": 0.8, "No": 0.1}
    heard: list[Answer] = []
    yes = Ask((Message(role="user", content="is it?"),), 4, "test/entity@1", yes_or_no=True)
    for _ in range(2):  # from the endpoint, then from the store
        asyncio.run(Engine(teacher, store, Limits(1), None, planned=1).run([alone(yes, heard)]))
    assert [answer.text for answer in heard] == ["Yes, it"] * 2
    assert [answer.margin for answer in heard] == [pytest.approx(2.079, abs=1e-3)] * 2
    assert len(loopback.requests) == 1


def test_every_one_of_many_faults_is_accounted_for(
    teacher: Teacher, store: Store, loopback: Loopback, tmp_path: Path
) -> None:
    kinds: list[Fault | None] = ["reset", "half", "nonsense", "page", "length", "filter", None, None]
    lot = Counter[str]()

    def fault(request: dict[str, Any]) -> Fault | None:
        lot[question(request)] += 1
        return kinds[crc32(f"{question(request)} {lot[question(request)]}".encode()) % len(kinds)]

    loopback.fault = fault
    tally, heard = run(teacher, store, 120, limits=Limits(8))
    assert tally.answered + len(tally.failures) == tally.done == 120
    assert len(heard) == tally.answered
    rows = kept(tmp_path)
    assert len(rows) == tally.requests == len(loopback.requests)
    assert sum(row["failure"] is None for row in rows) == tally.answered
    loopback.fault = None
    assert run(teacher, store, 120)[0].answered == len(tally.failures)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_key_or_a_missing_model_stops_the_run_at_once_and_says_so(
    teacher: Teacher, store: Store, loopback: Loopback, status: int
) -> None:
    loopback.fault, loopback.status = "status", status
    tally, _ = run(teacher, store, 50)
    assert str(status) in (tally.stopped or "")
    assert len(loopback.requests) <= 4
    assert tally.planned - tally.done >= 46


def test_an_endpoint_that_is_gone_stops_the_run_after_so_many_asks_in_a_row(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "BACKOFF", 0.001)
    gone = endpoint.load(Settings.read(teacher_url="http://127.0.0.1:9/v1", teacher_model="gpt-test"))
    tally, _ = run(gone, store, 60)
    assert "20 asks in a row failed" in (tally.stopped or "")
    assert "cannot be reached" in (tally.stopped or "")
    assert 20 <= len(tally.failures) <= 24


# Pace


def test_a_full_endpoint_is_left_alone_by_all_until_it_asked_for(
    teacher: Teacher, store: Store, loopback: Loopback
) -> None:
    times: list[float] = []

    def fault(request: dict[str, Any]) -> Fault | None:
        times.append(time.monotonic())
        return "status" if len(times) == 1 else None

    loopback.fault, loopback.status, loopback.headers = fault, 429, {"Retry-After": "0.4"}
    tally, _ = run(teacher, store, 3, limits=Limits(1))
    assert tally.answered == 3
    assert times[1] - times[0] >= 0.4


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert seconds_to_wait("1.5") == 1.5
    assert 28 <= (seconds_to_wait(soon) or 0) <= 30
    assert seconds_to_wait("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert seconds_to_wait("soon") is None
    assert seconds_to_wait(None) is None


@pytest.mark.parametrize("wanted", ["86400", "nan", "inf", "-3"])
def test_no_retry_after_is_waited_for_longer_than_a_minute(
    teacher: Teacher, store: Store, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setattr(pace, "LONGEST_WAIT", 0.1)
    loopback.fault, loopback.status, loopback.headers = once_a_question("status"), 429, {"Retry-After": wanted}
    begun = time.monotonic()
    assert run(teacher, store, 1)[0].answered == 1
    assert time.monotonic() - begun < 5


def test_requests_a_minute_are_spaced_out(teacher: Teacher, store: Store, loopback: Loopback) -> None:
    times: list[float] = []
    loopback.answer = lambda request: times.append(time.monotonic()) or "fine"
    run(teacher, store, 5, limits=Limits(5, requests_per_minute=600))
    assert times[-1] - times[0] >= 0.35


def test_tokens_a_minute_are_what_was_used_not_what_was_feared(
    teacher: Teacher, store: Store, loopback: Loopback
) -> None:
    begun = time.monotonic()
    run(teacher, store, 4, limits=Limits(1, tokens_per_minute=600))  # 5 tokens each take 0.5 s; 26 feared take 2.6 s
    assert 0.9 <= time.monotonic() - begun <= 4.5


# Money


def test_a_budget_is_never_overrun_though_many_ask_at_once(teacher: Teacher, store: Store, loopback: Loopback) -> None:
    loopback.pause = 0.02
    tally, _ = run(teacher, store, 60, limits=Limits(8, budget=150.0), price=PRICE)
    assert tally.cost
    assert 90 <= tally.cost <= 150
    assert "the budget of $150" in (tally.stopped or "")
    assert tally.planned - tally.done == 60 - tally.answered > 0
    more, _ = run(teacher, store, 60, price=PRICE)
    assert more.found == tally.answered


def test_a_budget_that_allows_nothing_asks_nothing(teacher: Teacher, store: Store, loopback: Loopback) -> None:
    tally, _ = run(teacher, store, 3, limits=Limits(2, budget=0.5), price=PRICE)
    assert (tally.requests, len(loopback.requests)) == (0, 0)
    assert tally.stopped


def test_answers_without_token_counts_are_told_and_count_for_the_worst(
    teacher: Teacher, store: Store, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.loopback._usage", lambda *_: None)
    tally, _ = run(teacher, store, 9, limits=Limits(1, budget=100.0), price=PRICE)
    assert tally.unpriced == tally.answered == 2  # at most 39 dollars each
    assert tally.cost == 0
    assert "budget" in (tally.stopped or "")


# Stopping


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
    with sqlite3.connect(tmp_path / "workspace.db", check_same_thread=False) as other:
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


# Keys


def test_a_key_is_of_the_content_alone(teacher: Teacher, loopback: Loopback) -> None:
    other = endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-other"))
    changed = Ask((Message(role="user", content="question 1"),), 20, "test/noun@2")
    keys = [key_of(ask(1), teacher), key_of(ask(2), teacher), key_of(ask(1), other), key_of(changed, teacher)]
    assert len(set(keys)) == 4
    about = Ask(ask(1).dialogue, 20, "test/noun@1", sample_id=Sample.from_text("a").id, check=lambda _: None)
    assert key_of(about, teacher) == keys[0]
    assert key_of(smaller(ask(1)), teacher) != keys[0]
