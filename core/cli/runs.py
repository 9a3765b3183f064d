"""A command on trainings: which there are, how far they are, what they came to."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.door import AsJson, answer, command
from core.domain import View
from core.errors import BadInput
from core.printable import one_line
from core.runs import Run, summary
from core.runs import runs as find_runs
from core.settings import Settings

VIEWS: tuple[View, ...] = ("without_knowledge", "with_knowledge")


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(runs))


def runs(
    home: Annotated[Path | None, typer.Option(help="Folder to look in; else the workspace.")] = None,
    as_json: AsJson = False,
) -> None:
    """List trainings with their state, best dev F1, and test F1 without and with knowledge."""
    if home is not None and not home.is_dir():
        raise BadInput(f"--home {home}: is no folder")
    folder = home or Settings.read().workspace
    now = datetime.now(UTC)
    found = [_document(run, now) for run in find_runs(folder)]
    lines = [_line(run) for run in found] or [f"No training is in {folder}; 'train' starts one."]
    answer({"home": str(folder), "runs": found}, as_json=as_json, lines=lines)


def _document(run: Run, now: datetime) -> dict[str, Any]:
    """A training for machines; F1 in per cent, times in seconds."""
    return {
        "name": run.name,
        "state": run.state,
        **summary(run.config),
        "step": run.step,
        "best_epoch": run.best_epoch,
        "best_dev_f1": run.best_dev_f1,
        "chosen_by": run.chosen_by,
        "test_f1": {test: {view: score.f1 for view, score in scores.items()} for test, scores in run.tests.items()},
        "age": max(0, round((now - run.seen).total_seconds())),
        "seconds_left": run.seconds_left,
        "problem": run.problem,
    }


def _line(run: dict[str, Any]) -> str:
    """A training for people."""
    best = (
        "no dev F1 yet" if run["best_dev_f1"] is None else f"dev {run['best_dev_f1']:.2f} (epoch {run['best_epoch']})"
    )
    tests = (
        f"{name} " + " / ".join(f"{scores[view]:.2f}" if view in scores else "-" for view in VIEWS)
        for name, scores in run["test_f1"].items()
    )
    parts = [run["name"], best, *tests, f"{_words(run['age'])} ago"]
    if run["seconds_left"] is not None:
        parts.append(f"about {_words(run['seconds_left'])} left")
    if run["problem"]:
        parts.append(f"problem: {run['problem']}")
    return "  ".join([f"{run['state']:8}", *map(one_line, parts)])


def _words(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
