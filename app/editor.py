"""A variant at the desk, open for other words, other spans, or another relation."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from app import inert, marks, resources, span_editor
from core.evaluation.mre import MNRE_23, in_words
from core.review import editing
from core.store.queue import Item

DEFAULT_TYPES = ("PER", "LOC", "ORG", "MISC")


def begin(item: Item) -> None:
    """Open a card; what is edited is `draft`, `words`, `imagined`, `relation` and `drawing` in the session's state."""
    started = editing.draft(item.variant)
    st.session_state.update(draft=started, words=started.text, imagined=item.augmentation.caption)
    st.session_state.relation = started.label
    st.session_state.drawing = started.spans[0].type if started.spans else types(item)[0]


def types(item: Item) -> tuple[str, ...]:
    """What a span can be, on a card."""
    if item.variant.relation:
        return (editing.HEAD, editing.TAIL)
    return tuple(resources.store().queue.known("type")) or DEFAULT_TYPES


def take_words(item: Item) -> None:
    """The text was changed: find the spans in it."""
    st.session_state.draft = editing.reword(item.variant, st.session_state.draft, st.session_state.words)


def show(item: Item, attempt: Callable[[Callable[[], object]], None]) -> None:
    """The card's fields; what is done in them goes through `attempt`, which tells what fails."""
    draft = st.session_state.draft
    with st.container(border=True):
        st.caption("The parent")
        marks.show_tweet(item.parent, editing.spans_of(item.parent))
        if item.augmentation.caption is not None:
            st.text_area("The picture that was imagined", key="imagined", height=100, persist_state="session")
        st.text_area(
            "Words of the variant",
            key="words",
            height=100,
            on_change=lambda: attempt(partial(take_words, item)),
            persist_state="session",
        )
        if item.variant.relation:
            st.selectbox(
                "How the head is related to the tail",
                _relations(),
                index=None,
                format_func=lambda label: inert.short(in_words(label), 60),
                placeholder="Not known",
                key="relation",
                on_change=lambda: attempt(_take_relation),
                persist_state="session",
            )
        st.caption("Drag over words to draw a span of the chosen type; click a span to take it away.")
        span_editor.show(
            draft.tokens, draft.spans, key="spans", on_drawn=lambda a, b, of: attempt(partial(_take_span, a, b, of))
        )
        if draft.lost:
            inert.show("Not found in the new words: " + ", ".join(draft.lost), faint=True)


def _relations() -> list[str]:
    """How head and tail can be related: MNRE's relations, and those that the queue holds."""
    return sorted({*MNRE_23, *resources.store().queue.known("label")})


def _take_relation() -> None:
    """A relation was chosen."""
    st.session_state.draft = replace(st.session_state.draft, label=st.session_state.relation)


def _take_span(start: int, end: int, of: str) -> None:
    """Words were dragged over: they become a span, or one of them in a span takes it away.

    Where other words stand there by now, nobody has dragged over those.
    """
    draft = st.session_state.draft
    if of != span_editor.mark_of(draft.tokens):
        return
    st.session_state.draft = draft.with_spans(editing.drawn(draft.spans, start, end, st.session_state.drawing))
