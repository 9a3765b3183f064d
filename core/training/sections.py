"""The parts of a knowledge view that an ablation can leave out (paper, Table 2)."""

import re
from collections.abc import Container, Mapping
from dataclasses import replace

from core.corpora import Row
from core.domain import GRAINS, Grain
from core.student.views import sections
from core.training.config import PARTS

_REASONING = re.compile(r"\s*Reasoning\s*:", re.IGNORECASE)
"""Published knowledge lists the entities, then reasons; what stands before this word is the list."""


def kept_sections(row: Row, without: Container[str]) -> list[str]:
    """The sections of a row's knowledge view, but for the parts that are left out."""
    kept = keep(row, without)
    return sections(kept.caption, kept.knowledge)


def keep(row: Row, without: Container[str]) -> Row:
    """A row without some parts of its caption and knowledge."""
    return tell(row, {part: text for part, text in parts_of(row).items() if part not in without})


def parts_of(row: Row) -> dict[str, str]:
    """The parts of a row's caption and knowledge that say anything, in the order of `PARTS`."""
    mixed = row.knowledge.get("mixed", "")
    at = reasoning_begins(mixed)
    texts: dict[str, str] = {"caption": row.caption or "", "entities": mixed[:at], "reasoning": mixed[at:]}
    texts |= {str(grain): text for grain, text in row.knowledge.items()}
    return {part: texts[part] for part in PARTS if texts.get(part, "").strip()}


def tell(row: Row, parts: Mapping[str, str]) -> Row:
    """A row with these parts for its caption and knowledge, and no others."""
    whole: tuple[Grain, ...] = ("summary", *GRAINS)
    knowledge: dict[Grain, str] = {grain: parts[grain] for grain in whole if grain in parts}
    if mixed := (parts.get("entities", "") + parts.get("reasoning", "")).strip():
        knowledge["mixed"] = mixed
    return replace(row, caption=parts.get("caption"), knowledge=knowledge)


def reasoning_begins(mixed: str) -> int:
    """Where the second half of mixed knowledge begins; a text that has no such halves is reasoning as a whole."""
    cut = _REASONING.search(mixed)
    return cut.start() if cut else 0
