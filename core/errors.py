"""The few ways in which work can fail for a reason that a user can mend.

The library raises them; only the doors (batch commands and pages) turn them into words on a screen. Every message
says what was wrong, with what value, where, and how to mend it.
"""

from typing import Literal

Reason = Literal[
    "key refused",
    "quota used up",
    "not found",
    "request refused",
    "overloaded",
    "server error",
    "unreachable",
    "silent",
    "cut short",
    "nonsense",
    "wrong model",
    "empty",
    "length",
    "filtered",
    "refusal",
    "echo",
]
"""Why a teacher gave no usable answer. The last four are about the answer itself, all others about its endpoint."""


class CotpdError(Exception):
    """Any failure that this project foresees and explains."""


class BadInput(CotpdError):
    """What the user gave cannot be used: a file, a tweet, an image, an option."""


class Unavailable(CotpdError):
    """A model that was asked for cannot be used here: weights, a package or a setting are missing."""


class CaptionerError(CotpdError):
    """The captioner did not give a usable caption: its process ended, its memory is full, or it answered nonsense."""


class Forbidden(CotpdError):
    """What somebody's role does not let them do."""


class TeacherError(CotpdError):
    """The teacher did not give a usable answer: refused, timed out, overloaded, or answered nonsense.

    `reason` names the kind of failure, to count and to act by; `retry_after` is how many seconds the endpoint asks to
    be left alone, where it says so.
    """

    def __init__(self, message: str, reason: Reason, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.retry_after = retry_after

    @property
    def is_about_the_answer(self) -> bool:
        """Whether an answer came, and is of no use: the endpoint does what it should."""
        return self.reason in ("length", "filtered", "refusal", "echo")


class StoreError(CotpdError):
    """The workspace's database cannot be read or written: locked, read-only, or made by a newer version."""


def first_line(error: Exception) -> str:
    """What a library says went wrong, without the pages that some add."""
    return str(error).strip().partition("\n")[0]
