"""The command on the paper's tables: run what is missing of one, and show it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core import experiments
from core.cli.cases import data_folder
from core.cli.door import AsJson, answer, command, progress, say
from core.errors import BadInput
from core.experiments.report import markdown
from core.experiments.tables import find
from core.files import write_text
from core.settings import Settings
from core.training.progress import TeacherProgress

if TYPE_CHECKING:
    from core.experiments.run import Failure, Standing


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(table))


def table(
    name: Annotated[
        str, typer.Argument(help=f"One of {', '.join(file.stem for file in experiments.tables())}, or a TOML file.")
    ],
    data: Annotated[Path | None, typer.Option(help="Folder that the table's paths are relative to.")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder of the runs; else 'experiments' in the workspace.")] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="ROW", help="Run this row only; may be repeated.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Run nothing; show what there is.")] = False,
    document: Annotated[Path | None, typer.Option("--markdown", help="Write the table to this file as well.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a table of experiments: what has no result yet is trained. Ctrl-C stops; the same command goes on."""
    settings = Settings.read()
    file, home = find(name), home or settings.workspace / "experiments"
    if home.exists() and not home.is_dir():
        raise BadInput(f"--home {home}: is no folder")
    if report and only:
        raise BadInput("--only chooses what is run, and --report runs nothing: leave one of them out")
    failures = [] if report else _run(file, data_folder(data, settings), home, only or [])
    found = experiments.results(file, home)
    text = markdown(found)
    if document:
        write_text(text + "\n", document)
    answer(found.model_dump(mode="json"), as_json=as_json, lines=[text])
    for failure in failures:
        line = f"{failure.training.row.name}, seed {failure.training.seed}: {failure.problem}"
        say(line, style="red")
    if failures:
        raise SystemExit(1)


def _run(file: Path, root: Path, home: Path, only: list[str]) -> "list[Failure]":
    from core.experiments.run import run  # noqa: PLC0415 - it is needed here alone

    with progress(file.stem, "runs") as bar:
        return run(file, root, home, lambda now: bar(now.done, now.of, _state(now)), only)


def _state(now: "Standing") -> str:
    """Which run goes on, and how far it is."""
    state = f"{now.training.row.name}, seed {now.training.seed}"
    if now.progress is None:
        return f"{state}: starting"
    minutes, seconds = divmod(round(now.progress.seconds_left), 60)
    if isinstance(now.progress, TeacherProgress):
        told = f"the teacher labels, {now.progress.done:,}/{now.progress.of:,} samples"
    else:
        told = f"step {now.progress.step:,}/{now.progress.steps:,}, loss {now.progress.loss:.2f}"
    return f"{state}: {told}, {minutes}:{seconds:02} left"
