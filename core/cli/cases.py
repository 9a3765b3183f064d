"""The samples that a command is about, and the options that name them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from PIL import Image

from core import images
from core.domain import Sample
from core.errors import BadInput

if TYPE_CHECKING:
    from core.workbench import Workbench

Corpus = Annotated[str | None, typer.Option(help="An imported corpus, e.g. demo; see import.")]
Split = Annotated[str, typer.Option(help="The corpus' split, e.g. train.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only its first samples.")]
Text = Annotated[str | None, typer.Option(help="One tweet, instead of a corpus.")]
Picture = Annotated[Path | None, typer.Option("--image", help="The tweet's picture.")]
Pictures = Annotated[Path | None, typer.Option("--images", help="Folder of the corpus' pictures, named by image id.")]
Captioner = Annotated[str | None, typer.Option(help="Who describes pictures; 'doctor' lists them.")]
Teacher = Annotated[str | None, typer.Option(help="Who explains; 'doctor' lists them.")]
Workspace = Annotated[Path | None, typer.Option(help="Folder of the workspace.")]


@dataclass(frozen=True)
class Case:
    """A sample, and how to get its picture, if it has one here."""

    sample: Sample
    picture: Callable[[], Image.Image] | None


def cases_of(
    bench: "Workbench",
    corpus: str | None,
    split: str,
    limit: int | None,
    text: str | None,
    image: Path | None,
    folder: Path | None,
) -> list[Case]:
    """The samples that a command is about: one tweet, or a split of a corpus."""
    if (text is None) == (corpus is None):
        raise BadInput("name either one tweet with --text or an imported corpus with --corpus")
    if text is not None:
        sample, picture = bench.sample(text, images.read(image) if image else None)
        return [Case(sample, (lambda: picture) if picture else None)]
    samples = bench.store.samples(str(corpus), split)[:limit]
    if not samples:
        known = ", ".join(f"{name}/{part}" for name, part in bench.store.corpora()) or "none yet"
        raise BadInput(f"no corpus {corpus}/{split} is in the workspace; there are: {known}")
    return [Case(sample, _picture(bench, sample, folder)) for sample in samples]


def _picture(bench: "Workbench", sample: Sample, folder: Path | None) -> Callable[[], Image.Image] | None:
    path = bench.store.image(sample.image) if sample.image else None
    if path is None and folder and sample.image:
        name = sample.image if Path(sample.image).suffix else f"{sample.image}.jpg"
        path = folder / Path(name).name
    return (lambda: images.read(path)) if path and path.is_file() else None
