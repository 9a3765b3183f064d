"""Spans on a tweet: each mention in the colour of its type, with its type and confidence in words."""

from collections.abc import Collection, Iterable, Sequence

import streamlit as st

from app.inert import escaped
from core.domain import Entity, Sample, ScoredEntity

# Okabe and Ito's colours, told apart by colour-blind eyes; the tints carry dark text on any theme.
_COLOURS = {
    "PER": ("#0072b2", "#d6eaf8"),
    "LOC": ("#007a5a", "#d3f0e6"),
    "ORG": ("#b34700", "#fde3d2"),
    "MISC": ("#8a3a72", "#f6e0ee"),
    "OTHER": ("#8a3a72", "#f6e0ee"),
}
_UNKNOWN = ("#444444", "#e8e8e8")

TYPE_NAMES = {
    "PER": "person",
    "LOC": "place",
    "ORG": "organisation",
    "MISC": "something else that has a name",
    "OTHER": "something else that has a name",
}


def colour(kind: str) -> str:
    """The line colour of an entity type."""
    return _COLOURS.get(kind, _UNKNOWN)[0]


def show_tweet(sample: Sample, entities: Sequence[Entity], changed: Collection[tuple[int, int]] = ()) -> None:
    """A tweet with its mentions marked; those whose span is in `changed` have a dashed frame."""
    pieces = []
    position = 0
    for entity in entities:
        start, end = sample.characters(entity)
        pieces.append(escaped(sample.text[position:start]) if start > position else "")
        pieces.append(_mark(sample.text[start:end], entity, framed=(entity.start, entity.end) in changed))
        position = end
    pieces.append(escaped(sample.text[position:]) if position < len(sample.text) else "")
    style = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:2.1;font-size:1.05rem"
    st.html(f'<div dir="auto" style="{style}">{"".join(pieces)}</div>')


def show_legend(kinds: Iterable[str]) -> None:
    """What each colour means."""
    items = (
        f'<span style="{_style(kind)};white-space:nowrap">{escaped(kind)}</span> {escaped(TYPE_NAMES.get(kind, ""))}'
        for kind in kinds
    )
    st.html(f'<div style="font-size:.85rem;line-height:2.2">{" &emsp; ".join(items)}</div>')


def _mark(words: str, entity: Entity, *, framed: bool) -> str:
    score = f" {entity.score:.0%}" if isinstance(entity, ScoredEntity) else ""
    frame = f";outline:2px dashed {colour(entity.type)};outline-offset:2px" if framed else ""
    note = f'<small style="font-weight:600;color:{colour(entity.type)}"> {escaped(entity.type)}{score}</small>'
    return f'<mark style="{_style(entity.type)}{frame}">{escaped(words)}{note}</mark>'


def _style(kind: str) -> str:
    line, tint = _COLOURS.get(kind, _UNKNOWN)
    return f"background:{tint};color:#1a1a1a;border-bottom:3px solid {line};border-radius:4px;padding:1px 5px"
