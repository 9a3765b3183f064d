"""The command that sets two students, or two views of one, against each other on a labelled split."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from core import corpora
from core.cli.door import AsJson, answer, command, progress
from core.domain import View
from core.errors import BadInput
from core.files import write_text
from core.identity import local
from core.settings import Settings
from core.store import Store
from core.stored import stored_row, stored_samples
from core.training.config import Split

VIEWS: dict[str, View] = {"without": "without_knowledge", "with": "with_knowledge"}

TELLING = 5
"""Samples of each direction in the file of `--cases`."""

MOST = 20
"""Likely label errors that people are shown; `--json` has all."""


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(compare))


def compare(
    path: Annotated[Path | None, typer.Option(help="A labelled split; or name one of the workspace.")] = None,
    corpus: Annotated[str | None, typer.Option(help="A corpus of the workspace, with what is known of it.")] = None,
    split: Annotated[str, typer.Option(help="The corpus' split, e.g. test.")] = "all",
    form: Annotated[str, typer.Option("--format", help=f"Its form: {', '.join(corpora.names())}.")] = "twitter",
    captions: Annotated[Path | None, typer.Option(help="Captions, for the knowledge view.")] = None,
    knowledge: Annotated[Path | None, typer.Option(help="Knowledge, for the knowledge view.")] = None,
    student: Annotated[str | None, typer.Option(help="The first student; 'doctor' lists them.")] = None,
    view: Annotated[str, typer.Option(help="Its view: with or without knowledge.")] = "without",
    against: Annotated[str | None, typer.Option(help="The second student; else the first in its other view.")] = None,
    against_view: Annotated[str, typer.Option(help="Its view.")] = "with",
    train: Annotated[Path | None, typer.Option(help="A training split, to tell seen mentions from unseen.")] = None,
    cases: Annotated[
        Path | None, typer.Option(help=f"A file for the {TELLING} samples that got most better, and most worse.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder that the file's paths are to be relative to.")] = None,
    workspace: Annotated[Path | None, typer.Option(help="Folder of the workspace, where answers are kept.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two students or views: who is right where, errors, slices, calibration, likely label errors.

    Ctrl-C stops; the same command goes on. Numbers of samples are places in the split, from 0.
    """
    from core.analysis.report import compare as compare_sides  # noqa: PLC0415 - torch is slow to import
    from core.analysis.report import report  # noqa: PLC0415
    from core.analysis.sides import Side  # noqa: PLC0415
    from core.analysis.slices import Known  # noqa: PLC0415
    from core.analysis.telling import telling  # noqa: PLC0415
    from core.explanation.cases import CaseList  # noqa: PLC0415
    from core.models import Models  # noqa: PLC0415

    for name in (view, against_view):
        if name not in VIEWS:
            raise BadInput(f"there is no view {name!r}; there are: {', '.join(VIEWS)}")
    if (path is None) == (corpus is None):
        raise BadInput("name either a labelled split with --path or one of the workspace with --corpus")
    if corpus and (captions or knowledge):
        raise BadInput("--captions and --knowledge are of a file: name that with --path, not a --corpus")
    if cases and corpus:
        raise BadInput("--cases names samples by their place in a file: name that file with --path, not a --corpus")
    settings = Settings.read(student=student, workspace=workspace)
    reader = corpora.find(form)
    if path:
        where, rows = str(path), reader.read(path, captions=captions, knowledge=knowledge)
    else:
        store = Store(settings.workspace)
        where = f"{corpus}/{split}"
        rows = [stored_row(store, sample) for sample in stored_samples(store, str(corpus), split)]
    first = student or settings.of_task(rows[0].sample.task).student
    sides = Side(student=first, view=VIEWS[view]), Side(student=against or first, view=VIEWS[against_view])
    known = Known.of(reader.read(train)) if train else None
    with progress("labelling") as bar:
        compared = compare_sides(settings, Models(), rows, sides, lambda done, total: bar(done, total, ""), by=local())
    found = report(compared, known)
    if cases and path:
        inside = partial(_inside, root=(data or settings.data or Path()).absolute())
        file = Split(
            format=form,
            path=inside(path),
            captions=inside(captions) if captions else None,
            knowledge=inside(knowledge) if knowledge else None,
        )
        listed = tuple(telling(compared, TELLING))
        names = (sides[0].name, sides[1].name)
        write_text(CaseList(student=sides[1].student, sides=names, split=file, case=listed).toml(), cases)
    lines = [where, found.head]
    for table in found.tables():
        lines += ["", *table.text(), *([table.note] if table.note else [])]
    lines += ["", f"Likely label errors ({len(found.label_errors):,}; the likeliest first)"]
    lines += [f"{each.confidence:.1%}  sample {each.row}: {each.sentence}" for each in found.label_errors[:MOST]]
    answer({"path": where, **found.model_dump(mode="json")}, as_json=as_json, lines=lines)


def _inside(path: Path, root: Path) -> Path:
    """A path as it is seen from a folder, where it lies in it, be it by a symbolic link."""
    whole = Path(os.path.normpath(path.absolute()))
    return whole.relative_to(root) if whole.is_relative_to(root) else whole
