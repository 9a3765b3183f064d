"""What a training tells while it runs."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class TeacherProgress:
    """How many of the samples a teacher that stands still has labelled, before the first step."""

    done: int
    of: int
    seconds_left: float


@dataclass(frozen=True)
class Progress:
    """Where a training stands. `seconds_left` counts what is between epochs, once it was seen how long it takes."""

    step: int
    steps: int
    epoch: int
    loss: float
    best_f1: float | None
    seconds_left: float


Told = Progress | TeacherProgress
Report = Callable[[Told], None]
