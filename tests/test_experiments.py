"""Tables of experiments: what a file expands to, what is refused, what a report says, and a real one run."""

import json
import multiprocessing
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from core.cli import app
from core.errors import BadInput
from core.experiments import report, results, tables
from core.experiments.report import markdown
from core.experiments.run import Standing, run
from core.experiments.tables import PROBLEM, Table, Training, find
from core.training.folder import at_work
from tests import tiny

ROOT = Path(__file__).parent.parent

BASE = """
title = "A table"
[sources]
"captions.txt" = "good captions"
[base]
epochs = 2
[base.student]
max_length = 64
[base.train]
path = "train.txt"
captions = "captions.txt"
knowledge = "knowledge.txt"
[base.dev]
path = "dev.txt"
[base.test.one]
path = "one.txt"
"""

TWO_ROWS = (
    BASE
    + """
[[rows]]
name = "Row A"
seeds = [1, 2, 3]
paper = { one = 87.5 }
paper_label = "BERT-base, ChatGPT"
[[rows]]
name = "+B"
[rows.change]
epochs = 5
student.generator = "bare"
train.knowledge = ""
"""
)


def table(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text)
    return file


def trainings(file: Path, home: Path) -> list[Training]:
    return Table.read(file).trainings(home)


def rows(*rows: str) -> str:
    """A table whose rows are given by name and what follows it."""
    return BASE + "".join(f"\n[[rows]]\nname = {row}\n" for row in rows)


# What a file expands to


def test_every_row_with_every_seed_is_a_training_in_a_folder_of_its_own(tmp_path: Path) -> None:
    found = trainings(table(tmp_path, TWO_ROWS), tmp_path / "home")
    assert [(each.row.name, each.seed, each.config.seed) for each in found] == [
        ("Row A", 1, 1),
        ("Row A", 2, 2),
        ("Row A", 3, 3),
        ("+B", 1, 1),
    ]
    assert [each.folder.relative_to(tmp_path).as_posix() for each in found] == [
        "home/mine/row-a-seed1",
        "home/mine/row-a-seed2",
        "home/mine/row-a-seed3",
        "home/mine/b-seed1",
    ]


def test_a_change_is_laid_over_the_base_and_leaves_the_rest_of_it(tmp_path: Path) -> None:
    a, b = (trainings(table(tmp_path, TWO_ROWS), tmp_path)[at].config for at in (0, 3))
    assert (a.epochs, a.student.generator, a.train.knowledge) == (2, "conditional", Path("knowledge.txt"))
    assert (b.epochs, b.student.generator, b.train.knowledge) == (5, "bare", None)
    assert (b.student.max_length, b.train.captions, b.test) == (64, Path("captions.txt"), a.test)


def test_a_value_can_be_the_seed_so_that_each_draws_samples_of_its_own(tmp_path: Path) -> None:
    text = BASE + '[[rows]]\nname = "A"\nseeds = [4, 5]\n[rows.change]\ntrain = { limit = 9, draw = "{seed}" }\n'
    drawn = [training.config.train.draw for training in trainings(table(tmp_path, text), tmp_path)]
    assert drawn == [4, 5]


def test_a_row_can_take_a_test_set_away_and_bring_another(tmp_path: Path) -> None:
    text = rows('"A"\n[rows.change.test]\none = ""\ntwo = { path = "two.txt" }')
    (found,) = trainings(table(tmp_path, text), tmp_path)
    assert list(found.config.test) == ["two"]


def test_a_teacher_is_the_folder_of_its_rows_run_with_the_same_seed_and_comes_first(tmp_path: Path) -> None:
    text = rows(
        '"Student"\nseeds = [1, 2]\nchange = { teacher = "{row:+ Teacher}" }', '"+ Teacher"\nseeds = [2, 1]', '"Other"'
    )
    found = trainings(table(tmp_path, text), tmp_path)
    assert [f"{each.row.name} {each.seed}" for each in found] == [
        "+ Teacher 1",
        "Student 1",
        "+ Teacher 2",
        "Student 2",
        "Other 1",
    ]
    assert found[1].config.teacher == Path("../teacher-seed1")
    assert found[3].config.teacher == Path("../teacher-seed2")
    assert found[0].config.teacher is None


# What is refused


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = = 3", ["is not TOML"]),
        (TWO_ROWS.replace("title", "titel"), ["titel = 'A table'"]),
        (TWO_ROWS.replace("seeds", "seed", 1), ["rows.0.seed = [1, 2, 3]"]),
        (TWO_ROWS.replace("[1, 2, 3]", '["x"]'), ["rows.0.seeds.0 = 'x'"]),
        (TWO_ROWS.replace("[1, 2, 3]", "[]"), ["rows.0.seeds = []"]),
        (BASE, ["rows: Field required"]),
        (rows('"A"', '"+a"'), ["'A'", "'+a'", "folder 'a'"]),
        (rows('"++"'), ["'++'", "a letter or a digit"]),
    ],
)
def test_a_broken_table_is_refused_naming_field_and_value(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(BadInput) as refusal:
        Table.read(table(tmp_path, text))
    for word in ["mine.toml", *words]:
        assert word in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("epochs = 0", ["epochs = 0"]),
        ("epocs = 3", ["epocs = 3"]),
        ("student.max_length = 9999", ["student.max_length = 9999"]),
        ('test.one.format = "nope"', ["test.one.format = 'nope'"]),
        ('test.one.captions = ""', ["test.one.captions = ''", "no such field"]),
        ("seed = 4", ["seed = 4", "`seeds`"]),
        ('teacher = "{row:C}"', ["no row is called 'C'", "A, B"]),
        ('teacher = "{row:B}"', ["teacher = '{row:B}'", "no seed 1"]),
        ('teacher = "{row:A}"', ["A ← A", "circle"]),
    ],
)
def test_a_row_that_is_no_training_is_refused_naming_row_field_and_value(
    tmp_path: Path, change: str, words: list[str]
) -> None:
    file = table(tmp_path, rows(f'"A"\n[rows.change]\n{change}', '"B"\nseeds = [7]'))
    with pytest.raises(BadInput) as refusal:
        trainings(file, tmp_path)
    for word in ["mine.toml", *words]:
        assert word in str(refusal.value)


def test_teachers_in_a_circle_are_refused(tmp_path: Path) -> None:
    file = table(tmp_path, rows('"A"\nchange = { teacher = "{row:B}" }', '"B"\nchange = { teacher = "{row:A}" }'))
    with pytest.raises(BadInput, match="A ← B ← A is a circle"):
        trainings(file, tmp_path)


def test_a_number_of_the_paper_on_a_test_set_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"row 'A': paper\.three.*there are: one"):
        trainings(table(tmp_path, rows('"A"\npaper = { three = 80.0 }')), tmp_path)


# The tables that come with the project


@pytest.mark.parametrize("file", tables(), ids=lambda file: file.stem)
def test_a_shipped_table_is_whole(file: Path, tmp_path: Path) -> None:
    found = trainings(file, tmp_path)
    assert len({each.folder for each in found}) == len(found)
    paths = [str(value) for each in found for value in each.config.train.model_dump().values() if value]
    assert tomllib.loads(file.read_text())["sources"].keys() <= set(paths)
    assert all(row.paper_label for row in Table.read(file).rows if row.paper)
    assert all(run.published for row in results(file, tmp_path).rows for run in row.runs if run.state != "not run")
    assert find(file.stem) == file


def test_a_grid_is_a_table_of_samples_by_variants(tmp_path: Path) -> None:
    found = {file.stem: results(file, tmp_path) for file in tables()}
    assert [name for name, table in found.items() if table.is_grid] == ["lowdata"]
    assert {(row.samples, row.times) for row in found["lowdata"].rows} == {
        (samples, times) for samples in (50, 100, 200, 400) for times in (0, 1, 2, 4)
    }


def test_tables_are_listed_and_reported_without_the_heavy_parts(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.experiments import results, tables\n"
        f"for file in tables(): results(file, Path({str(tmp_path)!r}))\n"
        "print('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "False"


# What a report says


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
    assert "is no result of a training" in (row.runs[0].problem or "")
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


# A table that is really run


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


def test_a_test_set_that_came_later_is_scored_without_training_anew(root: Path, tmp_path: Path) -> None:
    file = table(tmp_path, frozen(root))
    run(file, root, tmp_path, lambda _: None, only=["+CoT"])
    weights = (tmp_path / "mine/cot-seed1/student.safetensors").stat().st_mtime_ns
    file.write_text(file.read_text() + '[base.test.more]\npath = "train.txt"\n')
    assert results(file, tmp_path).rows[2].runs[0].state == "not run"
    assert run(file, root, tmp_path, lambda _: None, only=["+CoT"]) == []
    assert results(file, tmp_path).rows[2].tests.keys() == {"dev", "more"}
    assert (tmp_path / "mine/cot-seed1/student.safetensors").stat().st_mtime_ns == weights


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


# The command


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
        (["twitter2017", "--report", "--markdown", "/no/such/folder/a.md"], ["/no/such/folder/a.md"]),
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
