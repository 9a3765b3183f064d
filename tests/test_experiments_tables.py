"""Tables of experiments as files: what they expand to, and what is refused."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from core.errors import BadInput
from core.experiments import results, tables
from core.experiments.tables import Table, find
from tests.experiment_tables import BASE, ROOT, TWO_ROWS, rows, table, trainings


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


def test_a_file_can_be_the_seeds_own(tmp_path: Path) -> None:
    text = BASE + '[[rows]]\nname = "A"\nseeds = [4, 5]\n[rows.change]\naugment = { path = "of_{seed}.jsonl" }\n'
    augments = [training.config.augment for training in trainings(table(tmp_path, text), tmp_path)]
    assert [augment.path.name for augment in augments if augment] == ["of_4.jsonl", "of_5.jsonl"]


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
        trainings(table(tmp_path, rows('"A"\npaper = { three = 80.0 }\npaper_label = "x"')), tmp_path)


def test_a_number_of_the_paper_says_what_it_is_of(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"paper = \{'one': 80\.0\} needs a paper_label"):
        Table.read(table(tmp_path, rows('"A"\npaper = { one = 80.0 }')))


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
