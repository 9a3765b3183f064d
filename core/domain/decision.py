"""What people said: about an augmentation, a decision; about a case, a note."""

import operator
from typing import Literal

from pydantic import AwareDatetime, Field

from core.domain.record import Record

Choice = Literal["approved", "rejected", "edited", "skipped", "flagged", "withdrawn"]

State = Literal["pending", "approved", "edited", "rejected", "skipped", "flagged"]
"""Where a variant stands after all that was decided about it."""


def _is_none(value: object) -> bool:
    return value is None


class Decision(Record):
    """One entry of the append-only history: who said what about which variant, and when (UTC).

    Decisions of one `act` were made at once and are taken back at once: by decisions that name it in `undoes`. What
    was taken back counts no more. `edit` is the id of the augmentation that an edit made; `adjudicates` says that this
    ends a disagreement; `seconds` is how long the reviewer had the variant on the screen.

    A field that is not set stays out of the record, so that those of older versions keep their ids.
    """

    augmentation_id: str
    choice: Choice
    reviewer: str = Field(min_length=1, max_length=100)
    at: AwareDatetime
    reason: str | None = None
    act: str | None = Field(default=None, exclude_if=_is_none)
    undoes: str | None = Field(default=None, exclude_if=_is_none)
    edit: str | None = Field(default=None, exclude_if=_is_none)
    adjudicates: bool = Field(default=False, exclude_if=operator.not_)
    seconds: float | None = Field(default=None, ge=0, exclude_if=_is_none)


class Note(Record):
    """What somebody remarks on a case. Notes are only ever added."""

    case_id: str
    text: str = Field(min_length=1, max_length=2000)
    author: str = Field(min_length=1, max_length=100)
    at: AwareDatetime
