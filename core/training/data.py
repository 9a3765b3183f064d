"""Training examples, and batches of like lengths."""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core import corpora
from core.domain.bio import tags_from_entities
from core.errors import BadInput
from core.student.views import Batch, Encoded, ViewBuilder, sections
from core.training.config import Split

POOL = 50
"""Batches that are sorted by length together: less padding, and still a new order every epoch."""


@dataclass(frozen=True)
class Example:
    """A labelled tweet and the sections of its knowledge view: the caption, then the thoughts."""

    tokens: tuple[str, ...]
    tags: list[str]
    sections: list[str]


def read_examples(kind: str, split: Split, root: Path) -> list[Example]:
    """The labelled samples of a split, with their captions and knowledge.

    Raises:
        BadInput: a file is missing or broken, or holds no labels.
    """
    rows = corpora.find(kind).read(
        root / split.path,
        captions=root / split.captions if split.captions else None,
        knowledge=root / split.knowledge if split.knowledge else None,
    )
    examples = []
    for row in rows:
        if row.sample.entities is None:
            raise BadInput(f"{root / split.path}: {row.sample.text!r} has no labels; training and evaluation need them")
        examples.append(
            Example(
                tokens=row.sample.tokens,
                tags=tags_from_entities(row.sample.entities, len(row.sample.tokens)),
                sections=sections(row.caption, {"mixed": row.knowledge or ""}),
            )
        )
    if not examples:
        raise BadInput(f"{root / split.path} holds no samples")
    return examples


def label_set(examples: Iterable[Example]) -> tuple[str, ...]:
    """All BIO tags of the types that occur, `O` first."""
    types = sorted({tag[2:] for example in examples for tag in example.tags if tag != "O"})
    return ("O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI"))


class Batches:
    """The batches of a training set. Epoch e under seed s is always the same batches in the same order."""

    def __init__(self, examples: Sequence[Example], views: ViewBuilder, labels: Sequence[str], size: int) -> None:
        self._examples = examples
        self._views = views
        self._number = {label: number for number, label in enumerate(labels)}
        self._size = size

    def __len__(self) -> int:
        return math.ceil(len(self._examples) / self._size)

    def epoch(self, epoch: int, *, seed: int, section_dropout: float) -> Iterator[Batch]:
        """Shuffled, batched by like length, each section left out with the given chance."""
        chance = random.Random(f"{seed}/{epoch}")  # noqa: S311 - shuffling, not secrets
        items = []
        for example in self._examples:
            kept = [text for text in example.sections if chance.random() >= section_dropout]
            encoded = self._views.encode(example.tokens, kept)
            items.append((encoded, [self._number[tag] for tag in example.tags]))
        chance.shuffle(items)
        batches: list[list[tuple[Encoded, list[int]]]] = []
        for start in range(0, len(items), self._size * POOL):
            pool = sorted(items[start : start + self._size * POOL], key=lambda item: len(item[0].knowledge))
            batches += [pool[at : at + self._size] for at in range(0, len(pool), self._size)]
        chance.shuffle(batches)
        for batch in batches:
            yield self._views.collate([encoded for encoded, _ in batch], [labels for _, labels in batch])
