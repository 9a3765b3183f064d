"""Exact search for the nearest rows of a corpus."""

from collections import Counter
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from core.corpora import Row

_BLOCK = 256
_DECIMALS = 4  # sums of floats differ in the last digits from machine to machine


def nearest(rows: Sequence[Row], vectors: Tensor, source: Sequence[Row], known: Tensor, k: int) -> list[list[str]]:
    """The tweets of the k rows of `source` that are nearest to each of `rows`, by the cosine of their vectors.

    vectors (rows, d) and known (source, d) are of length 1. A row that says the same in the same words is passed over:
    it is the sample itself, where both are of one split (equal ids have equal words), or tells nothing new. So is one
    that says the same as a nearer neighbour. Of rows that are equally near, to four decimals, the earlier comes first.
    """
    said, known_words = [_words(row) for row in rows], [_words(row) for row in source]
    most_alike = max(Counter(known_words).values(), default=0)
    reach = (k + 1) * most_alike  # enough for k rows of different words, none of them the sample's own
    found = []
    for words, order in zip(said, _orders(vectors, known, reach), strict=True):
        neighbours: dict[tuple[str, ...], str] = {}
        for index in order:
            if known_words[index] != words:
                neighbours.setdefault(known_words[index], source[index].sample.text)
        found.append(list(neighbours.values())[:k])
    return found


def _orders(vectors: Tensor, known: Tensor, reach: int) -> Iterator[list[int]]:
    """For each vector, the indexes of the `reach` nearest known ones."""
    for start in range(0, len(vectors), _BLOCK):
        cosines = (vectors[start : start + _BLOCK] @ known.T).round(decimals=_DECIMALS)
        yield from torch.sort(cosines, dim=1, descending=True, stable=True).indices[:, :reach].tolist()


def _words(row: Row) -> tuple[str, ...]:
    return tuple(token.casefold() for token in row.sample.tokens)
