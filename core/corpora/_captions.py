"""Captions that stand in a file of their own, joined to samples by image id."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from core.corpora._lines import Broken, gather
from core.domain import Sample
from core.errors import BadInput

Captioned = tuple[int, str, str]
"""A line number, the id of an image as the samples have it, and its caption."""


def join(path: Path, captions: Iterator[Captioned], samples: Sequence[Sample]) -> list[str | None]:
    """The caption of each sample: None where its image has none, or an empty one. Captions of other images are ignored.

    Raises:
        BadInput: a line is broken, an image has two captions, or none of the samples has one.
    """
    caption_of: dict[str | None, str] = {}
    for _, image, text in gather(path, _once_each(path, captions)):
        caption_of[image] = text.strip()
    if not any(sample.image in caption_of for sample in samples):
        raise BadInput(f"{path}: has no caption for any of the {len(samples):,} samples; is it the same corpus?")
    return [caption_of.get(sample.image) or None for sample in samples]


def _once_each(path: Path, captions: Iterator[Captioned]) -> Iterator[Captioned]:
    seen: set[str] = set()
    for line, image, text in captions:
        if image in seen:
            raise Broken(path, line, f"image {image!r} has a caption already; keep one of the two")
        seen.add(image)
        yield line, image, text
