"""Captioners put a picture into words. Each file of this folder is one; its name is the captioner's.

A file holds two functions: `unusable(settings)` says why it can't work here (None where it can, without loading
weights), and `load(settings)` gives a `Captioner`.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from PIL import Image
from pydantic import JsonValue

from core import registry
from core.domain import Caption, Maker, Observation, Sample
from core.errors import CaptionerError
from core.settings import Settings


@dataclass(frozen=True)
class Description:
    """A caption before the store knows it: the sentence, and what it was built from."""

    text: str
    observations: tuple[Observation, ...] = ()

    def of(self, sample: Sample, maker: Maker) -> Caption:
        """The caption of a sample whose picture this describes."""
        text = self.text.encode(errors="replace").decode()  # half of a surrogate pair cannot be written
        return Caption(sample_id=sample.id, text=text, observations=self.observations, maker=maker)


@dataclass(frozen=True)
class Regions:
    """Where a captioner's cross-attention looked: a grid over the whole picture, row by row; its weights sum to 1.

    It is attention, not an explanation: a place that was looked at need not have mattered.
    """

    what: str
    grid: tuple[tuple[float, ...], ...]


class Captioner(Protocol):
    """Puts pictures into words. `model` and `parameters` go into the record of every caption.

    `batch` is how many pictures a call is best given: more would cost memory, fewer time.

    One with cross-attention has `regions(image)` as well, which gives `Regions`.
    """

    model: str
    parameters: dict[str, JsonValue]
    batch: int

    def describe_all(self, images: Sequence[Image.Image]) -> list[Description | CaptionerError]:
        """Caption RGB images: of each, in order, its description, or why it has none. Several threads may call it.

        Raises:
            Unavailable: the captioner cannot be used any more, for any picture.
        """
        ...


class CaptionerFile(Protocol):
    """What a file of this folder offers."""

    def unusable(self, settings: Settings) -> str | None:
        """Why this captioner cannot be used here, or None."""
        ...

    def load(self, settings: Settings) -> Captioner:
        """The captioner, with its weights in memory.

        Raises:
            Unavailable: it cannot be used here.
        """
        ...


def names() -> list[str]:
    """The captioners there are, usable here or not."""
    return registry.names(sys.modules[__name__])


def find(name: str) -> CaptionerFile:
    """The file of one captioner.

    Raises:
        BadInput: there is none of that name.
    """
    return cast(CaptionerFile, registry.find(sys.modules[__name__], "captioner", name))
