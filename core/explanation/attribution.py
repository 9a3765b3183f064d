"""Integrated gradients (Sundararajan et al., 2017): what a score owes to each word."""

from collections import defaultdict
from collections.abc import Sequence

import torch
from captum.attr import IntegratedGradients

from core.domain import Entity
from core.domain.record import Value
from core.explanation.reading import Reading, Unit

TOLERANCE = 0.05
"""How far the sum may be from the difference that it shares out, relative to it."""

STEPS = (16, 32, 64, 128, 256)
"""Points of the path from the blank row; more are taken until the sum is within the tolerance."""

ROWS_AT_ONCE = 16


class Attribution(Value):
    """What each word gave to a score.

    `score` is that of the row as it is, `blank` that of the row with every word masked; both are mean log-odds
    (`Reading.score_of`). The values of integrated gradients sum to the difference but for `error`, which is relative.
    """

    units: tuple[Unit, ...]
    values: tuple[float, ...]
    score: float
    blank: float
    steps: int

    @property
    def error(self) -> float:
        """How far the sum is from the difference, relative to it (completeness)."""
        difference = self.score - self.blank
        return abs(sum(self.values) - difference) / max(abs(difference), 1e-6)

    def by_part(self) -> dict[str, float]:
        """What the tweet, the caption and each thought gave, summed over their words."""
        sums: dict[str, float] = defaultdict(float)
        for unit, value in zip(self.units, self.values, strict=True):
            sums[unit.part] += value
        return dict(sums)


def integrated_gradients(reading: Reading, target: Entity | str, *, steps: Sequence[int] = STEPS) -> Attribution:
    """Share out the score of a mention or a relation over the words of what the student read.

    The path runs through the word embeddings, from `Reading.blank` to the row. It is walked outside the encoder and not
    by hooks inside it, so that other threads may use the student at the same time. Of `steps`, the next is tried where
    the one before was too few.

    Raises:
        BadInput: the student has no such label, or the mention lies outside the tweet.
    """
    score = reading.score_of(target)
    with torch.no_grad():
        row, blank = reading.student.embed(reading.ids), reading.student.embed(reading.blank)
        ends = score(torch.cat([row, blank])).tolist()
    method = IntegratedGradients(score)
    for count in steps:
        gradients = method.attribute(row, baselines=blank, n_steps=count, internal_batch_size=ROWS_AT_ONCE)
        found = Attribution(
            units=tuple(reading.units),
            values=tuple(_by_unit(gradients.detach().sum(dim=2)[0], reading)),
            score=ends[0],
            blank=ends[1],
            steps=count,
        )
        if found.error <= TOLERANCE:
            break
    return found


def _by_unit(values: torch.Tensor, reading: Reading) -> list[float]:
    """The values of sub-words (L,), summed over each word's own."""
    is_word = reading.unit_of >= 0
    sums = torch.zeros(len(reading.units), dtype=values.dtype, device=values.device)
    summed: list[float] = sums.index_add(0, reading.unit_of[is_word], values[is_word]).tolist()
    return summed
