"""Spans on a tweet: each mention in the colour of its type, with its type and confidence in words."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

import streamlit as st

from app.inert import direction, escaped, markup
from core.domain import Answer, Entity, Sample, ScoredEntity
from core.evaluation.mre import NONE, in_words
from core.review.editing import HEAD, TAIL, spans_of

# Okabe and Ito's colours, told apart by colour-blind eyes; the tints carry dark text on any theme.
_COLOURS = {
    "PER": ("#0072b2", "#d6eaf8"),
    "LOC": ("#007a5a", "#d3f0e6"),
    "ORG": ("#b34700", "#fde3d2"),
    "MISC": ("#9c4483", "#f6e0ee"),
    "OTHER": ("#9c4483", "#f6e0ee"),
    HEAD: ("#0072b2", "#d6eaf8"),
    TAIL: ("#b34700", "#fde3d2"),
}
_UNKNOWN = ("#666666", "#e8e8e8")

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


def colours(kind: str | None) -> dict[str, str]:
    """The line and the tint of an entity type; none for words outside of all."""
    line, tint = _COLOURS.get(kind, _UNKNOWN) if kind else ("", "")
    return {"line": line, "tint": tint}


def show_tweet(
    sample: Sample,
    entities: Sequence[Entity],
    changed: Collection[tuple[int, int]] = (),
    *,
    gone: Collection[int] = (),
    new: Collection[int] = (),
) -> None:
    """A tweet with its mentions marked; those whose span is in `changed` have a dashed frame.

    Words whose index is in `gone` are struck, those in `new` are underlined.
    """

    def written(start: int, end: int, within: Sequence[Entity], *, isolated: bool = True) -> str:
        """Characters `[start, end)` as HTML; a relation's head may lie in its tail, and is a mark inside that mark."""
        pieces, left = [], sorted(within, key=lambda entity: (entity.start, -entity.end))
        while left:
            entity, left = left[0], left[1:]
            inner = [each for each in left if each.end <= entity.end]
            left = [each for each in left if each.start >= entity.end]  # half inside is not drawn
            first, last = sample.characters(entity)
            pieces.append(_words(sample, start, first, gone, new, isolated=isolated))
            inside = written(first, last, inner, isolated=False)
            pieces.append(_mark(inside, entity, framed=(entity.start, entity.end) in changed))
            start = last
        return "".join([*pieces, _words(sample, start, end, gone, new, isolated=isolated)])

    style = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:2.1;font-size:1.05rem"
    words = written(0, len(sample.text), entities)
    st.html(f'<div dir="{direction(sample.text)}" style="{style}">{words}</div>')


def show_answer(sample: Sample, answer: Answer, changed: Collection[tuple[int, int]] = ()) -> None:
    """What a student found: the tweet with its mentions or, of a pair, with head and tail and how they are related.

    What differs from another answer, by its span in `changed`, has a dashed frame.
    """
    if answer.relation is None:
        show_tweet(sample, answer.entities, changed)
        return
    show_tweet(sample, spans_of(sample), changed)
    show_relation(sample, answer.relation.label, answer.relation.score)


def show_relation(sample: Sample, label: str, score: float | None = None) -> None:
    """How head and tail are related: in words, and by the label that the corpus has for it."""
    sure = "" if score is None else f" {score:.0%}"
    named = "" if label == NONE else f'<small style="opacity:.7">{escaped(label)}</small>'
    st.html(f"<div>{escaped(sample.ends)}: <b>{escaped(in_words(label))}</b>{sure}</div>{named}")


def show_legend(kinds: Iterable[str]) -> None:
    """What each colour means."""
    items = (
        f'<span style="{_style(kind)};white-space:nowrap">{escaped(kind)}</span> {escaped(TYPE_NAMES.get(kind, ""))}'
        for kind in kinds
    )
    st.html(f'<div style="font-size:.85rem;line-height:2.2">{" &emsp; ".join(items)}</div>')


def _words(
    sample: Sample, start: int, end: int, gone: Collection[int], new: Collection[int], *, isolated: bool = True
) -> str:
    """Characters `[start, end)` as HTML; neighbours that changed alike share one mark."""
    written = escaped if isolated else markup
    pieces = []
    runs = groupby(range(len(sample.tokens)), key=lambda at: "del" if at in gone else "ins" if at in new else "")
    for tag, run in runs if gone or new else ():
        tokens = list(run)
        first, last = max(start, sample.offsets[tokens[0]][0]), min(end, sample.offsets[tokens[-1]][1])
        if tag and first < last:
            pieces += [written(sample.text[start:first]), f"<{tag}>{written(sample.text[first:last])}</{tag}>"]
            start = last
    return "".join([*pieces, written(sample.text[start:end])])


def _mark(words: str, entity: Entity, *, framed: bool) -> str:
    # The mark keeps its direction to itself as a whole: at a <bdi> within it, a line would break behind its padding.
    score = f"&nbsp;{entity.score:.0%}" if isinstance(entity, ScoredEntity) else ""
    frame = f";outline:2px dashed {colour(entity.type)};outline-offset:2px;margin:0 4px" if framed else ""
    note = f'<small style="font-weight:600;color:{colour(entity.type)}"> {escaped(entity.type)}{score}</small>'
    return f'<mark dir="auto" style="unicode-bidi:isolate;{_style(entity.type)}{frame}">{words}{note}</mark>'


def _style(kind: str) -> str:
    line, tint = _COLOURS.get(kind, _UNKNOWN)
    box = "border-radius:4px;padding:1px 5px;-webkit-box-decoration-break:clone;box-decoration-break:clone"
    return f"background:{tint};color:#1a1a1a;border-bottom:3px solid {line};{box}"
