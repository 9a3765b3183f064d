"""A run keeps its pace and its budget."""

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from core.asking import Engine, Limits, pace
from core.asking.estimate import most_tokens, tokens
from core.asking.prices import price_of
from core.settings import Settings
from core.store import Store
from core.teachers import Ask, Message, Teacher, endpoint
from core.teachers._access import seconds_to_wait
from tests.asking import PRICE, alone, ask, once_a_question, question, run
from tests.loopback import Fault, Loopback


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
    assert seconds_to_wait("Mon, 01 Jan 99999999999999999999 00:00:00 GMT") is None
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


def test_no_more_requests_are_on_their_way_than_may_be_at_once(
    teacher: Teacher, store: Store, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, add = threading.Lock(), store.add
    there, most = 0, 0

    def answer(_: dict[str, Any]) -> str:
        nonlocal there, most
        with lock:
            there += 1
            most = max(most, there)
        time.sleep(0.02)
        with lock:
            there -= 1
        return "fine"

    def slowly(*records: Any) -> None:
        time.sleep(0.02)
        add(*records)

    loopback.answer = answer
    monkeypatch.setattr(store, "add", slowly)
    assert run(teacher, store, 40, limits=Limits(4))[0].answered == 40
    assert most == 4


def test_the_next_ask_is_sent_while_an_answer_is_being_written(
    teacher: Teacher, store: Store, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, add = threading.Event(), store.add
    went_on: list[bool] = []

    def answer(request: dict[str, Any]) -> str:
        if question(request) == "question 1":
            second.set()
        return "fine"

    def slowly(*records: Any) -> None:
        went_on.append(second.wait(10))
        add(*records)

    loopback.answer = answer
    monkeypatch.setattr(store, "add", slowly)
    assert run(teacher, store, 2, limits=Limits(1))[0].answered == 2
    assert all(went_on)


def test_requests_a_minute_are_spaced_out(teacher: Teacher, store: Store, loopback: Loopback) -> None:
    times: list[float] = []
    loopback.answer = lambda request: times.append(time.monotonic()) or "fine"
    run(teacher, store, 5, limits=Limits(5, requests_per_minute=600))
    assert times[-1] - times[0] >= 0.3


def test_requests_that_a_pause_held_up_are_spaced_out_after_it(
    teacher: Teacher, store: Store, loopback: Loopback
) -> None:
    times: list[float] = []

    def fault(request: dict[str, Any]) -> Fault | None:
        times.append(time.monotonic())
        return "status" if len(times) == 1 else None

    loopback.fault, loopback.status, loopback.headers = fault, 429, {"Retry-After": "0.6"}
    assert run(teacher, store, 8, limits=Limits(8, requests_per_minute=600))[0].answered == 8
    after = [each for each in times if each - times[0] >= 0.55]
    assert len(after) >= 7
    assert after[-1] - after[0] >= 0.1 * (len(after) - 1) - 0.15


def test_tokens_a_minute_are_what_was_used_not_what_was_feared(
    teacher: Teacher, store: Store, loopback: Loopback
) -> None:
    begun = time.monotonic()
    run(teacher, store, 4, limits=Limits(1, tokens_per_minute=600))  # 5 tokens each take 0.5 s; 26 feared take 2.6 s
    assert 0.9 <= time.monotonic() - begun <= 4.5


def test_a_budget_is_never_overrun_though_many_ask_at_once(teacher: Teacher, store: Store, loopback: Loopback) -> None:
    loopback.pause = 0.02
    tally, _ = run(teacher, store, 60, limits=Limits(8, budget=150.0), price=PRICE)
    assert tally.cost
    assert 90 <= tally.cost <= 150
    assert "the budget of $150" in (tally.stopped or "")
    assert tally.planned - tally.done == 60 - tally.answered > 0
    more, _ = run(teacher, store, 60, price=PRICE)
    assert more.found == tally.answered


def test_a_budget_puts_aside_what_a_picture_counts_for_at_the_model(
    teacher: Teacher, store: Store, loopback: Loopback
) -> None:
    looked = (Message(role="user", content="what is it?", picture="data:image/jpeg;base64,"),)
    models = {"gpt-4o": 765, "gpt-4o-mini-2024-07-18": 25_501, "gpt-4.1-mini": 1_659}
    for model, most in models.items():
        priced = price_of(endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model=model)), Settings.read())
        assert priced
        assert tokens(looked, priced) - tokens(ask(1).dialogue) == pytest.approx(most, abs=2)
        assert most <= most_tokens(looked, priced) <= most + 30
    assert most_tokens(looked, PRICE) > 26_000
    assert tokens(looked) < 1_000
    runner = Engine(teacher, store, Limits(1, budget=20_000), PRICE, planned=1)
    asyncio.run(runner.run([alone(Ask(looked, 20, "test/look@1"), [])]))
    assert loopback.requests == []


@pytest.mark.parametrize("fault", ["half", "torn", "stall", "nonsense"])
def test_what_broke_off_counts_for_the_worst(store: Store, loopback: Loopback, fault: Fault) -> None:
    teacher = endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model="gpt-test", teacher_timeout=0.2))
    loopback.fault, loopback.stall = fault, 1.0
    tally, _ = run(teacher, store, 3, limits=Limits(1, budget=80), price=PRICE)
    assert "the budget of $80" in (tally.stopped or "")
    assert tally.requests == 2  # 39 dollars each


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
