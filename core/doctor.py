"""Which captioners, teachers and students can be used here, and why the others can't. Loads no weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from core import captioners, students, teachers
from core.domain import Task
from core.domain.record import Value
from core.errors import CotpdError
from core.settings import Settings

Kind = Literal["captioner", "teacher", "student", "relation_student"]
"""As the setting that chooses one is called."""


class Finding(Value):
    """One model: `problem` says why it can't be used, and what to do; None where it can."""

    kind: Kind
    name: str
    chosen: bool
    problem: str | None


def examine(settings: Settings) -> list[Finding]:
    """All models there are a file for, and whether the settings choose them."""
    found = [
        Finding(
            kind="captioner",
            name=name,
            chosen=name == settings.captioner,
            problem=_problem(captioners.find(name).unusable, settings),
        )
        for name in captioners.names()
    ]
    found += [
        Finding(
            kind="teacher",
            name=name,
            chosen=name == teachers.choose(settings),
            problem=_problem(teachers.find(name).unusable, settings),
        )
        for name in teachers.names()
    ]
    found += _students(settings)
    for kind, name, known in (
        ("captioner", settings.captioner, captioners.names()),
        ("teacher", teachers.choose(settings), teachers.names()),
    ):
        if name not in known:
            problem = f"no {kind} is called {name!r}; there are: {', '.join(known)}"
            found.append(Finding(kind=kind, name=name, chosen=True, problem=problem))
    return found


def _students(settings: Settings) -> list[Finding]:
    """The students of either task, the one that the settings name with its problem even where it is of the other."""
    folders = students.student_folders(settings)
    found = []
    kinds: tuple[tuple[Kind, Task, str], ...] = (
        ("student", "mner", "entities"),
        ("relation_student", "mre", "relations"),
    )
    for kind, task, what in kinds:
        name = settings.of_task(task).student
        for each, folder in {**folders, name: folders.get(name, Path(name))}.items():
            finds = students.task_of(folder)
            if finds == task or each == name:
                problem = students.unusable(folder) or (None if finds == task else f"it does not find {what}")
                found.append(Finding(kind=kind, name=each, chosen=each == name, problem=problem))
    return found


def _problem(unusable: Callable[[Settings], str | None], settings: Settings) -> str | None:
    """Why it can't be used; a setting that makes no sense is a finding too."""
    try:
        return unusable(settings)
    except CotpdError as error:
        return str(error)
