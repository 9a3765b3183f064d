"""All tables of a comparison, and the samples that tell most about it."""

from collections.abc import Sequence

from pydantic import Field

from core.analysis.answering import answer_all
from core.analysis.calibration import reliability
from core.analysis.compared import Compared
from core.analysis.differences import confusion, help_and_hurt, right_and_wrong
from core.analysis.mistakes import Suspect, error_classes, label_errors
from core.analysis.sides import Side, gold_mentions
from core.analysis.slices import Known, overall, slices
from core.analysis.tables import Table
from core.corpora import Row
from core.domain.record import Value
from core.errors import BadInput
from core.identity import Person
from core.models import Models
from core.progress import Progress
from core.settings import Settings


class Report(Value):
    """What a comparison says. Places are those of samples in the set, from 0."""

    sides: tuple[Side, Side]
    samples: int
    told: int = Field(description="samples that have a caption or thoughts, which the view with knowledge is told")
    overall: Table
    right: Table
    help_and_hurt: Table
    confusion: Table
    errors: Table
    slices: tuple[Table, ...]
    calibration: tuple[Table, Table]
    label_errors: tuple[Suspect, ...]

    @property
    def head(self) -> str:
        """What was compared on what."""
        some = f"{self.told:,} of them {'has' if self.told == 1 else 'have'}"
        told = {0: "none of them has", self.samples: "all of them have"}.get(self.told, some)
        return (
            f"First: {self.sides[0].name}. Second: {self.sides[1].name}. "
            f"{self.samples:,} samples; {told} a caption or thoughts."
        )

    def tables(self) -> list[Table]:
        """All of them, in the order in which they are read."""
        return [
            self.overall,
            self.right,
            self.help_and_hurt,
            self.errors,
            self.confusion,
            *self.slices,
            *self.calibration,
        ]


def compare(
    settings: Settings,
    models: Models,
    rows: Sequence[Row],
    sides: tuple[Side, Side],
    progress: Progress,
    *,
    by: Person,
) -> Compared:
    """Have both sides answer about all rows; their answers are kept in the workspace.

    Raises:
        Forbidden: their role does not let them study tweets.
        BadInput: there are no rows, one has no gold labels, or the two sides are the same or have different tasks.
        StoreError: the workspace cannot be written.
        Unavailable: a student cannot be loaded.
    """
    by.must("study tweets")
    if sides[0] == sides[1]:
        raise BadInput(f"both sides are {sides[0].name}: choose another student or another view for one of them")
    if not rows:
        raise BadInput("there are no samples to compare on")
    tasks = {models.student(settings.model_copy(update={"student": side.student})).task for side in sides}
    if len(tasks) > 1:
        raise BadInput("one student finds entities and the other relations: compare students of one task")
    (task,) = tasks
    for row in rows:
        gold_mentions(row, task)  # before the students label for minutes
    first, second = (
        answer_all(settings, models, side, rows, _part(progress, at), by=by) for at, side in enumerate(sides)
    )
    return Compared(task, rows, sides, (first, second))


def _part(progress: Progress, at: int) -> Progress:
    return lambda done, total: progress(at * total + done, 2 * total)


def report(compared: Compared, known: Known | None) -> Report:
    """All that can be said about a comparison; with a training set's words, about seen and unseen mentions as well.

    Raises:
        BadInput: a sample has no gold labels.
    """
    return Report(
        sides=compared.sides,
        samples=len(compared.rows),
        told=sum(bool(row.caption or row.knowledge) for row in compared.rows),
        overall=overall(compared),
        right=right_and_wrong(compared),
        help_and_hurt=help_and_hurt(compared),
        confusion=confusion(compared),
        errors=error_classes(compared),
        slices=tuple(slices(compared, known)),
        calibration=(reliability(compared, 0), reliability(compared, 1)),
        label_errors=tuple(label_errors(compared)),
    )
