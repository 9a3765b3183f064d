"""What a teacher's answer says, read strictly.

Around the form that was asked for, a code fence and white space are tolerated. Anything else is not parsed: no guess
is made at what the teacher may have meant.
"""

import re
from collections.abc import Collection

from pydantic import TypeAdapter, ValidationError

from core.domain.record import Value

_FENCE = re.compile(r"```\w*\s*\n(.*)```", re.DOTALL)


class Mention(Value):
    """A named entity in the teacher's words: neither need the text stand in the tweet, nor the type exist."""

    text: str
    type: str


_MENTIONS = TypeAdapter(tuple[Mention, ...])


def parse_mentions(answer: str) -> tuple[Mention, ...] | None:
    """The mentions in a JSON list of objects with `text` and `type` and nothing else; None for any other answer."""
    try:
        return _MENTIONS.validate_json(_bare(answer), strict=True)
    except ValidationError:
        return None


def parse_label(answer: str, labels: Collection[str]) -> str | None:
    """The answer, if it is one of the labels exactly as it is written; else None."""
    label = _bare(answer)
    return label if label in labels else None


def _bare(answer: str) -> str:
    answer = answer.strip()
    fenced = _FENCE.fullmatch(answer)
    return fenced[1].strip() if fenced else answer
