"""Which captioners, teachers and students can be used here, and why the others can't. Loads no weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from core import captioners, prediction, teachers
from core.domain.record import Value
from core.errors import CotpdError
from core.settings import Settings

Kind = Literal["captioner", "teacher", "student"]


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
    found += [
        Finding(kind="student", name=name, chosen=name == settings.student, problem=prediction.unusable(folder))
        for name, folder in prediction.student_folders(settings).items()
    ]
    if settings.student not in prediction.student_folders(settings):
        problem = prediction.unusable(Path(settings.student))
        found.append(Finding(kind="student", name=settings.student, chosen=True, problem=problem))
    for kind, name, known in (
        ("captioner", settings.captioner, captioners.names()),
        ("teacher", teachers.choose(settings), teachers.names()),
    ):
        if name not in known:
            problem = f"no {kind} is called {name!r}; there are: {', '.join(known)}"
            found.append(Finding(kind=kind, name=name, chosen=True, problem=problem))
    return found


def _problem(unusable: Callable[[Settings], str | None], settings: Settings) -> str | None:
    """Why it can't be used; a setting that makes no sense is a finding too."""
    try:
        return unusable(settings)
    except CotpdError as error:
        return str(error)
