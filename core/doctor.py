"""Which captioners, teachers and students can be used here, and why the others can't. Loads no weights."""

from pathlib import Path
from typing import Literal

from core import captioners, prediction, teachers
from core.domain.record import Value
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
            problem=captioners.find(name).unusable(settings),
        )
        for name in captioners.names()
    ]
    found += [
        Finding(
            kind="teacher",
            name=name,
            chosen=name == teachers.choose(settings),
            problem=teachers.find(name).unusable(settings),
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
    return found
