"""Head and tail of the relation that is asked for, drawn over the words of the tweet in the form."""

from dataclasses import replace

import streamlit as st

from app import inert, span_editor
from core.domain import Sample
from core.review import editing
from core.review.editing import HEAD, TAIL, Draft, pair_of

_OTHER = {HEAD: TAIL, TAIL: HEAD}


def take(sample: Sample) -> None:
    """Mark what a known sample has marked."""
    st.session_state.pair = editing.draft(sample) if sample.relation else None
    st.session_state.pop("end", None)


def of_tweet() -> Draft:
    """The tweet in the form with its head and tail, as far as they are marked; what was marked moves with its words.

    Raises:
        BadInput: the tweet is empty, or longer than a tweet can be.
    """
    text: str = st.session_state.get("tweet") or ""
    kept: Draft | None = st.session_state.get("pair")
    if kept is None:
        kept = editing.draft(Sample.from_text(text, task="mre"))
    ends = pair_of(kept.spans) if len(kept.spans) == len(_OTHER) else None
    made = editing.reword(Sample(task="mre", text=kept.text, tokens=kept.tokens, relation=ends), kept, text)
    if len(made.spans) != len(kept.spans):
        st.session_state.pop("end", None)  # the next to be marked is one that was lost
    st.session_state.pair = made
    return made


def show() -> None:
    """The words of the tweet, over which head and tail are dragged."""
    if not (st.session_state.get("tweet") or "").strip():
        inert.show("Write the tweet first, then mark two mentions in it: the head, and the tail it is related to.")
        return
    made = of_tweet()
    marked = {span.type for span in made.spans}
    st.session_state.setdefault("end", _next(marked))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control("Mark the", [HEAD, TAIL], key="end", required=True, persist_state="session")
        st.button("Swap them", icon=":material/swap_horiz:", on_click=_swap, disabled=len(marked) < len(_OTHER))
    if made.lost:
        inert.show(f"Not found in the new words: {', '.join(made.lost)}. Mark it anew.", faint=True)
    span_editor.show(made.tokens, made.spans, key="pair_words", on_drawn=_draw)
    st.caption("Drag over words, or tap one; tap it again to take the mark away. How is the head related to the tail?")


def _draw(start: int, end: int, of: str) -> None:
    """Words were dragged over; where others stand by now, nobody dragged over those."""
    made: Draft = st.session_state.pair
    if of != span_editor.mark_of(made.tokens):
        return
    kind: str = st.session_state.end
    spans = editing.drawn(made.spans, start, end, kind)
    st.session_state.pair = replace(made.with_spans(spans), lost=())
    marked = {span.type for span in spans}
    st.session_state.end = kind if len(marked) == len(_OTHER) else _next(marked)


def _next(marked: set[str]) -> str:
    return TAIL if marked == {HEAD} else HEAD


def _swap() -> None:
    made: Draft = st.session_state.pair
    swapped = (span.model_copy(update={"type": _OTHER[span.type]}) for span in made.spans)
    st.session_state.pair = replace(made, spans=tuple(swapped))
