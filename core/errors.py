"""The few ways in which work can fail for a reason that a user can mend.

The library raises them; only the doors (batch commands and pages) turn them into words on a screen. Every message
says what was wrong, with what value, where, and how to mend it.
"""

from typing import Literal

from pydantic import ValidationError

from core.printable import printable

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


class Overtaken(CotpdError):
    """Somebody else changed meanwhile what was to be changed; so it was not."""


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


LONGEST_VALUE = 100
"""Characters of a field or a bad value that a message repeats; longer ones would hide the reason behind them."""


def complaint(error: ValidationError) -> str:
    """The first thing that a validation found wrong, in one line: field, value, why.

    A field that should not be there comes before one that is missing, for it may be that one misspelt. The value is
    left out where the field is missing or holds a whole section, and where it is long.
    """
    first = min(error.errors(include_url=False), key=lambda each: each["type"] == "missing")
    place = " ".join(printable(".".join(map(str, first["loc"]))).split())[:LONGEST_VALUE]
    reason = first["msg"].removeprefix("Value error, ")
    if not place:  # of several fields together, which the reason names
        return reason
    value = "" if first["type"] == "missing" else _told(first["input"])
    return f"{place} = {value}: {reason}" if value else f"{place}: {reason}"


def _told(value: object) -> str:
    """A word, a number, or a list of these, as it would be written; nothing where it is anything else, or long."""
    if not all(isinstance(each, str | int | float | None) for each in (value if isinstance(value, list) else [value])):
        return ""
    try:
        told = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return ""
    return told if len(told) <= LONGEST_VALUE else ""


def first_line(error: Exception) -> str:
    """What a library says went wrong, without the pages that some add."""
    return str(error).strip().partition("\n")[0]
