"""The teacher as extractor: what it is asked, how its answers score, and that nothing is asked twice."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core import corpora, prompts
from core.cli import app
from core.corpora import Row
from core.domain import Sample
from core.errors import BadInput
from core.evaluation.mre import MNRE_23
from core.extraction.answers import open_answers
from core.extraction.asking import Extractor, ask_all
from core.extraction.labels import label_set, task_of
from core.extraction.parsing import Mention
from core.extraction.scoring import UNKNOWN_TYPE, Report, report
from core.settings import Settings
from core.teachers import Teacher, endpoint
from tests.loopback import Loopback

ROOT = Path(__file__).parent.parent
TYPES = ("LOC", "PER")
TWEETS = """\
IMGID:1
Ada\tB-PER
Lovelace\tI-PER
in\tO
London\tB-LOC

IMGID:2
Bob\tB-PER
sings\tO

IMGID:3
hello\tO

IMGID:4
Ana\tB-PER
and\tO
Paris\tB-LOC

"""
RIGHT = {
    "Ada": '[{"text": "Ada Lovelace", "type": "PER"}, {"text": "London", "type": "LOC"}]',
    "Bob": '[{"text": "Bob", "type": "PER"}]',
    "hello": "[]",
    "Ana": '[{"text": "Ana", "type": "PER"}, {"text": "Paris", "type": "LOC"}]',
}
RELATION = (
    "{{'token': ['Ada', 'in', 'London'], 'h': {{'name': 'Ada', 'pos': [0, 1]}}, "
    "'t': {{'name': 'London', 'pos': [2, 3]}}, 'img_id': '{0}.jpg', 'relation': '{1}'}}\n"
)


def says(answers: dict[str, str]) -> Callable[[dict[str, Any]], str]:
    """A teacher that answers by the first word of the tweet it is asked about, in whichever order it is asked."""
    return lambda request: answers[question(request).partition("Tweet: ")[2].split()[0]]


def question(request: dict[str, Any]) -> str:
    content: str = request["messages"][-1]["content"]
    return content


def mention(text: str, kind: str = "PER") -> Mention:
    return Mention(text=text, type=kind)


@pytest.fixture
def tweets(tmp_path: Path) -> Path:
    path = tmp_path / "tweets.txt"
    path.write_text(TWEETS)
    return path


@pytest.fixture
def rows(tweets: Path) -> list[Row]:
    return corpora.find("twitter").read(tweets)


@pytest.fixture
def teacher(loopback: Loopback) -> Teacher:
    loopback.answer = says(RIGHT)
    return named(loopback)


def named(loopback: Loopback, model: str = "gpt-test", prompt_set: str = "paper") -> Teacher:
    return endpoint.load(Settings.read(teacher_url=loopback.url, teacher_model=model, teacher_prompts=prompt_set))


def extract(teacher: Teacher, rows: list[Row], out: Path, concurrency: int = 2) -> Report:
    extractor = Extractor(teacher, task_of(rows), label_set(rows))
    with open_answers(out) as answers:
        ask_all(extractor, rows, answers, concurrency=concurrency, progress=lambda *_: None)
        return report(extractor, rows, answers)


# The questions


@pytest.mark.parametrize("prompt_set", ["paper", "local"])
def test_both_sets_ask_with_the_tweet_and_the_labels(prompt_set: str) -> None:
    for name in ("extract_entities", "extract_relation"):
        prompt = prompts.load(prompt_set, name)
        asked = prompt.messages(**{place: f"my {place}" for place in prompt.places})[-1]["content"]
        for needed in prompts.PLACES[name].must:
            assert f"my {needed}" in asked


@pytest.mark.parametrize(
    ("name", "asks", "complaint"),
    [
        ("extract_entities", "{text}", r"must have a place for \{text\}, \{types\}"),
        ("extract_entities", "{text} {types} {head}", r"found \{head\}"),
        ("extract_relation", "{text} {head} {relations}", r"\{tail\}"),
        ("noun", "{text} {types}", r"must have a place for \{text\}, and may"),
    ],
)
def test_each_prompt_has_places_of_its_own(tmp_path: Path, name: str, asks: str, complaint: str) -> None:
    (tmp_path / f"{name}.toml").write_text(f'version = 1\nmax_tokens = 9\nquestion = "{asks}"')
    with pytest.raises(BadInput, match=complaint):
        prompts.load(str(tmp_path), name)


# Asking and scoring


def test_right_answers_score_100_whatever_order_they_come_in(
    loopback: Loopback, teacher: Teacher, rows: list[Row], tmp_path: Path
) -> None:
    late = threading.Barrier(4, timeout=20)  # breaks unless all four are asked at once

    def answer(request: dict[str, Any]) -> str:
        if late.wait() == 0:
            time.sleep(0.05)
        return says(RIGHT)(request)

    loopback.answer = answer
    result = extract(teacher, rows, tmp_path / "answers.jsonl", concurrency=4)
    assert (result.scores.f1, result.scores.support) == (100, 5)
    assert (result.counts.asked, result.counts.parsed) == (4, 4)
    assert result.labels == TYPES


def test_an_answer_that_is_not_parsed_is_counted_and_finds_nothing(
    loopback: Loopback, teacher: Teacher, rows: list[Row], tmp_path: Path
) -> None:
    loopback.answer = says({**RIGHT, "Ada": "Ada Lovelace is a person and London a place."})
    result = extract(teacher, rows, tmp_path / "answers.jsonl")
    assert (result.counts.asked, result.counts.parsed, result.counts.unparsed) == (4, 3, 1)
    assert (result.scores.precision, result.scores.recall) == (100, 60)
    statuses = [json.loads(line)["status"] for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert sorted(statuses) == ["parsed"] * 3 + ["unparsed"]


def test_an_answer_that_was_cut_off_is_parsed_as_it_came(
    loopback: Loopback, teacher: Teacher, rows: list[Row], tmp_path: Path
) -> None:
    def answer(request: dict[str, Any]) -> str:
        return f"{says(RIGHT)(request)}\nAs you can see, the first of them is a pers"

    loopback.answer, loopback.fault = answer, "length"
    result = extract(teacher, rows, tmp_path / "answers.jsonl")
    assert (result.counts.parsed, result.counts.unparsed) == (0, 4)
    assert "is a pers" in (tmp_path / "answers.jsonl").read_text()


def test_mentions_without_a_place_lower_precision_and_no_more(
    loopback: Loopback, teacher: Teacher, rows: list[Row], tmp_path: Path
) -> None:
    bob = [mention("Bob"), mention("Bobby"), mention("sings", "VERB"), mention("Bob", "LOC")]
    loopback.answer = says({**RIGHT, "Bob": json.dumps([each.model_dump() for each in bob])})
    result = extract(teacher, rows, tmp_path / "answers.jsonl")
    counts = result.counts
    assert (counts.mentions_not_in_text, counts.mentions_of_unknown_type, counts.mentions_overlapping) == (1, 1, 1)
    assert (result.scores.precision, result.scores.recall) == (62.5, 100)  # 5 of 8, 5 of 5
    assert result.scores.by_type[UNKNOWN_TYPE].support == 0


def test_a_sample_that_stands_twice_is_asked_once_and_scored_twice(
    loopback: Loopback, teacher: Teacher, rows: list[Row], tmp_path: Path
) -> None:
    result = extract(teacher, [rows[0], rows[0]], tmp_path / "answers.jsonl")
    assert (len(loopback.requests), result.counts.asked, result.scores.support) == (1, 2, 4)


def test_the_caption_stands_in_the_question(
    loopback: Loopback, teacher: Teacher, rows: list[Row], tmp_path: Path
) -> None:
    result = extract(teacher, [Row(rows[0].sample, "a woman"), rows[1]], tmp_path / "answers.jsonl", concurrency=1)
    assert "Image: a woman" in question(loopback.requests[0])
    assert "Image: not known" in question(loopback.requests[1])
    assert result.input == "text, 1 captions"


@pytest.mark.parametrize("answer", ["half a pair \ud800", "\x00\x1b[2J", "[" * 5000, "<script>alert(1)</script>"])
def test_a_hostile_answer_is_kept_as_it_is_and_read_again(
    loopback: Loopback, teacher: Teacher, rows: list[Row], tmp_path: Path, answer: str
) -> None:
    loopback.answer = lambda request: answer
    for _ in range(2):
        assert extract(teacher, rows[:1], tmp_path / "answers.jsonl").counts.unparsed == 1
    assert len(loopback.requests) == 1
    assert json.loads((tmp_path / "answers.jsonl").read_text())["answer"] == answer.replace("\ud800", "\ufffd")


def test_unlabelled_or_mixed_samples_are_refused(rows: list[Row]) -> None:
    with pytest.raises(BadInput, match="no labels"):
        task_of([Row(Sample.from_text("hello"))])
    with pytest.raises(BadInput, match="mner and mre"):
        task_of([*rows, Row(Sample.from_text("hello", task="mre"))])
    with pytest.raises(BadInput, match="none"):
        task_of([])


# The file of answers


def test_a_second_run_asks_only_what_is_missing(
    loopback: Loopback, teacher: Teacher, rows: list[Row], tmp_path: Path
) -> None:
    extract(teacher, rows[:2], tmp_path / "answers.jsonl")
    loopback.requests.clear()
    extract(teacher, rows, tmp_path / "answers.jsonl")
    assert sorted(question(each).partition("Tweet: ")[2].split()[0] for each in loopback.requests) == ["Ana", "hello"]
    loopback.requests.clear()
    assert extract(teacher, rows, tmp_path / "answers.jsonl").scores.f1 == 100
    assert loopback.requests == []


def test_another_model_prompt_or_caption_is_asked_anew(
    loopback: Loopback, teacher: Teacher, rows: list[Row], tmp_path: Path
) -> None:
    out, row = tmp_path / "answers.jsonl", rows[0]
    for mind, asked in [
        (teacher, row),
        (named(loopback, model="gpt-other"), row),
        (named(loopback, prompt_set="local"), row),
        (teacher, Row(row.sample, "a woman")),
    ]:
        extract(mind, [asked], out)
    assert len(loopback.requests) == len(out.read_text().splitlines()) == 4


def test_what_the_endpoint_refuses_during_a_run_is_not_asked_again_in_the_next(
    loopback: Loopback, rows: list[Row], tmp_path: Path
) -> None:
    loopback.answer, loopback.fault, loopback.refused = says(RIGHT), "refuse", "temperature"
    for _ in range(2):
        extract(named(loopback), rows, tmp_path / "answers.jsonl", concurrency=1)
    assert len(loopback.requests) == 5  # the first was refused once


@pytest.mark.parametrize("left", [1, 20, 200])
def test_half_a_line_that_a_kill_left_is_asked_again(
    loopback: Loopback, teacher: Teacher, rows: list[Row], tmp_path: Path, left: int
) -> None:
    out = tmp_path / "answers.jsonl"
    extract(teacher, rows, out, concurrency=1)
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:3]) + lines[3][:left])
    loopback.requests.clear()
    assert extract(teacher, rows, out).scores.f1 == 100
    assert len(loopback.requests) == 1
    assert len(out.read_text().splitlines()) == 4


@pytest.mark.parametrize("content", ["IMGID:1\nAda\tB-PER", '{"sample": 1}', "{}\n", "\n"])
def test_a_file_of_something_else_is_refused_and_stays_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(content)
    with pytest.raises(BadInput, match=r"mine\.txt:1: is no answer"), open_answers(path):
        pass
    assert path.read_text() == content


def test_a_file_that_another_run_writes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with open_answers(path), pytest.raises(BadInput, match="another run"), open_answers(path):
        pass


@pytest.mark.parametrize("path", [".", "nowhere/answers.jsonl"])
def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadInput, match="cannot be written"), open_answers(tmp_path / path):
        pass


# The command


@pytest.fixture
def machine(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's environment, with an endpoint."""
    loopback.answer = says(RIGHT)
    monkeypatch.setenv("COTPD_TEACHER_URL", loopback.url)
    monkeypatch.setenv("COTPD_TEACHER_MODEL", "gpt-test")


def core(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["extract", *map(str, arguments)])


@pytest.mark.usefixtures("machine")
def test_extract_answers_with_one_document(tweets: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    result = core("--path", tweets, "--out", out, "--limit", 2, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["scores"]["f1"] == 100
    assert document["counts"] == {
        "asked": 2,
        "parsed": 2,
        "unparsed": 0,
        "failed": 0,
        "mentions_not_in_text": 0,
        "mentions_of_unknown_type": 0,
        "mentions_overlapping": 0,
    }
    line = json.loads(out.read_text().splitlines()[0])
    assert line["maker"]["model"] == "gpt-test"
    assert line["maker"]["prompt_version"] == document["prompt_version"]
    assert line["maker"]["seconds"] > 0
    assert line["maker"]["completion_tokens"] > 0


@pytest.mark.usefixtures("machine")
def test_extract_speaks_to_people_too(tweets: Path, tmp_path: Path) -> None:
    stdout = core("--path", tweets, "--out", tmp_path / "answers.jsonl").stdout
    assert "4 answers parsed, 0 not parsed, 0 failed." in stdout
    assert "P 100.00  R 100.00  F1 100.00" in stdout


@pytest.mark.usefixtures("machine")
def test_relations_are_chosen_from_all_of_mnre_and_those_outside_it_are_not_parsed(
    loopback: Loopback, tmp_path: Path
) -> None:
    path = tmp_path / "relations.txt"
    labels = ["/per/loc/place_of_birth"] * 2 + ["/per/loc/place_of_residence", "None"]
    path.write_text("".join(RELATION.format(*each) for each in enumerate(labels)))
    said = iter(["/per/loc/place_of_birth", "/per/loc/born_in", "/per/loc/place_of_residence", "None"])
    loopback.answer = lambda request: next(said)
    result = core("--format", "mnre", "--path", path, "--out", tmp_path / "answers.jsonl", "--concurrency", 1, "--json")
    document = json.loads(result.stdout)
    assert (document["task"], document["labels"]) == ("mre", sorted(MNRE_23))
    assert (document["counts"]["parsed"], document["counts"]["unparsed"]) == (3, 1)
    assert (document["scores"]["precision"], document["scores"]["recall"]) == (100, 66.67)
    asked = question(loopback.requests[0])
    assert "Head entity: Ada\nTail entity: London" in asked
    assert all(label in asked for label in MNRE_23)


@pytest.mark.usefixtures("machine")
def test_failures_are_counted_told_and_asked_again(loopback: Loopback, tweets: Path, tmp_path: Path) -> None:
    loopback.fault, loopback.status = "status", 429
    command = ["--path", tweets, "--out", tmp_path / "answers.jsonl", "--json"]
    result = core(*command)
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert (document["counts"]["failed"], document["scores"]["recall"]) == (4, 0)
    assert "overloaded" in result.stderr
    loopback.fault = None
    assert json.loads(core(*command).stdout)["scores"]["f1"] == 100


@pytest.mark.usefixtures("machine")
def test_a_refused_key_ends_the_run_at_once(loopback: Loopback, tweets: Path, tmp_path: Path) -> None:
    loopback.fault, loopback.status = "status", 401
    result = core("--path", tweets, "--out", tmp_path / "answers.jsonl", "--concurrency", 1)
    assert result.exit_code == 1
    assert "refused the key" in result.stderr
    assert len(loopback.requests) == 1


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_ended_goes_on_where_it_stopped(
    loopback: Loopback, tweets: Path, tmp_path: Path, end: signal.Signals
) -> None:
    out = tmp_path / "answers.jsonl"
    loopback.pause = 0.05
    loopback.answer = lambda request: says(RIGHT)(request) if len(loopback.requests) < 3 else "word " * 1000
    command = ["--path", tweets, "--out", out, "--concurrency", 1, "--json"]
    running = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "core", "extract", *map(str, command)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    while len(loopback.requests) < 3:
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)
    running.send_signal(end)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == (1 if end is signal.SIGINT else -end)
    if end is signal.SIGINT:
        assert "the same command goes on" in stderr
    assert len(out.read_text().splitlines()) == 2
    loopback.requests.clear()
    loopback.pause, loopback.answer = 0, says(RIGHT)
    assert json.loads(core(*command).stdout)["scores"]["f1"] == 100
    assert len(loopback.requests) == 2
