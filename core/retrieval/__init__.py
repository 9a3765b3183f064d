"""Retrieved knowledge, which stands in place of the thoughts c (paper, section 4.1). Each file of this folder is one
source; its name is the source's.

A file holds one function, `retrieve(request, …)`: what it found for each row. A neighbour gives its words and nothing
else: a tweet without its labels, an article's opening. So what a model reads about a sample never holds gold labels,
neither the sample's own nor its neighbours'.
"""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, cast

from core import corpora, registry
from core.corpora import Row
from core.errors import BadInput

Progress = Callable[[int, int, str], None]
"""Hears how much is done, of how much, and what is being done."""

Compared = Literal["tweet", "picture", "caption", "words"]
"""By what a sample was compared with the source: the embedding of its tweet, picture or caption, or its words."""

BETWEEN = " | "
"""Parts one neighbour from the next: a sign that every tokenizer knows."""


@dataclass(frozen=True)
class Request:
    """The rows that want knowledge, the file or folder to look in, and how many neighbours each row gets at most.

    `format` is the form of a source that is a corpus. The folders hold pictures, named by image id.
    """

    rows: Sequence[Row]
    source: Path
    k: int
    format: str = "twitter"
    source_captions: Path | None = None
    images: Path | None = None
    source_images: Path | None = None

    def corpus(self) -> list[Row]:
        """The source as a corpus.

        Raises:
            BadInput: there is no such format, or a file is missing or broken.
        """
        return corpora.find(self.format).read(self.source, captions=self.source_captions)

    def refuse(self, **files: str) -> None:
        """Refuse files that this source has no use for; each name comes with the reason.

        Raises:
            BadInput: one of them was given.
        """
        for name, reason in files.items():
            if path := getattr(self, name):
                raise BadInput(f"{path}: {reason}; leave --{name.replace('_', '-')} out")


@dataclass(frozen=True)
class Found:
    """The words of a row's neighbours, nearest first. Without any, `by` is None."""

    texts: tuple[str, ...] = ()
    by: Compared | None = None


class SourceFile(Protocol):
    """What a file of this folder offers."""

    def retrieve(self, request: Request, *, cache: Path, progress: Progress) -> list[Found]:
        """What was found for each row, in the rows' order; the same request finds the same. `cache` may keep an index.

        Raises:
            BadInput: a file is missing, broken, or of no use here.
            Unavailable: a model that is needed is not installed.
            StoreError: an index cannot be written or read.
        """
        ...


def names() -> list[str]:
    """The sources there are."""
    return registry.names(sys.modules[__name__])


def find(name: str) -> SourceFile:
    """The file of one source.

    Raises:
        BadInput: there is none of that name.
    """
    return cast(SourceFile, registry.find(sys.modules[__name__], "source of retrieved knowledge", name))


def retrieve(
    source: str, request: Request, *, cache: Path, progress: Progress
) -> tuple[list[Row], Counter[Compared | None]]:
    """The rows with what was found as their knowledge, in place of any they had, and how many were compared by what.

    A row for which nothing was found has no knowledge, and counts under None.

    Raises:
        BadInput, Unavailable, StoreError: as `SourceFile.retrieve`, or no source has that name.
    """
    found = find(source).retrieve(request, cache=cache, progress=progress)
    rows = [
        replace(row, knowledge={"mixed": BETWEEN.join(each.texts)} if each.texts else {})
        for row, each in zip(request.rows, found, strict=True)
    ]
    return rows, Counter(each.by for each in found)
