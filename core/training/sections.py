"""The parts of a knowledge view that an ablation can leave out (paper, Table 2)."""

import re
from collections.abc import Container

from core.corpora import Row
from core.student.views import sections

_REASONING = re.compile(r"\s*Reasoning\s*:", re.IGNORECASE)
"""Published knowledge lists the entities, then reasons; what stands before this word is the list."""


def kept_sections(row: Row, without: Container[str]) -> list[str]:
    """The sections of a row's knowledge view, but for the parts that are left out."""
    thoughts = {grain: text for grain, text in row.knowledge.items() if grain not in without}
    if "mixed" in thoughts:
        thoughts["mixed"] = _part_of(thoughts["mixed"], without)
    return sections(None if "caption" in without else row.caption, thoughts)


def _part_of(mixed: str, without: Container[str]) -> str:
    """The halves of mixed knowledge that are kept; a text that has no such halves is reasoning as a whole."""
    cut = _REASONING.search(mixed)
    at = cut.start() if cut else 0
    entities = "" if "entities" in without else mixed[:at]
    reasoning = "" if "reasoning" in without else mixed[at:]
    return (entities + reasoning).strip()
