"""Trainings as they stand on disk, made without training: for tests of what reads them."""

import fcntl
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONFIG = {
    "student": {"encoder": "minilm", "generator": "conditional"},
    "train": {"path": "train.txt", "captions": "captions.txt", "knowledge": "thoughts.txt", "without": []},
    "epochs": 3,
    "alpha": 1.0,
    "seed": 1,
}


def steps(*numbers: int, epoch: int = 1, **values: Any) -> list[dict[str, Any]]:
    """Lines of losses and pace at these steps."""
    measured = {"loss": 0.5, "nll": 0.3, "cpd": 0.2, "seconds_a_step": 2.0, "tokens_a_second": 900}
    return [{"step": step, "epoch": epoch, **measured, **values, "at": "2026-01-02T03:04:05+00:00"} for step in numbers]


def scored(step: int, epoch: int, without: float, with_: float) -> dict[str, Any]:
    """The line at an epoch's end."""
    return {"step": step, "epoch": epoch, "dev": {"without_knowledge": without, "with_knowledge": with_}}


def score(f1: float, **by_type: float) -> dict[str, Any]:
    """The scores of a view, with the F1 of its types."""
    types = {name: {"precision": each, "recall": each, "f1": each, "support": 5} for name, each in by_type.items()}
    return {"precision": f1, "recall": f1, "f1": f1, "support": 10, "by_type": types}


def result(without: float, with_: float, **by_type: float) -> dict[str, Any]:
    """What a training with one test set comes to."""
    tests = {"tweets": {"without_knowledge": score(without, **by_type), "with_knowledge": score(with_, **by_type)}}
    return {
        "best_epoch": 2,
        "best_dev_f1": 81.5,
        "chosen_by": "without_knowledge",
        "seconds": 65.0,
        "peak_memory_gb": 1.5,
        "steps": 30,
        "parameters": 1000,
        "tests": tests,
    }


def write(
    folder: Path,
    lines: Iterable[Mapping[str, Any]] = (),
    result: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """A training's folder; `changes` are laid over its configuration."""
    folder.mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps({**CONFIG, **changes}))
    add(folder, lines)
    if result is not None:
        (folder / "result.json").write_text(json.dumps(result))
    return folder


def add(folder: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """The training goes on."""
    with (folder / "metrics.jsonl").open("a") as metrics:
        metrics.writelines(json.dumps(line) + "\n" for line in lines)


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Hold the lock of a training, as the process that trains does."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
