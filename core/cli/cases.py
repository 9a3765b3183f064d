"""Which samples a command is about, which models, and where things lie: the options that several commands share."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core import images
from core.domain import Sample
from core.errors import BadInput
from core.settings import Settings
from core.stored import stored_samples

if TYPE_CHECKING:
    from core.workbench import Workbench

Corpus = Annotated[str | None, typer.Option(help="An imported corpus, e.g. demo; see import.")]
Split = Annotated[str, typer.Option(help="The corpus' split, e.g. train.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only its first samples.")]
Pictures = Annotated[Path | None, typer.Option("--images", help="Folder of the corpus' pictures, named by image id.")]
Text = Annotated[str | None, typer.Option(help="One tweet, instead of a corpus.")]
Picture = Annotated[Path | None, typer.Option(help="The tweet's picture.")]
Captioner = Annotated[str | None, typer.Option(help="Who describes pictures; 'doctor' lists them.")]
Teacher = Annotated[str | None, typer.Option(help="Who explains; 'doctor' lists them.")]
Workspace = Annotated[Path | None, typer.Option(help="Folder of the workspace.")]


def data_folder(given: Path | None, settings: Settings) -> Path:
    """The folder of the corpora: the option's, or the settings'.

    Raises:
        BadInput: neither names one.
    """
    folder = given or settings.data
    if folder is None:
        raise BadInput("name the folder of the corpora with --data or COTPD_DATA")
    return folder


def ends_of(sample: Sample) -> dict[str, str]:
    """What a document says of a sample's head and tail, where it has them."""
    pair = sample.relation
    return {"head": sample.mention(pair.head), "tail": sample.mention(pair.tail)} if pair else {}


@dataclass(frozen=True)
class Case:
    """A sample, and the file of its picture, where there is one here."""

    sample: Sample
    picture: Path | None


@dataclass(frozen=True)
class SampleOptions:
    """The samples that a command is about: one tweet, or a split of a corpus."""

    corpus: Corpus = None
    split: Split = "all"
    limit: Limit = None
    text: Text = None
    image: Picture = None

    def cases(self, bench: "Workbench", pictures: Path | None = None) -> list[Case]:
        """These samples; `pictures` is a folder where their pictures may lie as well.

        Raises:
            BadInput: both or neither are named, there is no such split, or the tweet or its picture cannot be read.
        """
        if (self.text is None) == (self.corpus is None):
            raise BadInput("name either one tweet with --text or an imported corpus with --corpus")
        if self.image and self.corpus is not None:
            raise BadInput("--image is the picture of one tweet, with --text; those of a corpus stand in it")
        if self.limit and self.text is not None:
            raise BadInput("--limit is of a corpus: leave it out with --text")
        if self.text is not None:
            samples = [bench.sample(self.text, images.read(self.image) if self.image else None)]
        else:
            samples = stored_samples(bench.store, str(self.corpus), self.split)[: self.limit]
        return [Case(sample, _picture(bench, sample.image, pictures)) for sample in samples]


def _picture(bench: "Workbench", name: str | None, folder: Path | None) -> Path | None:
    if not name:
        return None
    if (kept := bench.store.image(name)) or folder is None:
        return kept
    return images.named(name, folder)
