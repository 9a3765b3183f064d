"""What an extraction asks for: the task of labelled samples, and the labels that the teacher chooses from."""

from collections.abc import Sequence

from core.corpora import Row
from core.domain import Task
from core.errors import BadInput
from core.evaluation.mre import MNRE_23


def task_of(rows: Sequence[Row]) -> Task:
    """What labelled rows are for.

    Raises:
        BadInput: there are no rows, they are for both tasks, or one has no gold label.
    """
    tasks: list[Task] = sorted({row.sample.task for row in rows})
    if len(tasks) != 1:
        raise BadInput(f"an extraction is for one task, but the samples are for {' and '.join(tasks) or 'none'}")
    for row in rows:
        if _gold(row) is None:
            raise BadInput(f"{row.sample.text!r} has no labels: its extraction cannot be scored")
    return tasks[0]


def label_set(rows: Sequence[Row]) -> tuple[str, ...]:
    """The labels to choose from, sorted: those that the rows have or, where they are MNRE's relations, all 23 of it."""
    labels = frozenset(label for row in rows for label in _gold(row) or ())
    is_mnre = rows[0].sample.task == "mre" and labels <= MNRE_23
    return tuple(sorted(MNRE_23 if is_mnre else labels))


def _gold(row: Row) -> set[str] | None:
    """The labels of a row, or None where nobody has labelled it."""
    sample = row.sample
    if sample.task == "mner":
        return None if sample.entities is None else {entity.type for entity in sample.entities}
    return {sample.relation.label} if sample.relation and sample.relation.label else None
