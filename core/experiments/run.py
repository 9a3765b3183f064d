"""Running a table: every training that has no result yet, one after the other."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput, CotpdError
from core.experiments import process
from core.experiments.tables import PROBLEM, Table, Training
from core.files import replacing
from core.student.folder import CONFIG
from core.training.progress import Report, Told

MOST = 3
"""Missing files that a refusal names."""


@dataclass(frozen=True)
class Standing:
    """Where a table stands: trainings done of all that were asked for, and the one that goes on."""

    done: int
    of: int
    training: Training
    progress: Told | None


@dataclass(frozen=True)
class Failure:
    """A training that could not be brought to its end, and why."""

    training: Training
    problem: str


def run(
    file: Path, root: Path, home: Path, report: Callable[[Standing], None], only: Collection[str] = ()
) -> list[Failure]:
    """Train what has no result under `home` yet; of `only` these rows and the teachers they learn from, if any.

    One that fails is recorded in its folder, and the others go on; the next call tries it again. Ctrl-C stops, and the
    next call goes on from there. `root` is the folder of the corpora.

    Raises:
        BadInput: the table is broken, has no row of a name in `only`, or a row reads a file, or learns of a teacher,
            that is not there; then nothing has started.
    """
    table = Table.read(file)
    wanted = _chosen(table, table.trainings(home), only)
    waiting = [training for training in wanted if not training.done]
    _check_files(file, root, waiting)
    failures = []
    for number, training in enumerate(waiting, start=len(wanted) - len(waiting)):

        def show(now: Told | None, done: int = number, training: Training = training) -> None:
            report(Standing(done, len(wanted), training, now))

        show(None)
        try:
            _train(training, root, show)
        except CotpdError as error:
            failures.append(Failure(training, str(error)))
    undone = (each for each in wanted if each not in waiting)  # by a teacher that was missing and is another one now
    return failures + [Failure(each, each.problem) for each in undone if each.problem]


def _chosen(table: Table, trainings: list[Training], only: Collection[str]) -> list[Training]:
    names = {table.row(name).name for name in only} or {row.name for row in table.rows}
    taught: set[tuple[str | None, int]] = set()
    for training in reversed(trainings):  # students come after their teachers
        if training.row.name in names or (training.row.name, training.seed) in taught:
            taught.add((training.teacher, training.seed))
    return [each for each in trainings if each.row.name in names or (each.row.name, each.seed) in taught]


def _check_files(table: Path, root: Path, waiting: Collection[Training]) -> None:
    """Refuse what would fail after hours: a row whose captions, variants or teacher nobody has made yet."""
    lacking: dict[Path, set[str]] = {}
    for training in waiting:
        for file in training.config.files:
            if not (root / file).exists():
                lacking.setdefault(root / file, set()).add(training.row.name)
        others = [None if training.teacher else training.config.teacher, training.config.start]
        for other in filter(None, others):  # students that no row of this table trains
            student = Path(os.path.normpath(training.folder / other)) / CONFIG
            if not student.exists():
                lacking.setdefault(student, set()).add(training.row.name)
    if lacking:
        told = [f"{file}, read by {_counted(rows)}" for file, rows in lacking.items()]
        more = f"; {len(told) - MOST} more" if len(told) > MOST else ""
        named = "; ".join(told[:MOST]) + more
        raise BadInput(f"not there: {named}. {table} may say how they are made; --only runs other rows")


def _counted(rows: Collection[str]) -> str:
    first = f"row {min(rows)!r}"
    return first if len(rows) == 1 else f"{first} and {len(rows) - 1} more"


def _train(training: Training, root: Path, report: Report) -> None:
    """Bring one training to its end; where it fails, keep why in its folder."""
    note = training.folder / PROBLEM
    note.unlink(missing_ok=True)
    if training.problem:  # other settings
        raise BadInput(training.problem)
    try:
        process.train(training.config, root, training.folder, report)
    except CotpdError as error:
        training.folder.mkdir(parents=True, exist_ok=True)
        with replacing(note) as part:
            part.write_text(str(error), encoding="utf-8")
        raise
