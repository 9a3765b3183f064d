"""A command on knowledge that is looked up instead of thought: it writes a corpus that a training reads."""

from pathlib import Path
from typing import Annotated

import typer

from core import corpora, retrieval
from core.cli.door import AsJson, answer, command, progress
from core.errors import BadInput
from core.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(retrieve))


def retrieve(
    kind: Annotated[str, typer.Argument(help=f"What to look up: {', '.join(retrieval.names())}.")],
    path: Annotated[Path, typer.Option(help="The split that wants knowledge.")],
    source: Annotated[Path, typer.Option(help="Where to look: the training split; for wiki, an extract.")],
    out: Annotated[Path, typer.Option(help="The JSONL corpus to write.")],
    form: Annotated[
        str, typer.Option("--format", help=f"Form of the splits: {', '.join(corpora.names())}.")
    ] = "twitter",
    captions: Annotated[Path | None, typer.Option(help="Captions of the split; they are kept.")] = None,
    source_captions: Annotated[Path | None, typer.Option(help="Captions of the training split.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of the split's pictures.")] = None,
    source_images: Annotated[Path | None, typer.Option(help="Folder of the training split's pictures.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="Neighbours or articles a sample gets at most.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Look up knowledge for a split: the nearest tweets, those with the nearest pictures, or Wikipedia's articles."""
    retrieval.find(kind)
    _make_room(out, path, source, *(file for file in (captions, source_captions) if file))
    rows = corpora.find(form).read(path, captions=captions)
    request = retrieval.Request(
        rows=rows,
        source=source,
        k=k,
        format=form,
        source_captions=source_captions,
        images=images,
        source_images=source_images,
    )
    with progress("retrieving") as bar:
        filled, compared = retrieval.retrieve(kind, request, cache=Settings.read().cache, progress=bar)
    corpora.find("jsonl").write(filled, out)
    counts = {by or "nothing": count for by, count in compared.most_common()}
    document = {"out": str(out), "retrieved": kind, "samples": len(filled), "compared_by": counts}
    by = ", ".join(f"{count:,} by {label}" for label, count in counts.items())
    answer(document, as_json=as_json, lines=[f"{out}: {len(filled):,} samples, compared with {source}: {by}."])


def _make_room(out: Path, *read: Path) -> None:
    """Find out before the work whether its end can be written."""
    wanted, sources = out.resolve(), [path.resolve() for path in read]
    if any(wanted == path or (path.is_dir() and wanted.is_relative_to(path)) for path in sources):
        raise BadInput(f"{out}: is a file to read from, or lies among them; name another with --out")
    if out.is_dir():
        raise BadInput(f"{out}: is a folder; name a file in it with --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{out.parent}: cannot be made ({error.strerror}); name another place with --out") from None
