"""What people said: about an augmentation, a decision; about a case, a note."""

from typing import Literal

from pydantic import AwareDatetime, Field

from core.domain.record import Record

Choice = Literal["approved", "rejected", "withdrawn"]


class Decision(Record):
    """One entry of the append-only history: who said what about which variant, and when (UTC). The latest counts."""

    augmentation_id: str
    choice: Choice
    reviewer: str = Field(min_length=1, max_length=100)
    at: AwareDatetime
    reason: str | None = None


class Note(Record):
    """What somebody remarks on a case. Notes are only ever added."""

    case_id: str
    text: str = Field(min_length=1, max_length=2000)
    author: str = Field(min_length=1, max_length=100)
    at: AwareDatetime
