"""Commands on corpora: bring one into the workspace, take what was approved out of it."""

from pathlib import Path
from typing import Annotated

import typer

from core import corpora
from core.cli.door import AsJson, answer, command
from core.errors import BadInput
from core.exporting import export_approved
from core.importing import import_corpus, import_demos
from core.settings import Settings
from core.store import Store

Format = Annotated[str, typer.Option("--format", help=f"Form of the file: {', '.join(corpora.names())}.")]
Workspace = Annotated[Path | None, typer.Option(help="Folder of the workspace.")]


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command("import")(command(import_))
    app.command("export")(command(export))


def import_(
    path: Annotated[Path | None, typer.Option(help="The split's file.")] = None,
    form: Format = "twitter",
    captions: Annotated[Path | None, typer.Option(help="Captions of its images.")] = None,
    knowledge: Annotated[Path | None, typer.Option(help="Knowledge about its samples.")] = None,
    corpus: Annotated[str | None, typer.Option(help="Name to keep it under; else its folder's.")] = None,
    split: Annotated[str | None, typer.Option(help="Name of the split; else its file's.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="The project's own demo samples instead of a file.")] = False,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Bring a corpus into the workspace: all of it or, where a line is broken, nothing."""
    store = Store(Settings.read(workspace=workspace).workspace)
    if demo and (path or captions or knowledge or corpus or split):
        raise BadInput("--demo imports the project's own samples: leave out the other options, or --demo")
    if demo:
        placed = import_demos(store)
        answer({"samples": len(placed)}, as_json=as_json, lines=[f"{len(placed)} demo samples are in the workspace."])
        return
    if path is None:
        raise BadInput("name the file to import with --path, or take the project's samples with --demo")
    name, part = corpus or path.resolve().parent.name, split or path.stem
    got = import_corpus(store, path, format=form, corpus=name, split=part, captions=captions, knowledge=knowledge)
    document = {
        "corpus": name,
        "split": part,
        "samples": got.samples,
        "captions": got.captions,
        "knowledge": got.knowledge,
    }
    line = f"{name}/{part}: {got.samples:,} samples, {got.captions:,} captions, {got.knowledge:,} with knowledge."
    answer(document, as_json=as_json, lines=[line])


def export(
    path: Annotated[Path, typer.Option(help="The file to write.")],
    form: Format = "jsonl",
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Write the approved variants as a corpus, each a sample of its own."""
    written = export_approved(Store(Settings.read(workspace=workspace).workspace), path, format=form)
    document = {"path": str(path), "format": form, "samples": written}
    answer(document, as_json=as_json, lines=[f"{written:,} approved variants written to {path}."])
