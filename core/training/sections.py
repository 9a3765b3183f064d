"""The parts of a knowledge view that an ablation can leave out (paper, Table 2)."""

import re
from collections.abc import Container
from dataclasses import replace

from core.corpora import Row
from core.student.views import sections

_REASONING = re.compile(r"\s*Reasoning\s*:", re.IGNORECASE)
"""Published knowledge lists the entities, then reasons; what stands before this word is the list."""


def kept_sections(row: Row, without: Container[str]) -> list[str]:
    """The sections of a row's knowledge view, but for the parts that are left out."""
    kept = keep(row, without)
    return sections(kept.caption, kept.knowledge)


def keep(row: Row, without: Container[str]) -> Row:
    """A row without some parts of its caption and knowledge."""
    thoughts = {grain: text for grain, text in row.knowledge.items() if grain not in without}
    if "mixed" in thoughts:
        at = reasoning_begins(thoughts["mixed"])
        entities = "" if "entities" in without else thoughts["mixed"][:at]
        reasoning = "" if "reasoning" in without else thoughts["mixed"][at:]
        thoughts["mixed"] = (entities + reasoning).strip()
    return replace(row, caption=None if "caption" in without else row.caption, knowledge=thoughts)


def reasoning_begins(mixed: str) -> int:
    """Where the second half of mixed knowledge begins; a text that has no such halves is reasoning as a whole."""
    cut = _REASONING.search(mixed)
    return cut.start() if cut else 0
