"""Commands on corpora: bring one into the workspace, say how large each is, take what was approved out of it."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from core import corpora
from core.cli.cases import Workspace
from core.cli.door import AsJson, answer, command, progress
from core.errors import BadInput
from core.exporting import Leavable, export_approved, export_split
from core.identity import local
from core.importing import import_corpus, import_demos
from core.settings import Settings
from core.store import Size, Store

Format = Annotated[str, typer.Option("--format", help=f"Form of the file: {', '.join(corpora.names())}.")]


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command("import")(command(import_))
    app.command("export")(command(export))
    app.command("corpora")(command(corpora_))


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
    got = import_corpus(
        store, path, format=form, corpus=name, split=part, by=local(), captions=captions, knowledge=knowledge
    )
    document = {
        "corpus": name,
        "split": part,
        "samples": got.samples,
        "captions": got.captions,
        "knowledge": got.knowledge,
    }
    line = f"{name}/{part}: {got.samples:,} samples, {got.captions:,} captions, {got.knowledge:,} with knowledge."
    answer(document, as_json=as_json, lines=[line])


def corpora_(workspace: Workspace = None, as_json: AsJson = False) -> None:
    """List the corpora in the workspace: how many samples each split has, and how many of them have what.

    Thoughts are counted by grain and kept variants by kind as well, then of a sample that stands there twice once.
    """
    folder = Settings.read(workspace=workspace).workspace
    bulk = Store(folder).bulk
    sizes = bulk.sizes()
    covered = [bulk.coverage(size.corpus, size.split)[1] for size in sizes]
    lines = [_line(size, covers) for size, covers in zip(sizes, covered, strict=True)]
    answer(
        {"corpora": [{**asdict(size), "covered": covers} for size, covers in zip(sizes, covered, strict=True)]},
        as_json=as_json,
        lines=lines or [f"No corpus is in {folder}; 'import' takes one in."],
    )


def _line(size: Size, covered: dict[str, int]) -> str:
    return (
        f"{size.corpus}/{size.split}: {size.samples:,} samples; with labels {size.labels:,}, pictures "
        f"{size.pictures:,}, captions {size.captions:,}, thoughts {size.thoughts:,}, variants {size.variants:,}"
        + "".join(f", {what} {number:,}" for what, number in covered.items() if what != "caption")
    )


def export(
    path: Annotated[Path, typer.Option(help="The file to write.")],
    form: Format = "jsonl",
    corpus: Annotated[str | None, typer.Option(help="A corpus of the workspace; else the approved variants.")] = None,
    split: Annotated[str | None, typer.Option(help="Its split.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(help=f"Leave out, again and again: {', '.join(get_args(Leavable))}.")
    ] = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Write the approved variants, or a split of a corpus; a file beside it says where each sample is from."""
    if (corpus is None) != (split is None):
        raise BadInput("a split is named by --corpus and --split together; leave both out for the approved variants")
    if unknown := set(without or ()) - set(get_args(Leavable)):
        raise BadInput(f"--without {min(unknown)} is none of {', '.join(get_args(Leavable))}")
    write = partial(export_split, corpus=corpus, split=split) if corpus and split else export_approved
    with progress("Exporting", "samples") as show:
        store = Store(Settings.read(workspace=workspace).workspace)
        done = write(
            store,
            path,
            format=form,
            by=local(),
            without=cast(list[Leavable], without or []),
            show=lambda number, total: show(number, total, ""),
        )
    document = {
        "path": str(path),
        "format": form,
        "samples": done.samples,
        "respaced": done.respaced,
        "provenance": str(done.provenance),
    }
    lines = [f"{done.samples:,} {'samples' if corpus else 'approved variants'} written to {path}."]
    if done.respaced:
        lines.append(
            f"{done.respaced:,} of them are parted by single spaces now: {form} holds words, not what parts them."
        )
    answer(document, as_json=as_json, lines=lines)
