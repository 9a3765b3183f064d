"""Whether the picture has to do with the tweet, as the thought about both says it: read off its words."""

import re
from typing import Literal

from core.corpora import Row

Relatedness = Literal["related", "unrelated", "unclear", "not said"]

_ABOUT_PICTURE = re.compile(r"\b(image|picture|photo|photograph|caption)\b", re.IGNORECASE)
_UNRELATED = re.compile(
    r"\b(un|ir)related|\bunconnected|"
    r"\b(not|n't|no|without)\b[^.]{0,40}\b(relat|relev|connect|link|correspond|associat|bearing)|"
    r"\bnothing to do with\b",
    re.IGNORECASE,
)
_UNCLEAR = re.compile(
    r"may or may not|\bunclear\b|not clear|\bmay not\b|might not|cannot be determined|uncertain", re.IGNORECASE
)


def relatedness(row: Row) -> Relatedness:
    """What the multimodality thought says; in mixed knowledge, its sentences about the picture.

    Words decide: "unrelated", "does not appear to be related", "no connection" and the like mean unrelated; "may or may
    not" and the like unclear; a thought about the picture that says neither counts as related.
    """
    thought = row.knowledge.get("multimodality") or row.knowledge.get("mixed", "")
    sentences = [each for each in re.split(r"(?<=[.!?])\s+", thought) if _ABOUT_PICTURE.search(each)]
    about = " ".join(sentences)
    if not about:
        return "not said"
    if _UNCLEAR.search(about):
        return "unclear"
    return "unrelated" if _UNRELATED.search(about) else "related"
