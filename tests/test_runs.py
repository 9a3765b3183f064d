"""Trainings read from disk: whole, half written, repeated, broken, and while they run."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.cli import app
from core.runs import POINTS, Difference, Run, differences, runs, summary
from core.training.folder import CONFIG, LOCK, METRICS, RESULT
from tests.trainings import add, result, running, score, scored, steps, write


def only(home: Path) -> Run:
    (run,) = runs(home)
    return run


def test_a_finished_training_has_settings_curves_and_scores(tmp_path):
    lines = [*steps(10), scored(12, 1, 70.5, 71.5), *steps(20, epoch=2), scored(24, 2, 81.5, 82.5)]
    write(tmp_path / "students/mine", lines, result(80.25, 82.75, PER=90.0))
    run = only(tmp_path)
    assert (run.name, run.state, run.problem) == ("students/mine", "finished", None)
    assert run.setting("student.encoder") == "minilm"
    assert [(point.step, point.epoch, point.values["loss"]) for point in run.points] == [(10, 1, 0.5), (20, 2, 0.5)]
    assert [dict(point.values) for point in run.dev] == [
        {"without_knowledge": 70.5, "with_knowledge": 71.5},
        {"without_knowledge": 81.5, "with_knowledge": 82.5},
    ]
    assert (run.best_epoch, run.best_dev_f1, run.seconds_left) == (2, 81.5, None)
    assert run.tests["tweets"]["without_knowledge"].f1 == 80.25
    assert run.tests["tweets"]["with_knowledge"].by_type["PER"].f1 == 90.0


def test_a_training_runs_while_its_lock_is_held(tmp_path):
    folder = write(tmp_path / "mine", steps(10))
    with running(folder):
        assert only(tmp_path).state == "running"
    assert only(tmp_path).state == "stopped"


def test_asking_for_the_state_leaves_the_lock_to_the_training(tmp_path):
    folder = write(tmp_path / "mine")
    (folder / LOCK).touch()
    assert only(tmp_path).state == "stopped"
    with running(folder):
        assert only(tmp_path).state == "running"


def test_a_last_line_that_is_half_written_waits_for_its_other_half(tmp_path):
    folder = write(tmp_path / "mine", steps(10))
    line = json.dumps(steps(20)[0])
    with (folder / METRICS).open("a") as metrics:
        metrics.write(line[:30])
    run = only(tmp_path)
    assert [point.step for point in run.points] == [10]
    assert run.problem is None
    with (folder / METRICS).open("a") as metrics:
        metrics.write(line[30:] + "\n")
    assert [point.step for point in only(tmp_path).points] == [10, 20]


def test_of_a_step_that_a_resumed_training_repeats_the_last_line_counts(tmp_path):
    before = [*steps(10, 20, loss=9.0), scored(24, 1, 1.0, 1.0), *steps(30, epoch=2, loss=9.0)]
    again = [*steps(20, loss=0.7), scored(24, 1, 80.0, 81.0)]
    write(tmp_path / "mine", [*before, *again])
    run = only(tmp_path)
    assert [(point.step, point.values["loss"]) for point in run.points] == [(10, 9.0), (20, 0.7), (30, 9.0)]
    assert [point.values["with_knowledge"] for point in run.dev] == [81.0]
    assert run.step == 24


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (CONFIG, b"[1, 2", "training.json is no JSON"),
        (CONFIG, b"[1, 2]", "training.json holds no JSON object"),
        (CONFIG, b"\xff\xfe", "training.json is no JSON"),
        (CONFIG, b"[" * 100_000, "training.json is no JSON"),
        (METRICS, b'{"step": 1}\nnonsense\n"words"\n', "metrics.jsonl: broken lines left out: 2"),
        (RESULT, b"{", "result.json is no JSON"),
        (RESULT, b"{}", "result.json: best_epoch"),
        (RESULT, json.dumps({**result(80, 82), "tests": {"tweets": {"sideways": score(80)}}}).encode(), "sideways"),
    ],
)
def test_a_broken_file_is_the_problem_of_its_training_alone(tmp_path, name, content, problem):
    write(tmp_path / "fine", steps(10), result(80, 82))
    (write(tmp_path / "broken", steps(10), result(80, 82)) / name).write_bytes(content)
    found = {run.name: run for run in runs(tmp_path)}
    assert problem in found["broken"].problem
    assert found["fine"].problem is None


def test_a_file_that_is_a_folder_is_a_problem_as_well(tmp_path):
    folder = write(tmp_path / "mine", [])
    (folder / METRICS).unlink()
    (folder / METRICS).mkdir()
    assert METRICS in only(tmp_path).problem


def test_what_is_no_finite_number_leaves_a_gap(tmp_path):
    odd = [float("nan"), float("inf"), "0.5", None, True, [1], 10**400]
    lines = [steps(10 * number, loss=value)[0] for number, value in enumerate(odd, start=1)]
    write(tmp_path / "mine", [*lines, {"step": "no", "epoch": 1, "loss": 1}, {"dev": 3, "step": 5, "epoch": 1}])
    run = only(tmp_path)
    assert len(run.points) >= len(odd) - 1  # a number of 400 digits is no JSON to every reader
    assert all("loss" not in point.values and point.values["nll"] == 0.3 for point in run.points)
    assert run.dev == ()


@pytest.mark.parametrize(
    ("changes", "view", "epoch"),
    [
        ({"alpha": 1.0}, "without_knowledge", 1),
        ({"alpha": 0}, "with_knowledge", 2),
        ({"alpha": 0, "nll_student_weight": 0.5}, "without_knowledge", 1),
    ],
)
def test_before_the_end_the_best_epoch_is_told_by_the_view_that_is_trained(tmp_path, changes, view, epoch):
    write(tmp_path / "mine", [scored(10, 1, 80.0, 70.0), scored(20, 2, 60.0, 90.0)], **changes)
    run = only(tmp_path)
    assert (run.chosen_by, run.best_epoch) == (view, epoch)
    assert run.best_dev_f1 == max(point.values[view] for point in run.dev)


def test_the_time_left_follows_from_the_first_epochs_length_and_the_latest_pace(tmp_path):
    folder = write(tmp_path / "mine", steps(10))
    with running(folder):
        assert only(tmp_path).seconds_left is None
        add(folder, [scored(12, 1, 70, 71), *steps(20, epoch=2, seconds_a_step=3.0)])
        assert only(tmp_path).seconds_left == pytest.approx((3 * 12 - 20) * 3.0)
    assert only(tmp_path).seconds_left is None


def test_a_long_training_is_thinned_to_means_of_neighbours(tmp_path):
    write(tmp_path / "mine", [steps(step, loss=float(step))[0] for step in range(1, 10 * POINTS + 1)])
    points = only(tmp_path).points
    assert len(points) == POINTS
    assert [point.step for point in points] == list(range(10, 10 * POINTS + 1, 10))
    assert all(point.values["loss"] == pytest.approx(point.step - 4.5) for point in points)


def test_trainings_are_found_at_any_depth_but_not_inside_each_other(tmp_path):
    write(tmp_path / "students/a")
    write(tmp_path / "experiments/table/row-seed1")
    write(tmp_path / "experiments/table/row-seed1/inner")
    (tmp_path / "experiments/table/loop").symlink_to(tmp_path)
    assert {run.name for run in runs(tmp_path)} == {"students/a", "experiments/table/row-seed1"}
    assert [run.name for run in runs(tmp_path / "students/a")] == ["a"]
    assert runs(tmp_path / "nowhere") == []


def test_running_trainings_come_first_then_the_latest(tmp_path):
    for name, year in (("old", 2024), ("new", 2025)):
        write(tmp_path / name, [{"step": 10, "epoch": 1, "at": f"{year}-01-01T00:00:00+00:00"}])
    with running(write(tmp_path / "now", [{"step": 10, "epoch": 1, "at": "2020-01-01T00:00:00"}])):
        found = runs(tmp_path)
    assert [run.name for run in found] == ["now", "new", "old"]
    assert found[0].seen == datetime(2020, 1, 1, tzinfo=UTC)


def test_differences_have_dotted_names_and_both_values():
    a = {"seed": 1, "student": {"encoder": "minilm", "head": "linear"}, "test": {"x": {"path": "x.txt"}}}
    b = {"seed": 2, "student": {"encoder": "minilm", "head": "crf"}, "alpha": 0.5}
    assert differences(a, b) == [
        Difference("seed", 1, 2),
        Difference("student.head", "linear", "crf"),
        Difference("test.x.path", "x.txt", None),
        Difference("alpha", None, 0.5),
    ]
    assert differences(a, a) == []


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ({"captions": "c.txt", "knowledge": "k.txt"}, "captions + knowledge"),
        ({"captions": "c.txt", "knowledge": None}, "captions"),
        ({"captions": None}, "none"),
        ({"format": "jsonl", "without": ["caption", "noun"]}, "captions + knowledge without caption, noun"),
        ("nonsense", ""),
        (None, ""),
    ],
)
def test_a_summary_says_what_the_knowledge_view_holds(train, words):
    assert summary({"train": train})["knowledge"] == words


def test_a_folder_whose_name_is_no_text_is_listed_by_what_can_be_said_of_it(tmp_path):
    write(tmp_path / os.fsdecode(b"caf\xe9"), [])
    assert [run.name for run in runs(tmp_path)] == ["caf\\xe9"]


def test_what_training_writes_is_what_is_read(student):
    run = only(student)
    assert (run.state, run.problem) == ("finished", None)
    assert {"loss", "nll", "cpd", "nll_student", "seconds_a_step", "tokens_a_second"} <= run.points[-1].values.keys()
    assert run.best_dev_f1 == max(point.values["without_knowledge"] for point in run.dev)
    assert summary(run.config)["generator"] == "conditional"


def test_a_killed_training_says_the_best_that_it_had(student, tmp_path):
    shutil.copytree(student, tmp_path / "killed")
    (tmp_path / "killed" / RESULT).unlink()
    whole, killed = only(student), only(tmp_path)
    assert killed.state == "stopped"
    assert (killed.chosen_by, killed.best_epoch, killed.best_dev_f1) == (
        whole.chosen_by,
        whole.best_epoch,
        whole.best_dev_f1,
    )


def test_trainings_are_read_without_loading_a_model():
    code = (
        "import sys, core.runs; print([name for name in ('torch', 'transformers', 'seqeval') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_the_door_lists_trainings_for_people_and_machines(tmp_path):
    write(tmp_path / "students/mine", [scored(12, 1, 81.5, 82.5)], result(80.25, 82.75))
    write(tmp_path / "students/bad\x1b[31m", [scored(12, 1, 70.0, 71.0)])
    told = CliRunner().invoke(app, ["runs", "--home", str(tmp_path)])
    assert told.exit_code == 0
    assert "\x1b" not in told.stdout
    assert "students/mine  dev 81.50 (epoch 2)  tweets 80.25 / 82.75" in told.stdout
    found = json.loads(CliRunner().invoke(app, ["runs", "--home", str(tmp_path), "--json"]).stdout)
    mine = next(run for run in found["runs"] if run["name"] == "students/mine")
    assert (mine["state"], mine["best_dev_f1"], mine["encoder"]) == ("finished", 81.5, "minilm")
    assert mine["test_f1"] == {"tweets": {"without_knowledge": 80.25, "with_knowledge": 82.75}}


def test_the_door_refuses_a_folder_that_is_not_there(tmp_path):
    told = CliRunner().invoke(app, ["runs", "--home", str(tmp_path / "nowhere")])
    assert told.exit_code == 2
    assert "nowhere" in told.stderr
