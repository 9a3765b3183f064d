"""Tables that are really run on a tiny corpus, from Python and by the command."""

import json
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from core.cli import app
from core.errors import BadInput
from core.experiments import results
from core.experiments.run import Standing, run
from core.experiments.tables import PROBLEM
from tests import tiny
from tests.experiment_tables import table


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpora")
    tiny.encoder(root / "encoder")
    tiny.corpus(root)
    return root


def frozen(root: Path) -> str:
    """A row whose teacher is another row, which stands behind it; and one whose corpus is none."""
    files = 'captions = "captions.txt"\nknowledge = "{}.knowledge.txt"\npath = "{}.txt"\n'
    return f"""
title = "A tiny table"
[base]
epochs = 2
batch_size = 8
bf16 = false
encoder_lr = 3e-3
head_lr = 3e-3
[base.student]
encoder = "{root / "encoder"}"
max_length = 64
prompt_length = 4
[base.train]
{files.format("train", "train")}
[base.dev]
{files.format("dev", "dev")}
[base.test.dev]
{files.format("dev", "dev")}
[[rows]]
name = "+CPD"
change = {{ teacher = "{{row:+CoT}}" }}
[[rows]]
name = "broken"
change = {{ train.path = "captions.txt" }}
[[rows]]
name = "+CoT"
change = {{ alpha = 0, student.generator = "bare" }}
"""


def test_a_table_runs_what_is_missing_and_goes_on_after_a_failure(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root))
    seen: list[Standing] = []
    (failure,) = run(file, root, tmp_path, seen.append)
    assert failure.training.row.name == "broken"
    assert "captions.txt" in failure.problem
    assert list(dict.fromkeys(standing.training.row.name for standing in seen)) == ["+CoT", "+CPD", "broken"]
    assert {(standing.done, standing.of) for standing in seen} == {(0, 3), (1, 3), (2, 3)}
    assert [standing.progress.step for standing in seen if standing.done == 0 and standing.progress] == [*range(1, 7)]

    student, broken, teacher = results(file, tmp_path).rows
    assert (student.teacher, teacher.teacher) == ("frozen: +CoT", "none")
    assert (student.view, teacher.view) == ("without_knowledge", "with_knowledge")
    assert student.tests.keys() == teacher.tests.keys() == {"dev"}
    assert (broken.dev, broken.runs[0].state, broken.runs[0].problem) == (None, "failed", failure.problem)

    seen.clear()
    assert [each.training.row.name for each in run(file, root, tmp_path, seen.append)] == ["broken"]
    assert {(standing.training.row.name, standing.done) for standing in seen} == {("broken", 2)}


def test_a_file_that_is_missing_is_told_before_anything_starts(root: Path, tmp_path: Path) -> None:
    text = frozen(root) + '[[rows]]\nname = "varied"\nchange = { augment = { path = "variants/mine.jsonl" } }\n'
    file = table(tmp_path, text)
    seen: list[Standing] = []
    with pytest.raises(BadInput, match=r"not there: .*variants/mine\.jsonl, read by row 'varied'.*--only"):
        run(file, root, tmp_path, seen.append)
    assert (seen, list(tmp_path.glob("mine/*"))) == ([], [])
    done = core(file, "--data", root, "--home", tmp_path, "--only", "varied")
    assert (done.exit_code, "variants/mine.jsonl, read by" in done.stderr) == (2, True)


def test_a_chosen_row_brings_its_teacher_and_no_other(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root))
    assert run(file, root, tmp_path, lambda _: None, only=["+CPD"]) == []
    assert [row.runs[0].state for row in results(file, tmp_path).rows] == ["done", "not run", "done"]
    with pytest.raises(BadInput, match=r"no row is called '\+CDP'; there are: \+CPD, broken, \+CoT"):
        run(file, root, tmp_path, lambda _: None, only=["+CDP"])


def test_a_chosen_row_brings_its_teacher_with_no_other_seed(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root).replace('name = "+CoT"', 'name = "+CoT"\nseeds = [1, 2]'))
    assert run(file, root, tmp_path, lambda _: None, only=["+CPD"]) == []
    assert [run.state for run in results(file, tmp_path).rows[2].runs] == ["done", "not run"]


def test_a_student_of_a_teacher_that_was_trained_anew_is_not_done(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root))
    run(file, root, tmp_path, lambda _: None, only=["+CPD"])
    shutil.rmtree(tmp_path / "mine/cot-seed1")
    file.write_text(file.read_text().replace("alpha = 0,", "alpha = 0, epochs = 1,"))
    (failure,) = run(file, root, tmp_path, lambda _: None, only=["+CPD"])
    assert "cpd-seed1 has a teacher that was trained anew since: delete that folder" in failure.problem
    assert [row.runs[0].state for row in results(file, tmp_path).rows] == ["failed", "not run", "done"]


def test_a_student_whose_start_was_trained_anew_is_not_done(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root))
    file.write_text(file.read_text() + '[[rows]]\nname = "on"\nchange = { start = "../cot-seed1" }\n')
    assert run(file, root, tmp_path, lambda _: None, only=["+CoT"]) == []
    assert run(file, root, tmp_path, lambda _: None, only=["on"]) == []
    begun_with = tmp_path / "mine/cot-seed1/result.json"
    begun_with.write_text(begun_with.read_text().replace('"student": "', '"student": "other '))
    (on,) = (row for row in results(file, tmp_path).rows if row.name == "on")
    assert "on-seed1 has a start that was trained anew since" in on.runs[0].problem


def test_a_test_set_that_came_later_is_scored_without_training_anew(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root))
    run(file, root, tmp_path, lambda _: None, only=["+CoT"])
    weights = (tmp_path / "mine/cot-seed1/student.safetensors").stat().st_mtime_ns
    file.write_text(file.read_text() + '[base.test.more]\npath = "train.txt"\n')
    assert results(file, tmp_path).rows[2].runs[0].state == "not run"
    assert run(file, root, tmp_path, lambda _: None, only=["+CoT"]) == []
    assert results(file, tmp_path).rows[2].tests.keys() == {"dev", "more"}
    assert (tmp_path / "mine/cot-seed1/student.safetensors").stat().st_mtime_ns == weights


def test_a_test_set_that_came_later_with_other_names_is_refused(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root))
    run(file, root, tmp_path, lambda _: None, only=["+CoT"])
    file.write_text(file.read_text() + '[base.test.more]\npath = "train.txt"\nrename = { LOC = "CITY" }\n')
    (failure,) = run(file, root, tmp_path, lambda _: None, only=["+CoT"])
    assert "test.more has 'CITY', which training doesn't: `rename` it" in failure.problem


def test_a_teacher_that_is_missing_is_told_before_anything_starts(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root).replace("{row:+CoT}", "../../elsewhere/cot-seed1"))
    seen: list[Standing] = []
    with pytest.raises(BadInput, match=r"not there: .*/elsewhere/cot-seed1/student\.json, read by row '\+CPD'"):
        run(file, root, tmp_path, seen.append)
    assert seen == []


def test_a_stopped_table_goes_on_where_it_was(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root).replace("epochs = 2", "epochs = 200"))
    seen: list[int] = []

    def stop(standing: Standing) -> None:
        if standing.progress:
            seen.append(standing.progress.step)
            if len(seen) in (5, 6):
                raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(file, root, tmp_path, stop, only=["+CoT"])
    assert seen[:5] == [1, 2, 3, 4, 5]
    assert seen[5] > 5
    assert not list(tmp_path.glob(f"mine/*/{PROBLEM}"))


def test_a_training_whose_process_dies_is_told_like_any_failure(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root))

    def kill(standing: Standing) -> None:
        if standing.progress:
            (worker,) = multiprocessing.active_children()
            worker.kill()

    (failure,) = run(file, root, tmp_path, kill, only=["+CoT"])
    assert "died with status -9" in failure.problem
    assert results(file, tmp_path).rows[2].runs[0].problem == failure.problem


def core(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["table", *map(str, arguments)])


def test_the_command_runs_shows_and_writes_a_table(root: Path, tmp_path: Path) -> None:
    file, home, written = table(tmp_path, frozen(root)), tmp_path / "home", tmp_path / "results.md"
    done = core(file, "--data", root, "--home", home, "--only", "+CoT", "--only", "broken", "--markdown", written)
    assert done.exit_code == 1
    assert "broken, seed 1" in done.stderr
    assert "captions.txt" in done.stderr
    assert done.stdout == written.read_text()
    assert "| broken | " in done.stdout

    shown = core(file, "--home", home, "--report", "--json")
    assert shown.exit_code == 0
    document: dict[str, Any] = json.loads(shown.stdout)
    states = {row["name"]: row["runs"][0]["state"] for row in document["rows"]}
    assert states == {"+CPD": "not run", "broken": "failed", "+CoT": "done"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], ["'nope'", "twitter2017"]),
        (["twitter2017"], ["--data", "COTPD_DATA"]),
        (["twitter2017", "--data", ".", "--only", "nope"], ["'nope'", "+CoT +CPD"]),
        (["twitter2017", "--report", "--markdown", "/dev/null/a.md"], ["/dev/null/a.md"]),
    ],
)
def test_the_command_refuses_in_one_line(
    arguments: list[str], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COTPD_WORKSPACE", str(tmp_path))
    monkeypatch.delenv("COTPD_DATA", raising=False)
    done = core(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    for word in words:
        assert word in line
