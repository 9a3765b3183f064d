"""Knowledge that is too long for a student is summarised once, and the summary stands in its place."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core import corpora
from core.cli import app
from core.domain import Caption, Grain, Knowledge, Maker, Sample
from core.models import Models
from core.settings import Settings
from core.store import Store
from core.stored import stored_row
from core.summaries import too_long
from core.training.config import Split
from core.training.data import read_unlabelled
from core.workbench import Workbench
from tests.loopback import Loopback

BY_HAND = Maker(model="by hand", created=datetime(2026, 1, 1, tzinfo=UTC))
SAMPLE = Sample.from_text("ana goes to paris !")
CAPTION = Caption(sample_id=SAMPLE.id, text="a person and a city", maker=BY_HAND)
SUMMARY = "ana person . paris city ."


def thought(words: int, grain: Grain = "noun", sample: Sample = SAMPLE) -> Knowledge:
    return Knowledge(sample_id=sample.id, grain=grain, text=" ".join(["paris"] * words), maker=BY_HAND)


@pytest.fixture
def bench(tmp_path: Path, models: Models, student: Path, loopback: Loopback) -> Iterator[Workbench]:
    """A workbench whose student reads 128 sub-words."""
    loopback.answer = lambda request: SUMMARY
    settings = Settings.read(
        workspace=tmp_path / "workspace", student=str(student), teacher_url=loopback.url, teacher_model="gpt-test"
    )
    with Store(settings.workspace) as store:
        store.add(SAMPLE, CAPTION)
        yield Workbench(settings, store, models)


def question(request: dict[str, Any]) -> str:
    return str(request["messages"][-1]["content"])


def test_what_fits_is_left_alone(bench: Workbench, loopback: Loopback) -> None:
    thoughts = [thought(40, "noun"), thought(40, "sentence")]
    assert bench.fitting(SAMPLE, CAPTION, thoughts) == thoughts
    assert bench.fitting(SAMPLE, None, []) == []
    assert loopback.requests == []


def test_the_row_that_just_fits_is_not_summarised(bench: Workbench) -> None:
    views = bench.models.student(bench.settings).views
    room = views.room(SAMPLE) - views.length([CAPTION.text])
    assert too_long(views, SAMPLE, CAPTION, [thought(room - 1)]) is None
    assert too_long(views, SAMPLE, CAPTION, [thought(room)]) is not None
    assert len(views.encode(SAMPLE, [CAPTION.text, thought(room - 1).text]).knowledge) == views.max_length


def test_what_is_too_long_is_summarised_once(bench: Workbench, loopback: Loopback) -> None:
    thoughts = [thought(80, "sentence"), thought(81, "noun")]
    (summary,) = bench.fitting(SAMPLE, CAPTION, thoughts)
    assert (summary.grain, summary.text) == ("summary", SUMMARY)
    asked = question(loopback.requests[0])
    assert SAMPLE.text in asked
    assert f"{thoughts[1].text}\n{thoughts[0].text}" in asked  # the noun grain first
    assert summary.maker.parameters["knowledge"] == [thoughts[1].id, thoughts[0].id]
    assert f"at most {summary.maker.parameters['words']} words" in asked
    assert bench.fitting(SAMPLE, CAPTION, thoughts) == [summary]
    assert len(loopback.requests) == 1


def test_a_prediction_names_the_summary_that_it_saw(bench: Workbench) -> None:
    thoughts = [thought(80, "sentence"), thought(81, "noun")]
    prediction = bench.predict_with(SAMPLE, CAPTION, thoughts)
    (summary,) = bench.store.knowledge(SAMPLE.id, grain="summary")
    assert prediction.maker.parameters["caption"] == CAPTION.id
    assert prediction.maker.parameters["knowledge"] == [summary.id]


def test_a_stored_case_has_what_the_student_read_when_it_was_last_asked(bench: Workbench) -> None:
    thoughts = [thought(80, "sentence"), thought(81, "noun")]
    bench.store.add(*thoughts)
    raw = {each.grain: each.text for each in thoughts}
    name = bench.predict_with(SAMPLE, CAPTION, thoughts).maker.model
    assert stored_row(bench.store, SAMPLE, name).knowledge == {"summary": SUMMARY}
    assert stored_row(bench.store, SAMPLE, "another").knowledge == stored_row(bench.store, SAMPLE).knowledge == raw
    bench.predict_with(SAMPLE, CAPTION, [thought(1)])
    assert stored_row(bench.store, SAMPLE, name).knowledge == raw


def test_a_summary_is_no_thought_about_the_sample(bench: Workbench) -> None:
    bench.fitting(SAMPLE, CAPTION, [thought(161)])
    assert bench.store.knowledge(SAMPLE.id) == []
    assert bench.store.bulk.explained([SAMPLE.id]) == {}


@pytest.mark.parametrize("fault", ["status", "filter"])
def test_without_a_summary_the_thoughts_stay_and_it_is_said(
    bench: Workbench, loopback: Loopback, fault: Any, caplog: pytest.LogCaptureFixture
) -> None:
    loopback.fault, loopback.status = fault, 500
    thoughts = [thought(161)]
    assert bench.fitting(SAMPLE, CAPTION, thoughts) == thoughts
    assert bench.predict_with(SAMPLE, CAPTION, thoughts).maker.parameters["knowledge"] == [thoughts[0].id]
    assert "over-long knowledge" in caplog.text


@pytest.fixture
def corpus(bench: Workbench, student: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> list[Sample]:
    """Three samples in the workspace, of which the second and the third have too much knowledge."""
    samples = [Sample.from_text(f"{name} goes to paris !") for name in ("ana", "bob", "carla")]
    made: list[Caption | Knowledge] = []
    for sample, words in zip(samples, (30, 150, 200), strict=True):
        made += [thought(words, "noun", sample), CAPTION.model_copy(update={"sample_id": sample.id})]
    bench.store.add_corpus("tiny", "train", samples, made)
    for name, value in (
        ("WORKSPACE", bench.settings.workspace),
        ("STUDENT", student),
        ("TEACHER_URL", loopback.url),
        ("TEACHER_MODEL", "gpt-test"),
    ):
        monkeypatch.setenv(f"COTPD_{name}", str(value))
    return samples


@pytest.fixture
def trainings(request: pytest.FixtureRequest) -> Path:
    """The folder with a training's TOML file; `corpora` is a module here."""
    folder: Path = request.getfixturevalue("corpora")
    return folder


def fit(path: Path, *more: str, status: int = 0) -> dict[str, Any]:
    arguments = ["fit", "--corpus", "tiny", "--split", "train", "--path", str(path), "--json", *more]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == status, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_corpus_is_written_as_the_student_can_read_it(
    corpus: list[Sample], loopback: Loopback, tmp_path: Path
) -> None:
    report = fit(tmp_path / "train.jsonl")
    assert (report["samples"], report["overlong"], report["summarised"]) == (3, 2, 2)
    rows = corpora.find("jsonl").read(tmp_path / "train.jsonl")
    assert [row.sample for row in rows] == corpus
    assert {row.caption for row in rows} == {CAPTION.text}
    assert [list(row.knowledge) for row in rows] == [["noun"], ["summary"], ["summary"]]
    assert [row.knowledge["summary"] for row in rows[1:]] == [SUMMARY, SUMMARY]
    split = Split(format="jsonl", path=Path("train.jsonl"))
    read = read_unlabelled(split, tmp_path, "mner")
    assert [example.sections for example in read[1:]] == [[CAPTION.text, SUMMARY]] * 2
    fit(tmp_path / "again.jsonl")
    assert len(loopback.requests) == 2
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "train.jsonl").read_bytes()


def test_a_training_to_come_says_how_long_its_rows_are(
    corpus: list[Sample], trainings: Path, loopback: Loopback, tmp_path: Path
) -> None:
    long = (trainings / "train.toml").read_text().replace("max_length = 128", "max_length = 64")
    (tmp_path / "train.toml").write_text(long)
    assert fit(tmp_path / "train.jsonl", "--student", str(tmp_path / "train.toml"))["overlong"] == 2
    assert len(corpus) == 3
    assert all("at most" in question(request) for request in loopback.requests)


def test_a_summary_that_fails_leaves_the_thoughts_and_is_told(
    corpus: list[Sample], loopback: Loopback, tmp_path: Path
) -> None:
    loopback.fault = lambda request: "filter" if "carla" in question(request) else None
    report = fit(tmp_path / "train.jsonl", status=1)
    assert [problem["sample_id"] for problem in report["problems"]] == [corpus[2].id]
    rows = corpora.find("jsonl").read(tmp_path / "train.jsonl")
    assert [list(row.knowledge) for row in rows] == [["noun"], ["summary"], ["noun"]]
