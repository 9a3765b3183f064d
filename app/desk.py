"""What lies on the review desk: a card, the student's opinion of it, its history."""

from typing import Literal

import streamlit as st

from app import inert, marks, resources
from core.domain import State
from core.review import opinions, wording
from core.review.editing import spans_of
from core.review.history import history, lineage
from core.store.queue import Item

STATE_LOOKS: dict[State, tuple[str, Literal["gray", "green", "blue", "red", "orange"]]] = {
    "pending": ("hourglass_empty", "gray"),
    "approved": ("check", "green"),
    "edited": ("edit", "blue"),
    "rejected": ("close", "red"),
    "skipped": ("skip_next", "gray"),
    "flagged": ("flag", "orange"),
}

KIND_NAMES = {"style": "Another style", "entity": "Another entity", "image": "An imagined picture"}


def show_card(item: Item) -> None:
    """A variant beside its parent: what changed, which spans both have, and what the teacher says of it.

    A variant with another picture has its parent's words: these are shown once, with both pictures in words.
    """
    show_facts(item)
    gone, new = wording.changed_words(item.parent.tokens, item.variant.tokens)
    with st.container(border=True):
        relabelled = spans_of(item.parent) not in ((), spans_of(item.variant))
        if gone or new or relabelled or not item.augmentation.caption:
            st.caption("The parent")
            marks.show_tweet(item.parent, spans_of(item.parent), gone=gone)
            st.caption("The variant")
        else:
            st.caption("The tweet")
        marks.show_tweet(item.variant, spans_of(item.variant), new=new)
        if item.variant.relation and item.variant.relation.label:
            marks.show_relation(item.variant, item.variant.relation.label)
        elif item.variant.relation:
            inert.show(f"{item.variant.ends}: how they are related is not known.", faint=True)
        show_picture(item)


def show_empty() -> None:
    """Why there is nothing to decide on."""
    if any(resources.store().queue.tally().values()):
        st.success("Nothing is left here. Choose another state or filter in the sidebar.")
    else:
        st.info("There are no variants yet: study a tweet, or have a job make new samples of a corpus.")


def show_facts(item: Item) -> None:
    """One line on what the variant is, who made it, and the teacher's verdict."""
    icon, colour = STATE_LOOKS[item.state]
    made = item.augmentation
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(item.state, icon=f":material/{icon}:", color=colour)
        st.badge(KIND_NAMES[made.kind], color="violet")
        if made.verdict:
            margin = "" if made.verdict.margin is None else f" ({made.verdict.margin:+.1f})"
            st.badge(f"Possible in fact? {made.verdict.answer}{margin}", color="blue")
        if made.dropped:
            st.badge(f"dropped: {inert.label(made.dropped)}", color="orange")
        if item.disputed:
            st.badge("reviewers disagree", color="orange")
        st.caption(f"by {inert.label(made.maker.model)}")


def show_picture(item: Item) -> None:
    """The tweet's picture, and its caption or the one that was imagined in its place."""
    path = resources.store().image(item.parent.image) if item.parent.image else None
    kept = resources.store().captions(item.parent.id)[:1]
    if not (path or kept or item.augmentation.caption):
        return
    with st.container(horizontal=True):
        if path:
            st.image(path, width=200, alt="The tweet's picture")
        with st.container():
            if kept:
                st.caption("The picture in words")
                inert.show(kept[0].text)
            if item.augmentation.caption:
                st.caption("The picture that was imagined")
                inert.show(item.augmentation.caption)


def show_opinion(item: Item, *, asked: bool) -> None:
    """What the student finds in the variant, once it was asked; `asked` says that it is being."""
    asking = resources.opinions()
    now = resources.store().queue.find(item.augmentation.id)
    if now is None:
        return
    mark = asking.mark(now.variant.task)
    kept = opinions.kept_opinion(resources.store(), now, mark)
    st.caption(f"What the student {inert.label(asking.student(now.variant.task))} finds in the variant")
    if kept is None:
        if mark and now.student == mark:
            why = "It cannot read this variant."
        else:
            why = asking.problem(now.variant.task) or "It is being asked." if asked else "It has not been asked yet."
        inert.show(why, faint=True)
        return
    marks.show_answer(now.variant, kept.without_knowledge.answer)
    if kept.with_knowledge and now.changes:
        st.caption(f"With knowledge ({now.changes} changed)")
        marks.show_answer(now.variant, kept.with_knowledge.answer)


def show_history(item: Item, *, blind: bool) -> None:
    """Where the variant comes from, and all that was decided about it."""
    store = resources.store()
    line = lineage(store, item.augmentation)
    for each in line.before:
        inert.show(f"Edited from: {wording.in_a_line(each)}", faint=True)
    for each in () if blind else line.after:
        inert.show(f"Edited to: {wording.in_a_line(each)}", faint=True)
    events = history(store, item.augmentation.id)
    if blind:
        inert.show("Others' votes are hidden until you have voted.", faint=True)
    elif not events:
        inert.show("Nobody has decided on it yet.", faint=True)
    for event in () if blind else events:
        taken_back = ", taken back since" if event.undone else ""
        change = f"{event.old or 'nothing'} → {event.new or 'nothing'}{taken_back}"
        reason = f"\n“{event.reason}”" if event.reason else ""
        inert.show(f"{event.at:%Y-%m-%d %H:%M:%S} UTC · {event.reviewer}: {change}{reason}")
    inert.show(f"Id: {item.augmentation.id}", faint=True)
