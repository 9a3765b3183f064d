"""Review: variants one by one, decided with single keys."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from app import desk, editor, filters, inert, keys, people, problems, resources
from core import review
from core.domain import Choice
from core.errors import Overtaken
from core.review import editing, guidelines
from core.review.deciding import HASTY, would_adjudicate
from core.review.walk import Walk
from core.store.queue import Item

Work = Callable[[], object]

REASONS = ("Meaning changed", "Spans wrong", "Not possible", "No tweet")

LOOK = 1.0
"""Seconds between two looks for what the student says of the card, while it is asked."""

LAST_DIGIT = 9
"""A key is one sign: types beyond it are clicked."""


def wish() -> tuple[object, ...]:
    """What the way through the queue depends on."""
    return (*chosen, person.name)


def walk() -> None:
    """Begin this session's way through the queue; another filter begins a new one, but for an edit that is open."""
    if st.session_state.get("walked") != wish() and st.session_state.get("mode") != "edit":
        wanted, order, seed = chosen
        found = Walk(resources.store().queue, wanted, order, seed, person.name)
        st.session_state.update(walked=wish(), walk=found)
        to_card(st.session_state.get("said", ""))
    elif st.session_state.walk.item is None:  # there may be new ones by now
        st.session_state.walk.advance()
        if st.session_state.walk.item:
            to_card(st.session_state.said)
    if linked := st.query_params.get("card"):
        open_linked(linked)


def open_linked(card: str) -> None:
    """Show the card that a link names, once; an edit that is open goes first."""
    if st.session_state.mode == "edit" and card != at_hand():
        st.session_state.said = "This edit is open still: save or cancel it, and the linked variant comes."
        return
    del st.query_params["card"]
    if st.session_state.mode != "edit":
        st.session_state.walk.show(card)
        to_card("" if at_hand() == card else f"There is no variant {card}: the link is of another workspace.")


def attempt(work: Work, card: str | None = None) -> None:
    """Do what a key asks for; where it fails, the page says why and stays as it is.

    A key that was pressed on a `card` which is no longer at hand does nothing: nobody has read the next one yet.
    """
    if card is not None and card != at_hand():
        return
    with problems.noted("problem"):
        work()


def at_hand() -> str:
    """The id of the card at hand."""
    item = st.session_state.walk.item
    return item.augmentation.id if item else ""


def to_card(said: str) -> None:
    """Show the card at hand, and say what was done."""
    st.session_state.update(mode="card", said=said, shown=time.monotonic(), turn=st.session_state.get("turn", 0) + 1)


def seconds() -> float:
    """How long the card at hand was on the screen."""
    shown: float = st.session_state.shown
    return round(time.monotonic() - shown, 2)


def keep(choice: Choice, reason: str | None = None) -> None:
    """Keep a decision on the card at hand, and show the next one.

    Where somebody decided on it since it was shown, it is shown as it stands now.
    """
    way, took = st.session_state.walk, seconds()
    card = way.item.augmentation.id
    try:
        review.decide(
            resources.store(),
            card,
            choice,
            by=people.current(),
            reason=reason,
            adjudicates=None,
            seconds=took,
            seen={card: way.item.latest},
        )
    except Overtaken as error:
        way.refresh()
        to_card(inert.sentence(str(error)))
        return
    way.advance()
    hasty = f" after {took:.1f} s: was there time to read it?" if took < HASTY and choice != "skipped" else ""
    to_card(f"{choice.capitalize()}{hasty}")


def skip() -> None:
    """Go on; a card that waits for this person's word is marked as skipped."""
    way = st.session_state.walk
    way.refresh()
    if people.current().may("decide on variants") and way.item.state == "pending" and not has_voted():
        keep("skipped")
    else:
        way.advance()
        to_card("")


def back() -> None:
    """Show the card before."""
    st.session_state.walk.back()
    to_card("")


def undo() -> None:
    """Take back the latest act; one about many variants only after one more question."""
    queue, name = resources.store().queue, people.current().name.strip()
    act = queue.latest_act(name)
    if len(act) > 1 and act[0].choice != "edited" and not queue.took_back_of(name):
        st.session_state.update(mode="undo", act=act)
    else:
        take_back()


def take_back_act() -> None:
    """Take back the act that was asked about, if it is the latest still."""
    to_card("Something else was done meanwhile: nothing is taken back.")
    if resources.store().queue.latest_act(people.current().name.strip()) == st.session_state.act:
        take_back()


def take_back() -> None:
    """Take back the latest act, whole, and show what it was about."""
    undone = review.undo(resources.store(), by=people.current())
    way = st.session_state.walk
    way.show(undone[0].augmentation_id)
    way.refresh()
    many = f"{len(undone)} decisions" if len(undone) > 1 and undone[0].choice != "edited" else undone[0].choice
    to_card(f"Taken back: {many}")


def begin_edit() -> None:
    """Open the card at hand for another wording or other spans."""
    editor.begin(st.session_state.walk.item)
    st.session_state.mode = "edit"


def save_edit(told: tuple[str, ...]) -> None:
    """Keep the edited variant, approved, and show the next card.

    It stays open where the words that were typed last lost a mention of which nobody was `told` yet, or somebody
    decided on the variant meanwhile.
    """
    way, took = st.session_state.walk, seconds()
    item = way.item
    editor.take_words(item)
    if lost := [name for name in st.session_state.draft.lost if name not in told]:
        st.session_state.said = f"Not in the new words: {', '.join(lost)}. Mark it anew, or save once more without it."
        return
    variant = editing.finish(item.variant, st.session_state.draft)
    caption = st.session_state.imagined if item.augmentation.caption is not None else None
    try:
        review.edit(
            resources.store(),
            item.augmentation,
            variant,
            by=people.current(),
            caption=caption,
            adjudicates=None,
            seconds=took,
            seen={item.augmentation.id: item.latest},
        )
    except Overtaken as error:
        way.refresh()
        st.session_state.said = inert.sentence(str(error))
        return
    way.advance()
    to_card("Kept your edit, approved")


def adjudicates() -> bool:
    """Whether a decision on the card at hand ends a disagreement."""
    return would_adjudicate(resources.store(), st.session_state.walk.item, people.current())


def has_voted() -> bool:
    """Whether this person has a vote on the card at hand."""
    votes = resources.store().queue.votes(st.session_state.walk.item.augmentation.id)
    return people.current().name.strip() in {vote.reviewer for vote in votes}


def key_button(
    label: str, shortcut: str | None, icon: str | None, work: Work, *, key: str | None = None, **options: Any
) -> None:
    """A button with its key written on it, if it has one.

    Each card has its own, by turns: what was pressed on one that is no longer at hand is known by it.
    """
    st.button(
        label,
        key=f"do_{key or label}_{st.session_state.turn % 2}",
        icon=icon and f":material/{icon}:",
        shortcut=shortcut,
        on_click=attempt,
        args=(work, at_hand()),
        **options,
    )


def show_tools(way: Walk) -> None:
    """The buttons, always in the same place."""
    mode, empty = st.session_state.mode, way.item is None
    with st.container(horizontal=True, gap="small"):
        if mode == "card":
            key_button("Approve", "A", "check", partial(keep, "approved"), type="primary", disabled=empty)
            key_button("Reject", "X", "close", partial(st.session_state.update, mode="reject"), disabled=empty)
            key_button("Edit", "E", "edit", begin_edit, disabled=empty)
            key_button("Skip", "J", "skip_next", skip, disabled=empty)
            key_button("Back", "K", "skip_previous", back, disabled=not way.can_go_back)
            key_button("Flag", "F", "flag", partial(keep, "flagged"), disabled=empty)
            key_button("Undo", "U", "undo", undo)
        elif mode == "reject":
            for number, reason in enumerate(REASONS, start=1):
                key_button(reason, str(number), None, partial(keep, "rejected", reason))
            key_button("No reason", "X", None, partial(keep, "rejected"))
            key_button("Cancel", "Escape", "arrow_back", partial(to_card, ""), type="tertiary")
        elif mode == "undo":
            many = f"Yes, take back all {len(st.session_state.act):,} decisions"
            key_button(many, "Ctrl+Enter", "undo", take_back_act, key="undo_many", type="primary")
            key_button("No", "Escape", "arrow_back", partial(to_card, ""), type="tertiary")
        elif way.item:
            lost = st.session_state.draft.lost
            save = partial(save_edit, lost)  # which a press of before others were lost is known by, as by its card
            key_button("Save", "Ctrl+Enter", "check", save, key=f"Save_{len(lost)}", type="primary")
            key_button("Cancel", "Escape", "arrow_back", partial(to_card, ""), type="tertiary")
            for number, kind in enumerate(editor.types(way.item), start=1):
                here = st.session_state.drawing == kind
                key_button(
                    inert.label(kind, 20),
                    str(number) if number <= LAST_DIGIT else None,
                    "format_ink_highlighter",
                    partial(st.session_state.update, drawing=kind),
                    key=f"type_{number}",  # what is left of two long names may be the same
                    type="primary" if here else "secondary",
                )


def show_standing() -> None:
    """How far the queue is, and what was done last, in one line that is always there."""
    problems.show_noted("problem")
    tally = resources.store().queue.tally()
    total = sum(tally.values())
    done = tally["approved"] + tally["rejected"] + tally["edited"]
    own = resources.store().queue.votes_of(person.name.strip())
    st.progress(done / total if total else 0.0, text=f"{done:,} of {total:,} decided · {own:,} by you")
    show_said()


def show_said() -> None:
    """What was done last, or a field for a reason in one's own words: a line that is always there."""
    with st.container(horizontal=True, vertical_alignment="center", height=48, border=False):
        if st.session_state.mode == "reject":
            show_reason()
        else:
            inert.say(st.session_state.said or "\N{NO-BREAK SPACE}")
        if st.session_state.mode == "card":
            key_button("Take back", "Ctrl+Z", "undo", undo, type="tertiary")


def show_reason() -> None:
    """A field for a reason in one's own words; leaving it decides nothing."""
    with st.form("own", border=False), st.container(horizontal=True):
        st.text_input(
            "A reason in your own words",
            key="own_reason",
            max_chars=2000,
            placeholder="Or a reason in your own words, then Enter",
            label_visibility="collapsed",
        )
        st.form_submit_button(
            "Reject for this",
            on_click=attempt,
            args=(lambda: keep("rejected", st.session_state.own_reason), at_hand()),
        )


@st.fragment
def show_desk() -> None:
    """The desk; a key runs this part of the page alone."""
    if st.session_state.mode != "edit" and (st.session_state.walked != wish() or "card" in st.query_params):
        st.rerun()  # an edit is closed that was open when somebody chose another filter, a link, or typed their name
    way = st.session_state.walk
    with problems.shown():
        show_tools(way)
        show_standing()
    if way.item is None:
        with problems.shown():
            desk.show_empty()
        return
    left, right = st.columns([2, 1], gap="medium")
    with left, problems.shown():
        if st.session_state.mode == "edit":
            editor.show(way.item, attempt)
        else:
            desk.show_card(way.item)
            if adjudicates():
                st.caption(":material/gavel: Enough have voted, and they differ: your decision settles it.")
            asks = person.may("decide on variants")  # what is asked is kept, and who may only look writes nothing
            if asks:
                resources.opinions().want([way.item.augmentation.id, *way.ahead(3)])
            if asks and is_awaited(way.item):
                look_for_opinion(way.item)
            else:
                desk.show_opinion(way.item, asked=asks)
    with right, problems.shown():
        show_beside(way.item)


def is_awaited(item: Item) -> bool:
    """Whether the student is being asked about a card, and may still answer."""
    asking, now = resources.opinions(), resources.store().queue.find(item.augmentation.id)
    if now is None or asking.problem(now.variant.task):
        return False
    return now.student != asking.mark(now.variant.task)


@st.fragment(run_every=LOOK)
def look_for_opinion(item: Item) -> None:
    """What the student says of a card, looked for until it is there."""
    with problems.shown():
        desk.show_opinion(item, asked=True)
        if not is_awaited(item):
            st.rerun()  # and the page looks no more


def show_beside(item: Item) -> None:
    """Guidelines and history."""
    st.markdown("**Guidelines**")
    with st.container(border=True, height=300):
        inert.show_markdown(guidelines.read(resources.settings().workspace))
    rules = resources.store().queue.rules()
    st.markdown("**History**")
    desk.show_history(item, blind=rules.blind and not (has_voted() or adjudicates()))


person = people.current()
chosen = filters.show()
st.title("Review")
if not person.may("decide on variants"):
    st.info(f"A {person.role} may look here, but not decide on variants.")
keys.mind()
problems.forget("problem")
with problems.shown():
    walk()
    show_desk()
