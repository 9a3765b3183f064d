"""What every value of this project shares: it never changes, and its id is a hash of its content."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator


class Value(BaseModel):
    """An immutable, validated value. Unknown fields are refused, so a misspelt name never passes in silence.

    So are infinite numbers, which JSON cannot hold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Record(Value):
    """A value with an identity of its own.

    Two records with equal content have equal ids, on any machine and in any order of fields. Fields named in
    `circumstances` say how a record came about, not what it is (when, how long, how many tokens), and stay out.
    """

    circumstances: ClassVar[dict[str, Any]] = {}

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        self.model_dump_json()  # raises a ValueError where a text holds half of a surrogate pair
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A changed copy: validated, and with an id of its own."""
        return type(self).model_validate({**self.model_dump(), **(update or {})})

    @cached_property
    def id(self) -> str:
        """32 hex digits of the SHA-256 of the record's class and content."""
        content = self.model_dump(mode="json", exclude=self.circumstances or None)
        canonical = json.dumps([type(self).__name__, content], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]
