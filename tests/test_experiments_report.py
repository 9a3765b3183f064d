"""What a table says of its runs: means, states, costs, and nothing that was not run."""

import json
from pathlib import Path

import pytest

from core.experiments import report, results, tables
from core.experiments.report import markdown
from core.experiments.tables import Training
from core.training.folder import at_work
from tests.experiment_tables import BASE, TWO_ROWS, rows, table, trainings


def finish(training: Training, f1: float, dev: float = 80.0) -> None:
    """What a trainer leaves behind."""
    training.folder.mkdir(parents=True)
    (training.folder / "training.json").write_text(training.config.model_dump_json())
    scores = {"precision": 1.0, "recall": 1.0, "support": 9}
    views = {"without_knowledge": {"f1": f1, **scores}, "with_knowledge": {"f1": f1 + 2, **scores}}
    result = {
        "best_epoch": 2,
        "best_dev_f1": dev,
        "chosen_by": "without_knowledge",
        "seconds": 100.0 + training.seed,
        "precision": "fp32",
        "peak_memory_gb": 1.0 + training.seed,
        "tests": {"one": views},
    }
    (training.folder / "result.json").write_text(json.dumps(result))


def test_what_is_published_is_of_the_tables_as_they_are_now() -> None:
    for file in tables():
        done = {training.folder for training in trainings(file, report.FOLDER) if training.done}
        assert {path.parent for path in (report.FOLDER / file.stem).glob("*/result.json")} == done
        assert {run.state for row in results(file, Path("nowhere")).rows for run in row.runs} <= {"done", "not run"}


def test_a_broken_result_is_told_and_hides_no_other(tmp_path: Path) -> None:
    file = table(tmp_path, TWO_ROWS)
    first, second, *_ = trainings(file, tmp_path)
    finish(first, 70.0)
    finish(second, 80.0)
    (first.folder / "result.json").write_text("{}")
    row, _ = results(file, tmp_path).rows
    assert [run.state for run in row.runs] == ["failed", "done", "not run"]
    assert "is no result of a training (best_epoch: Field required)" in (row.runs[0].problem or "")
    assert row.tests["one"]["without_knowledge"].mean == 80


def test_a_run_that_goes_on_says_so(tmp_path: Path) -> None:
    file = table(tmp_path, TWO_ROWS)
    with at_work(trainings(file, tmp_path)[0].folder):
        row, _ = results(file, tmp_path).rows
    assert [run.state for run in row.runs] == ["running", "not run", "not run"]


def test_a_student_of_text_alone_has_one_score(tmp_path: Path) -> None:
    text = BASE.replace('captions = "captions.txt"\nknowledge = "knowledge.txt"\n', "") + '[[rows]]\nname = "A"\n'
    file = table(tmp_path, text)
    (training,) = trainings(file, tmp_path)
    finish(training, 70.0)
    (row,) = results(file, tmp_path).rows
    assert (row.source, row.view, row.tests["one"].keys()) == ("text alone", "without_knowledge", {"without_knowledge"})


def test_a_run_that_was_published_stands_in_for_one_that_is_not_done_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, home = tmp_path / "shipped", tmp_path / "home"
    monkeypatch.setattr(report, "FOLDER", shipped)
    file = table(tmp_path, TWO_ROWS)
    for training in trainings(file, shipped)[:2]:
        finish(training, 70.0)
    finish(trainings(file, home)[1], 90.0)
    row, other = results(file, home).rows
    assert [(run.state, run.published) for run in row.runs] == [("done", True), ("done", False), ("not run", False)]
    assert row.tests["one"]["without_knowledge"].mean == 80
    assert "1 (published), 2, 3" in markdown(results(file, home))
    assert [run.state for run in other.runs] == ["not run"]


def test_a_row_of_several_seeds_has_a_mean_and_a_sample_standard_deviation(tmp_path: Path) -> None:
    file = table(tmp_path, TWO_ROWS)
    for training, f1 in zip(trainings(file, tmp_path)[:3], (80.0, 81.0, 83.5), strict=True):
        finish(training, f1)
    row, _ = results(file, tmp_path).rows
    assert str(row.tests["one"]["without_knowledge"]) == "81.50 ± 1.80 (3)"
    assert row.tests["one"]["with_knowledge"].mean == pytest.approx(83.5)
    assert (row.dev and row.dev.sd, row.view) == (0, "without_knowledge")
    assert [run.peak_memory_gb for run in row.runs] == [2, 3, 4]
    assert (row.encoder, row.source, row.teacher) == ("minilm", "good captions, knowledge.txt", "joint")
    assert (row.paper, row.paper_label) == ({"one": 87.5}, "BERT-base, ChatGPT")


def test_what_was_not_run_has_no_number(tmp_path: Path) -> None:
    file = table(tmp_path, TWO_ROWS)
    finish(trainings(file, tmp_path)[1], 82.8)
    first, second = results(file, tmp_path).rows
    assert [run.state for run in first.runs] == ["not run", "done", "not run"]
    assert str(first.tests["one"]["without_knowledge"]) == "82.80"
    assert (second.dev, second.view, second.tests) == (None, None, {})
    text = markdown(results(file, tmp_path))
    assert "| +B | minilm | good captions | not run |  |  |  |" in text
    assert "| 80.00; seed 1 not run, 3 not run | **82.80** | 84.80 | 87.50 (BERT-base, ChatGPT) |" in text


def test_a_report_names_seeds_cost_and_the_exact_command(tmp_path: Path) -> None:
    file = table(tmp_path, TWO_ROWS)
    for training in trainings(file, tmp_path):
        finish(training, 80.0)
    text = markdown(results(file, tmp_path))
    command = f"python -m core table {file} --data FOLDER --only"
    assert f"| Row A | 1, 2, 3 | joint | 102 | fp32 | 4.00 GB | `{command} 'Row A'` |" in text
    assert f"| +B | 1 | joint | 101 | fp32 | 2.00 GB | `{command} +B` |" in text


def test_a_sign_of_a_name_does_not_break_the_grid(tmp_path: Path) -> None:
    text = markdown(results(table(tmp_path, rows('"a | b"')), tmp_path))
    assert "| a \\| b | minilm |" in text


def test_a_result_of_other_settings_is_not_the_tables(tmp_path: Path) -> None:
    file = table(tmp_path, TWO_ROWS)
    finish(trainings(file, tmp_path)[3], 80.0)
    table(tmp_path, TWO_ROWS.replace("epochs = 5", "epochs = 6"))
    row = results(file, tmp_path).rows[1]
    assert row.dev is None
    assert (row.runs[0].state, row.runs[0].problem is not None) == ("failed", True)
    assert "other settings" in str(row.runs[0].problem)
