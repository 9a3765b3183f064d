"""Answers that are none: which failures pass, which end a run, and that each is accounted for."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from core.asking import Engine, Limits, pace
from core.asking.failing import ATTEMPTS
from core.settings import Settings
from core.store import Store
from core.teachers import Answer, Ask, Message, Teacher, endpoint
from tests.asking import alone, ask, kept, once_a_question, question, run
from tests.loopback import Fault, Loopback

FAULTS: dict[Fault, str] = {
    "reset": "unreachable",
    "half": "cut short",
    "torn": "cut short",
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


@pytest.mark.parametrize("fault", ["filter", "nonsense", "status"])
def test_samples_that_ask_the_same_share_a_failure_too(
    teacher: Teacher, store: Store, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr(pace, "BACKOFF", 0.01)
    loopback.fault, loopback.status = fault, 400
    alike = Engine(teacher, store, Limits(1), None, planned=30)
    asyncio.run(alike.run(alone(ask(1), []) for _ in range(30)))
    assert (len(alike.tally.failures), alike.tally.stopped) == (30, None)
    assert len(loopback.requests) == {"filter": 2, "nonsense": 3, "status": 1}[fault]


@pytest.mark.parametrize("status", [400, 405, 422])
def test_an_endpoint_that_refuses_everything_stops_the_run(
    teacher: Teacher, store: Store, loopback: Loopback, status: int
) -> None:
    loopback.fault, loopback.status = "status", status
    tally, _ = run(teacher, store, 100)
    assert "20 asks in a row failed" in (tally.stopped or "")
    assert len(loopback.requests) <= 24


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_a_refused_key_or_a_missing_model_stops_the_run_at_once_and_says_so(
    teacher: Teacher, store: Store, loopback: Loopback, status: int
) -> None:
    loopback.fault, loopback.status = "status", status
    tally, _ = run(teacher, store, 50)
    assert str(status) in (tally.stopped or "")
    assert len(loopback.requests) <= 4
    assert tally.planned - tally.done >= 46


def test_nobody_asks_before_it_is_known_whether_a_failure_stops_the_run(
    teacher: Teacher, store: Store, loopback: Loopback
) -> None:
    loopback.fault, loopback.status = "status", 401
    run(teacher, store, 50, limits=Limits(1))
    assert len(loopback.requests) == 1


def test_an_endpoint_that_is_gone_stops_the_run_after_so_many_asks_in_a_row(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "BACKOFF", 0.001)
    gone = endpoint.load(Settings.read(teacher_url="http://127.0.0.1:9/v1", teacher_model="gpt-test"))
    tally, _ = run(gone, store, 60)
    assert "20 asks in a row failed" in (tally.stopped or "")
    assert "cannot be reached" in (tally.stopped or "")
    assert 20 <= len(tally.failures) <= 24
