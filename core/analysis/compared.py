"""A labelled set with both sides' answers: what all tables are counted from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from core.analysis.sides import Answered, Side, gold_mentions
from core.comparison import Change, changes
from core.corpora import Row
from core.domain import Entity, ScoredEntity, Task


@dataclass(frozen=True)
class Compared:
    """Rows, gold mentions, and the answers of a first and a second side, all in the same order."""

    task: Task
    rows: Sequence[Row]
    sides: tuple[Side, Side]
    answers: tuple[Sequence[Answered], Sequence[Answered]]

    @cached_property
    def gold(self) -> list[tuple[Entity, ...]]:
        """What is to be found in each row.

        Raises:
            BadInput: a sample has no gold labels.
        """
        return [gold_mentions(row, self.task) for row in self.rows]

    @cached_property
    def found(self) -> tuple[list[tuple[ScoredEntity, ...]], list[tuple[ScoredEntity, ...]]]:
        """What each side found in each row."""
        first, second = (
            [answer.mentions(row, self.task) for row, answer in zip(self.rows, answers, strict=True)]
            for answers in self.answers
        )
        return first, second

    @cached_property
    def changes(self) -> list[list[Change]]:
        """What differs from the first side's answer to the second's, row by row."""
        return [changes(row.sample, before, after) for row, before, after in zip(self.rows, *self.found, strict=True)]

    @cached_property
    def errors(self) -> tuple[list[list[Change]], list[list[Change]]]:
        """What differs from the gold labels to each side's answer: gained is spurious, lost is missed."""
        first, second = (
            [changes(row.sample, gold, found) for row, gold, found in zip(self.rows, self.gold, answers, strict=True)]
            for answers in self.found
        )
        return first, second


def same(a: Entity | None, b: Entity | None) -> bool:
    """Whether two mentions have the same words and type, whatever their scores."""
    if a is None or b is None:
        return a is b
    return (a.start, a.end, a.type) == (b.start, b.end, b.type)
