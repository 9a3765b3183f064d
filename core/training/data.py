"""Training examples, and batches of like lengths."""

import hashlib
import json
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil
from pathlib import Path

from torch import Tensor

from core import corpora
from core.corpora import Row
from core.domain import Sample, Task
from core.drawing import drawn
from core.errors import BadInput
from core.evaluation.views import Example
from core.student.labels import gold_labels
from core.student.views import Batch, ViewBuilder
from core.training.config import Split, Variants
from core.training.sections import kept_sections, parts_of
from core.training.variants import variant_rows

POOL = 50
"""Batches that are sorted by length together: less padding, and still a new order every epoch."""


def read_examples(split: Split, root: Path, task: Task, variants: Variants | None = None) -> list[Example]:
    """The labelled samples of a split with their captions and knowledge, and behind them the chosen variants of them.

    Raises:
        BadInput: a file is missing or broken, or holds no labels.
    """
    rows = _rows(split, root)
    if variants:
        rows += variant_rows(variants, root, {row.sample.id: row for row in rows})
    return _examples(split, rows, lambda sample: gold_labels(sample, task))


def read_unlabelled(split: Split, root: Path, task: Task) -> list[Example]:
    """The samples of a split without their labels, even where it holds some: a teacher will label them.

    To a student of entities a pair of mentions is its tweet, which stands there once, however many pairs it has.

    Raises:
        BadInput: a file is missing or broken.
    """
    rows = _rows(split, root)
    if task == "mner" and any(row.sample.relation for row in rows):
        tweets = {row.sample.tokens: row for row in reversed(rows)}  # the first of each
        plain = {"task": task, "relation": None}
        rows = [replace(row, sample=row.sample.model_copy(update=plain)) for row in reversed(tweets.values())]
    return _examples(split, rows, lambda _: [])


def _rows(split: Split, root: Path) -> list[Row]:
    rows = corpora.find(split.format).read(
        root / split.path,
        captions=root / split.captions if split.captions else None,
        knowledge=root / split.knowledge if split.knowledge else None,
    )
    if not rows:
        raise BadInput(f"{root / split.path} holds no samples")
    _check_names(rows, split, root)
    return drawn(rows, split.limit, split.draw)


def _check_names(rows: Sequence[Row], split: Split, root: Path) -> None:
    """Refuse names that nothing in the file has: who misspells one would train on something else than they think."""
    labels = {each.type for row in rows for each in row.sample.entities or ()}
    labels |= {row.sample.relation.label for row in rows if row.sample.relation and row.sample.relation.label}
    parts = {part for row in rows for part in parts_of(row)} if split.without else set()
    for field, named, there in (("rename", split.rename.keys(), labels), ("without", split.without, parts)):
        if unknown := set(named) - there:
            raise BadInput(
                f"{root / split.path}: {field} names {min(unknown)!r}, which no sample there has; "
                f"there are: {', '.join(sorted(there)) or 'none'}"
            )


def _examples(split: Split, rows: Sequence[Row], labels: Callable[[Sample], list[str]]) -> list[Example]:
    samples = [_renamed(row.sample, split.rename) for row in rows]
    return [
        Example(sample, kept_sections(row, split.without), labels(sample))
        for row, sample in zip(rows, samples, strict=True)
    ]


def _renamed(sample: Sample, names: dict[str, str]) -> Sample:
    changes: dict[str, object] = {}
    if names and sample.entities is not None:
        renamed = (each.model_copy(update={"type": names.get(each.type, each.type)}) for each in sample.entities)
        changes["entities"] = tuple(renamed)
    if names and (pair := sample.relation) and pair.label:
        changes["relation"] = pair.model_copy(update={"label": names.get(pair.label, pair.label)})
    return sample.model_copy(update=changes) if changes else sample


def check_labels(where: str, theirs: Collection[str], ours: Collection[str], task: Task) -> None:
    """Refuse samples of which a type has another name than a student knows it by: all of them would count as missed.

    Few samples may lack a type. Where both have entity types that the other lacks, one type has two names; so does one
    that differs in case alone. Relations are many, and a set of pairs may well have one that others lack.

    Raises:
        BadInput: a type has two names; `where` is what the message calls the samples.
    """
    named, known = _types(theirs, task), _types(ours, task)
    spelt = {name.casefold(): name for name in known}
    for name in sorted(named - known):
        if twin := spelt.get(name.casefold()):
            raise BadInput(f"{where} has {name!r}, which training has as {twin!r}: `rename` it")
        if task == "mner" and known - named:
            raise BadInput(f"{where} has {name!r}, which training doesn't: `rename` it")


def _types(labels: Collection[str], task: Task) -> set[str]:
    """The types that BIO tags name; relations are their own."""
    return {label.partition("-")[2] for label in labels} - {""} if task == "mner" else set(labels)


def digest(examples: Sequence[Example]) -> str:
    """What tells a training set, as it is read, from any other."""
    whole = hashlib.sha256()
    for example in examples:
        pair = example.sample.relation and example.sample.relation.model_dump()
        whole.update(json.dumps([example.sample.tokens, pair, example.sections, example.labels]).encode())
    return whole.hexdigest()[:16]


class Batches:
    """The batches of a training set. Epoch e under seed s is always the same batches in the same order.

    All batches of an epoch have the same size but for one sample. With several processes, each takes every
    `processes`-th sample of every batch, so that together they see what one process sees in larger batches.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        views: ViewBuilder,
        labels: Sequence[str],
        size: int,
        *,
        processes: int = 1,
    ) -> None:
        """`size` is samples a batch, over all processes.

        Raises:
            BadInput: a label is not one of the student's, or there are fewer samples in a batch than processes.
        """
        self._examples = examples
        self._views = views
        self._posteriors: Sequence[Tensor] | None = None
        self._processes = processes
        self._count = ceil(len(examples) / size)
        if len(examples) // self._count < processes:
            raise BadInput(f"batches of {len(examples) // self._count} samples are too small for {processes} processes")
        number = {label: at for at, label in enumerate(labels)}
        if unknown := {label for example in examples for label in example.labels} - number.keys():
            raise BadInput(f"label {min(unknown)!r} is none of the student's ({', '.join(labels)}): `rename` its type")
        self._gold = [[number[label] for label in example.labels] for example in examples]

    def __len__(self) -> int:
        return self._count

    def teach(self, posteriors: Sequence[Tensor]) -> None:
        """Let batches bring what a teacher thinks of each example, (n, C), in place of knowledge."""
        self._posteriors = posteriors

    def epoch(
        self, epoch: int, *, seed: int, section_dropout: float, process: int = 0, skip: int = 0
    ) -> Iterator[tuple[Batch, int]]:
        """One process' part of each batch, and how many samples the whole batch has; the first `skip` are left out.

        Batches are shuffled and made of like lengths; each section is left out with the given chance.
        """
        chance = random.Random(f"{seed}/{epoch}")  # noqa: S311 - shuffling, not secrets
        kept = []
        for example in self._examples:
            known = () if self._posteriors else example.sections
            kept.append((example.sample, [text for text in known if chance.random() >= section_dropout]))
        encoded = self._views.encode_all(kept)
        order = list(range(len(encoded)))
        chance.shuffle(order)
        for start, end in pairwise(_bounds(len(order), ceil(self._count / POOL))):
            order[start:end] = sorted(order[start:end], key=lambda at: len(encoded[at].knowledge))
        cuts = list(pairwise(_bounds(len(order), self._count)))
        chance.shuffle(cuts)
        for start, end in cuts[skip:]:
            chosen = order[start:end][process :: self._processes]
            items = [encoded[at] for at in chosen]
            gold = [self._gold[at] or self._views.unlabelled(encoded[at]) for at in chosen]
            taught = [self._posteriors[at] for at in chosen] if self._posteriors else None
            yield self._views.collate(items, gold, taught), end - start


def _bounds(length: int, parts: int) -> list[int]:
    """Where to cut a length into parts that differ by at most one."""
    return [length * part // parts for part in range(parts + 1)]
