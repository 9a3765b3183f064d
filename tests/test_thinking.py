"""The thoughts of a corpus: what is missing, in which order it is asked, what it costs, and the Batch API's way."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from core import prompts
from core.asking import Engine, Limits, Tally
from core.asking.batch import MOST_LINES, BatchRequests, BatchResults
from core.asking.prices import FREE, Price, price_of
from core.domain import Caption, Knowledge, Maker, Sample
from core.errors import BadInput, StoreError
from core.settings import Settings
from core.store import Store
from core.teachers import Line, Teacher, endpoint
from core.thinking import Thinking
from tests.loopback import Fault, Loopback

MAKER = Maker(model="by hand", created=datetime(2026, 1, 1, tzinfo=UTC))
PICTURED = [Sample.from_text(f"look at this number {number}", image=str(number)) for number in range(3)]
PLAIN = [Sample.from_text(f"just words number {number}") for number in range(2)]
SAMPLES = [*PICTURED, *PLAIN]
CAPTIONS = {each.id: Caption(sample_id=each.id, text=f"a photo of {each.image}", maker=MAKER) for each in PICTURED[:2]}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "workspace") as opened:
        opened.add_corpus("tiny", "all", SAMPLES, CAPTIONS.values())
        yield opened


def teacher_of(loopback: Loopback, prompt_set: str = "paper", model: str = "gpt-test") -> Teacher:
    return endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model=model, teacher_prompts=prompt_set))


def look(store: Store, teacher: Teacher) -> Thinking:
    return Thinking(store, teacher, store.samples("tiny", "all"), store.bulk.captions(each.id for each in SAMPLES))


def think(store: Store, teacher: Teacher, line: Line | None = None) -> Tally:
    work = look(store, teacher)
    engine = Engine(teacher, store, Limits(4), None, planned=work.missing, line=line)
    return asyncio.run(engine.run(work.conversations()))


def asked(request: dict[str, Any]) -> list[str]:
    return [message["content"] for message in request["messages"] if message["role"] == "user"]


@pytest.fixture
def own_prompts(tmp_path: Path) -> Path:
    """A prompt set of one's own, to edit."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("noun", "sentence", "multimodality"):
        place = " {caption}" if name == "multimodality" else ""
        (folder / f"{name}.toml").write_text(f'version = 1\nmax_tokens = 30\nquestion = "{name}? {{text}}{place}"\n')
    (folder / "set.toml").write_text("dialogue = true\n")
    return folder


# What is missing


@pytest.mark.parametrize("prompt_set", ["paper", "local"])
def test_every_sample_gets_its_thoughts_once(store: Store, loopback: Loopback, prompt_set: str) -> None:
    teacher = teacher_of(loopback, prompt_set)
    work = look(store, teacher)
    assert (work.missing, work.kept, work.uncaptioned) == (2 * 3 + 3 * 2, [], 1)
    assert think(store, teacher).answered == len(loopback.requests) == 12
    grains = {each.id: sorted(thought.grain for thought in store.knowledge(each.id)) for each in SAMPLES}
    assert grains[PICTURED[0].id] == ["multimodality", "noun", "sentence"]
    assert grains[PICTURED[2].id] == grains[PLAIN[0].id] == ["noun", "sentence"]
    again = look(store, teacher)
    assert (again.missing, len(again.kept), list(again.conversations())) == (0, 12, [])
    assert store.bulk.coverage("tiny", "all") == (5, {"caption": 2, "multimodality": 2, "noun": 5, "sentence": 5})


def test_a_batch_keeps_what_the_page_would_keep(store: Store, loopback: Loopback) -> None:
    teacher = teacher_of(loopback)
    think(store, teacher)
    (thought,) = store.knowledge(PICTURED[0].id, grain="multimodality")
    assert thought.maker.parameters == {**teacher.parameters, "caption": CAPTIONS[PICTURED[0].id].id}
    assert thought.maker.prompt_version == prompts.load("paper", "multimodality").version
    assert thought.maker.completion_tokens
    attempt = store.attempts.latest(thought.maker.ask or "")
    assert attempt
    assert attempt.sample_id == PICTURED[0].id
    assert thought.text in (attempt.response or "")
    messages: Any = attempt.request["messages"]
    assert messages[-1]["content"].endswith("a photo of 0")


def test_the_grains_of_a_dialogue_are_asked_in_turn_each_after_the_answers_before_it(
    store: Store, loopback: Loopback
) -> None:
    think(store, teacher_of(loopback))
    turns = [asked(request) for request in loopback.requests if "number 0" in str(request) and "look" in str(request)]
    assert [len(each) for each in turns] == [1, 2, 3]
    last = next(request for request in loopback.requests if len(request["messages"]) == 5)
    assert [message["role"] for message in last["messages"]] == ["user", "assistant"] * 2 + ["user"]


def test_an_edit_of_one_prompt_asks_only_that_grain_again(store: Store, loopback: Loopback, own_prompts: Path) -> None:
    teacher = teacher_of(loopback, str(own_prompts))
    think(store, teacher)
    loopback.requests.clear()
    file = own_prompts / "sentence.toml"
    file.write_text(file.read_text().replace("sentence?", "the whole?"))
    assert think(store, teacher).answered == 5
    assert all(asked(request)[-1].startswith("the whole?") for request in loopback.requests)
    assert all(asked(request)[0].startswith("noun?") for request in loopback.requests)  # the dialogue as it was
    assert think(store, teacher).requests == 0


def test_another_caption_asks_only_about_the_picture(store: Store, loopback: Loopback) -> None:
    teacher = teacher_of(loopback)
    think(store, teacher)
    store.add(
        Caption(
            sample_id=PICTURED[0].id, text="a rocket", maker=MAKER.model_copy(update={"created": datetime.now(UTC)})
        )
    )
    loopback.requests.clear()
    assert think(store, teacher).answered == 1
    assert "a rocket" in asked(loopback.requests[0])[-1]


def test_answers_whose_thoughts_a_kill_prevented_are_not_asked_for_again(store: Store, loopback: Loopback) -> None:
    teacher = teacher_of(loopback)
    work = look(store, teacher)
    for conversation in work.conversations():  # what a kill leaves: raw answers, and no thought made of them

        def first_only(whole: Any = conversation) -> Any:
            yield next(whole)

        asyncio.run(Engine(teacher, store, Limits(1), None, planned=1).run([first_only()]))
    assert (len(loopback.requests), store.knowledge(SAMPLES[0].id)) == (5, [])
    tally = think(store, teacher)
    assert (tally.found, tally.answered, len(loopback.requests)) == (5, 7, 12)


def test_a_refused_temperature_is_no_reason_to_ask_anew(store: Store, loopback: Loopback) -> None:
    loopback.fault, loopback.refused = "refuse", "temperature"
    think(store, teacher_of(loopback))
    (thought,) = store.knowledge(PLAIN[0].id, grain="noun")
    assert thought.maker.parameters["temperature"] is None
    assert look(store, teacher_of(loopback)).missing == 0


def test_a_refusal_is_a_failure_that_does_not_keep_the_other_grains_from_being_asked(
    store: Store, loopback: Loopback
) -> None:
    loopback.answer = lambda request: "I'm sorry, I can't." if "special" in asked(request)[-1] else "It is a photo."
    tally = think(store, teacher_of(loopback))
    assert [failure.reason for failure in tally.failures] == ["refusal"] * 5
    assert tally.answered == 7
    assert [attempt.failure for attempt in store.attempts.failures("tiny", "all")] == ["refusal"] * 5
    loopback.answer = lambda request: "It is a photo."
    think(store, teacher_of(loopback))
    assert store.attempts.failures("tiny", "all") == []


def test_a_thought_that_came_after_another_dialogue_settles_its_failure(store: Store, loopback: Loopback) -> None:
    loopback.answer = lambda request: "I'm sorry, I can't."
    think(store, teacher_of(loopback))
    assert len(store.attempts.failures("tiny", "all")) == 12
    loopback.answer = lambda request: "It is a photo."
    think(store, teacher_of(loopback))  # the later grains are asked after other answers, and are other asks
    assert store.attempts.failures("tiny", "all") == []


def test_what_the_endpoint_failed_leaves_the_later_grains_open(
    store: Store, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.asking.pace.BACKOFF", 0.001)

    def fault(request: dict[str, Any]) -> Fault | None:
        return "nonsense" if "number 0" in str(request) else None

    loopback.fault = fault
    tally = think(store, teacher_of(loopback))
    assert (len(tally.failures), tally.answered, tally.planned - tally.done) == (2, 7, 3)
    loopback.fault = None
    assert think(store, teacher_of(loopback)).answered == 5


# Forecast and prices


def test_a_forecast_counts_calls_tokens_and_money(store: Store, loopback: Loopback) -> None:
    teacher = teacher_of(loopback)
    before = look(store, teacher).forecast(Price(input=2.0, output=8.0))
    assert (before.calls, before.completion_tokens, before.most_completion_tokens) == (12, 3600, 3600)
    assert before.cost == pytest.approx((before.prompt_tokens * 2 + 3600 * 8) / 1e6)
    assert look(store, teacher).forecast(None).cost is None
    assert loopback.requests == []
    think(store, teacher)
    store.add_corpus("tiny", "all", [*SAMPLES, Sample.from_text("one more")], replace=True)
    after = look(store, teacher).forecast(None)
    assert (after.calls, after.most_completion_tokens) == (2, 600)
    assert after.completion_tokens < 20  # as long as answers were so far


def test_prices_are_of_a_table_that_users_name(loopback: Loopback, tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text('as_of = 2026-01-31\n[models]\n"gpt-test" = { input = 1, output = 2.5 }\n')
    mine = Settings.read(prices=table)
    assert price_of(teacher_of(loopback), mine) == Price(1, 2.5, date(2026, 1, 31))
    assert price_of(teacher_of(loopback, model="gpt-test-2026-01-01"), mine) == Price(1, 2.5, date(2026, 1, 31))
    for other in ("gpt-testing", "gpt-test-32k", "gpt-test-0613"):
        assert price_of(teacher_of(loopback, model=other), mine) is None
    assert price_of(teacher_of(loopback), Settings.read()) is None
    known = price_of(teacher_of(loopback, model="gpt-4o-mini-2024-07-18"), Settings.read())
    assert known
    assert (known.input, known.output) == (0.15, 0.6)
    assert known.in_batch().input == 0.075


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("as_of = 2026-01-31\n[models]\nx = { input = -1, output = 1 }", r"models\.x\.input = -1: "),
        ("as_of = 2026-01-31\n[models]\nx = { input = nan, output = 1 }", r"models\.x\.input"),
        ("[models]", "as_of"),
        ("[models", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_a_table_that_is_none_is_refused_by_name(
    loopback: Loopback, tmp_path: Path, content: str | None, complaint: str
) -> None:
    table = tmp_path / "prices.toml"
    if content is not None:
        table.write_text(content)
    with pytest.raises(BadInput, match=rf"prices\.toml.*{complaint}"):
        price_of(teacher_of(loopback), Settings.read(prices=table))


def test_the_embedded_teacher_costs_nothing(smollm2: Teacher) -> None:
    assert price_of(smollm2, Settings.read()) == FREE


# The Batch API's way


def result(request: dict[str, Any], text: str = "It is a photo.", **changes: Any) -> str:
    """A line of results, as OpenAI writes it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-test", "choices": [choice], "usage": usage}
    line = {
        "id": "r1",
        "custom_id": request["custom_id"],
        "response": {"status_code": 200, "body": body},
        "error": None,
    }
    return json.dumps({**line, **changes}) + "\n"


def written(store: Store, teacher: Teacher, path: Path) -> list[dict[str, Any]]:
    with BatchRequests(teacher, path) as requests:
        tally = think(store, teacher, requests)
    assert (tally.requests, tally.done) == (0, 0)
    return [json.loads(line) for file in requests.files for line in file.read_text().splitlines()]


def test_a_dialogue_takes_a_round_of_files_for_each_grain(store: Store, loopback: Loopback, tmp_path: Path) -> None:
    teacher = teacher_of(loopback)
    rounds = []
    for number in range(4):
        requests = written(store, teacher, tmp_path / f"round-{number}.jsonl")
        rounds.append(len(requests))
        results = tmp_path / f"results-{number}.jsonl"
        results.write_text("".join(result(request) for request in reversed(requests)))
        tally = think(store, teacher, BatchResults(teacher, results))
        assert tally.answered == len(requests)
    assert rounds == [5, 5, 2, 0]
    assert loopback.requests == []
    assert look(store, teacher).missing == 0
    (thought,) = store.knowledge(PLAIN[0].id, grain="noun")
    assert (thought.text, thought.maker.completion_tokens) == ("It is a photo.", 5)


def test_a_request_is_as_openai_wants_it(store: Store, loopback: Loopback, tmp_path: Path) -> None:
    requests = written(store, teacher_of(loopback, "local"), tmp_path / "f.jsonl")
    assert len(requests) == len({request["custom_id"] for request in requests}) == 12
    first = requests[0]
    assert (first["method"], first["url"]) == ("POST", "/v1/chat/completions")
    assert set(first["body"]) == {"model", "messages", "temperature", "max_tokens"}


def test_samples_that_ask_the_same_are_one_line(store: Store, loopback: Loopback, tmp_path: Path) -> None:
    twins = [Sample.from_text("the same words", image=name) for name in "ab"]
    store.add_corpus("tiny", "all", twins, replace=True)
    assert len(written(store, teacher_of(loopback, "local"), tmp_path / "f.jsonl")) == 2


def test_requests_that_do_not_fit_into_one_file_go_into_numbered_ones(
    store: Store, loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_LINES == 50_000
    monkeypatch.setattr("core.asking.batch.MOST_LINES", 5)
    assert len(written(store, teacher_of(loopback, "local"), tmp_path / "f.jsonl")) == 12
    lines = {path.name: len(path.read_text().splitlines()) for path in sorted(tmp_path.glob("f*.jsonl"))}
    assert lines == {"f-2.jsonl": 5, "f-3.jsonl": 2, "f.jsonl": 5}
    monkeypatch.setattr("core.asking.batch.MOST_BYTES", 2000)
    written(store, teacher_of(loopback, "local"), tmp_path / "g.jsonl")
    assert len(list(tmp_path.glob("g*.jsonl"))) > 3
    assert all(path.stat().st_size <= 2000 for path in tmp_path.glob("g*.jsonl"))


def test_error_lines_are_counted_by_reason_and_written_again(store: Store, loopback: Loopback, tmp_path: Path) -> None:
    teacher = teacher_of(loopback, "local")
    requests = written(store, teacher, tmp_path / "f.jsonl")
    results = tmp_path / "results.jsonl"
    busy = {"status_code": 429, "body": {"error": {"message": "rate limited"}}}
    results.write_text(
        result(requests[0], response=busy)
        + result(requests[1], response=None, error={"code": "batch_expired", "message": "too late"})
        + result(requests[2], text="")
        + result({"custom_id": "somebody-else"})
        + "".join(result(request) for request in requests[4:])
    )
    lines = BatchResults(teacher, results)
    tally = think(store, teacher, lines)
    assert sorted(failure.reason for failure in tally.failures) == ["empty", "overloaded", "server error"]
    assert (tally.answered, tally.planned - tally.done, tally.stopped) == (8, 1, None)
    assert lines.unknown(store) == ["somebody-else"]
    assert {request["custom_id"] for request in written(store, teacher, tmp_path / "g.jsonl")} == {
        request["custom_id"] for request in requests[:4]
    }
    with sqlite3.connect(tmp_path / "workspace" / "workspace.db") as db:
        (kept,) = db.execute("SELECT count(*) FROM attempts").fetchone()
        again = BatchResults(teacher, results)  # the same file once more changes nothing
        assert len(think(store, teacher, again).failures) == 3
        assert db.execute("SELECT count(*) FROM attempts").fetchone() == (kept,) == (11,)
    assert again.unknown(store) == ["somebody-else"]


def test_a_cut_answer_is_written_once_more_in_fewer_words(store: Store, loopback: Loopback, tmp_path: Path) -> None:
    teacher = teacher_of(loopback, "local")
    requests = written(store, teacher, tmp_path / "f.jsonl")
    results = tmp_path / "results.jsonl"
    results.write_text("".join(result(each).replace('"stop"', '"length"') for each in requests))
    assert {failure.reason for failure in think(store, teacher, BatchResults(teacher, results)).failures} == {"length"}
    smaller = written(store, teacher, tmp_path / "g.jsonl")
    assert all("Answer in at most" in request["body"]["messages"][-1]["content"] for request in smaller)
    results.write_text("".join(result(each) for each in smaller))
    lines = BatchResults(teacher, results)
    assert think(store, teacher, lines).answered == 12
    assert BatchResults(teacher, results).unknown(store) == []


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"custom_id": 3}', "null", "[" * 5000, '{"custom_id": "a", "response": 3}']
)
def test_a_file_of_something_else_is_refused_at_its_line(loopback: Loopback, tmp_path: Path, line: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(BadInput, match=r"results\.jsonl:2: is no result"):
        BatchResults(teacher_of(loopback), path)


def test_a_batch_that_fails_leaves_no_file(
    store: Store, loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(key: str) -> None:
        if len(out.files) and out.lines == 3:
            raise StoreError("the disk is gone")

    teacher = teacher_of(loopback)
    (tmp_path / "file").touch()
    for place, problem in ((tmp_path / "file" / "f.jsonl", "cannot be written"), (tmp_path, "is a folder")):
        with pytest.raises(BadInput, match=problem), BatchRequests(teacher, place) as out:
            think(store, teacher, out)
    monkeypatch.setattr(store.attempts, "latest", broken)
    with pytest.raises(StoreError), BatchRequests(teacher, tmp_path / "f.jsonl") as out:
        think(store, teacher, out)
    assert list(tmp_path.glob("*.jsonl")) == []


def test_an_earlier_rounds_further_files_are_not_left_to_be_uploaded_again(loopback: Loopback, tmp_path: Path) -> None:
    (tmp_path / "f-2.jsonl").touch()
    with pytest.raises(BadInput, match=r"f-2\.jsonl is of an earlier round"):
        BatchRequests(teacher_of(loopback), tmp_path / "f.jsonl")


def test_the_records_of_many_samples_come_in_one_look(store: Store, loopback: Loopback) -> None:
    think(store, teacher_of(loopback))
    work = look(store, teacher_of(loopback))
    documents = store.bulk.documents(Knowledge, work.kept)
    assert [document["id"] for document in documents] == work.kept
    assert [document["grain"] for document in documents[:3]] == ["noun", "sentence", "multimodality"]
