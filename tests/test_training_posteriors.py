"""What a teacher that stands still has said is kept until the training is over, and no longer."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from core.student import files
from core.student.folder import WEIGHTS
from core.training import checkpoint, posteriors, teacher
from core.training.progress import TeacherProgress, Told
from core.training.trainer import Trainer
from tests.tiny import config, trained


@pytest.fixture
def root(corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a tiny encoder, a tiny corpus, and a teacher that labels eight tweets at a time."""
    trained(corpora, tmp_path / "teacher", student={"generator": "bare"}, alpha=0, epochs=1)
    monkeypatch.setattr(teacher, "BATCH_SIZE", 8)
    return corpora


def taught(root: Path, folder: Path) -> Trainer:
    return Trainer(config(root, teacher=folder.parent / "teacher", epochs=1), root, folder)


def listener(said: list[int], *, until: int | None = None) -> Callable[[Told], None]:
    def report(told: Told) -> None:
        if isinstance(told, TeacherProgress):
            said.append(told.done)
            if told.done == until:
                raise KeyboardInterrupt

    return report


def test_a_teacher_that_was_interrupted_goes_on_where_it_was(root: Path, tmp_path: Path) -> None:
    first, second, whole = list[int](), list[int](), list[int]()
    with pytest.raises(KeyboardInterrupt):
        taught(root, tmp_path / "run").run(listener(first, until=16))
    assert (tmp_path / "run" / posteriors.NAME).exists()
    taught(root, tmp_path / "run").run(listener(second))
    taught(root, tmp_path / "whole").run(listener(whole))
    assert (first, second, whole) == ([8, 16], [24], [8, 16, 24])
    assert not (tmp_path / "run" / posteriors.NAME).exists()
    written = [(tmp_path / name / WEIGHTS).read_bytes() for name in ("run", "whole")]
    assert written[0] == written[1]


def test_a_long_labelling_is_written_before_its_end(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posteriors, "WRITE_EVERY", 0.0)
    there = list[bool]()
    taught(root, tmp_path / "run").run(lambda _: there.append((tmp_path / "run" / posteriors.NAME).exists()))
    assert there[0]


@pytest.mark.parametrize("what", ["teacher", "file"])
def test_what_another_teacher_said_or_a_broken_file_says_is_asked_anew(root: Path, tmp_path: Path, what: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        taught(root, tmp_path / "run").run(listener([], until=8))
    if what == "teacher":
        student, _ = files.load(tmp_path / "teacher")
        with torch.no_grad():
            next(student.head.parameters()).mul_(2)
        files.save(student, tmp_path / "teacher")
        checkpoint.remove(tmp_path / "run")  # which belongs to the other one, too
    else:
        (tmp_path / "run" / posteriors.NAME).write_bytes(b"no tensors")
    said = list[int]()
    taught(root, tmp_path / "run").run(listener(said))
    assert said == [8, 16, 24]
