"""Review in bulk: many variants in a table, decided on at once, and taken back at once."""

from collections import Counter

import streamlit as st

from app import desk, filters, inert, people, problems, resources
from core import review
from core.domain import Choice
from core.errors import Overtaken
from core.review import wording
from core.store.queue import Item

ROWS = 100
ROW_HEIGHT = 84
"""Pixels: four lines, for whole tweets are read before they are decided on."""

COLUMNS = {
    "Variant": st.column_config.TextColumn(width=300),
    "Parent": st.column_config.TextColumn(width=250),
    "Kind": st.column_config.TextColumn(width=85),
    "Score": st.column_config.NumberColumn(
        format="%+.1f", width=60, help="Whether the teacher finds it possible in fact: log p(yes) − log p(no)"
    ),
    "State": st.column_config.TextColumn(width=80),
    "Votes": st.column_config.NumberColumn(width=55),
}

VERBS: dict[Choice, str] = {"approved": "Approve", "rejected": "Reject"}


def listed() -> list[str]:
    """The ids of the variants in the table.

    They stay until something is decided, another filter is chosen, or the page is opened anew.
    """
    wanted, order, seed = wish = chosen
    if st.session_state.setdefault("list_wish", (*wish, person.name)) != (*wish, person.name):
        renew(list_wish=(*wish, person.name), list_after=None, list_said="")
    if st.session_state.get("listed_as") != table() or table() not in st.session_state:
        start_from = st.session_state.get("list_after")
        queue = resources.store().queue
        places = queue.places(wanted, order, seed=seed, reviewer=person.name, after=start_from, limit=ROWS)
        st.session_state.update(listed_as=table(), listed=places, asked=None)
    return [place.augmentation_id for place in st.session_state.listed]


def table() -> str:
    """The key of the table as it is filled now."""
    return f"rows_{st.session_state.get('revision', 0)}"


def renew(**changes: object) -> None:
    """Fill the table anew; its key changes with it, so that no selection is carried over to other rows."""
    st.session_state.update(revision=st.session_state.get("revision", 0) + 1, **changes)


def row(item: Item) -> dict[str, object]:
    """A variant as a row; its spans stand in brackets."""
    made = item.augmentation
    return {
        "Variant": inert.cell(wording.in_a_line(made), 1000),
        "Parent": inert.cell(item.parent.text, 1000),
        "Kind": desk.KIND_NAMES[made.kind],
        "Score": made.verdict.margin if made.verdict else None,
        "State": item.state,
        "Votes": item.votes,
        "Model": inert.cell(made.maker.model, 100),
    }


def ask(choice: Choice, ids: list[str]) -> None:
    """Ask whether just these are meant."""
    drawn = st.session_state.drawn
    st.session_state.update(asked=(choice, {each: drawn[each] for each in ids}), list_problem="")


def act() -> None:
    """Decide on exactly the variants that were asked about."""
    if st.session_state.asked is None:  # answered already: a second press of the same key
        return
    choice, seen = st.session_state.asked
    st.session_state.asked = None
    with problems.noted("list_problem"):
        try:
            review.decide_all(resources.store(), list(seen), choice, by=people.current(), adjudicates=None, seen=seen)
            renew(list_said=f"{came_of(choice, list(seen))} Undo takes all of it back.")
        except Overtaken as error:
            renew(list_said=f"Nothing was done: {error}")


def came_of(choice: Choice, ids: list[str]) -> str:
    """What decisions came to: where several must agree, a vote alone approves nothing."""
    found = (resources.store().queue.find(each) for each in ids)
    states = Counter(item.state for item in found if item)
    if states == {choice: len(ids)}:
        return f"{len(ids):,} variants {choice}."
    stand = ", ".join(f"{number:,} {state}" for state, number in states.items())
    return f"{len(ids):,} variants voted on; they stand as: {stand}."


def undo() -> None:
    """Take back the latest act, whole."""
    with problems.noted("list_problem"):
        undone = review.undo(resources.store(), by=people.current())
        renew(asked=None, list_said=f"{len(undone):,} decisions taken back.")


def show_tools(ids: list[str]) -> None:
    """Decide on the selected rows, after one more question; the buttons stay where they are."""
    asked = st.session_state.get("asked")
    if asked and set(asked[1]) != set(ids):  # other rows are selected by now: they are not what was asked about
        asked = st.session_state.asked = None
    with st.container(horizontal=True, vertical_alignment="center"):
        if asked:
            choice, meant = asked
            st.button(
                f"Yes, {VERBS[choice].lower()} exactly these {len(meant):,}",
                icon=":material/check:",
                type="primary",
                shortcut="Ctrl+Enter",
                on_click=act,
            )
            st.button("No", icon=":material/arrow_back:", shortcut="Escape", on_click=ask_nothing)
            return
        buttons: tuple[tuple[Choice, str, str], ...] = (("approved", "A", "check"), ("rejected", "X", "close"))
        for choice, key, icon in buttons:
            st.button(
                f"{VERBS[choice]} {len(ids):,} selected",
                key=f"bulk_{choice}",
                icon=f":material/{icon}:",
                shortcut=key,
                disabled=not ids,
                on_click=ask,
                args=(choice, ids),
            )
        st.button("Undo", icon=":material/undo:", shortcut="U", on_click=undo)


def ask_nothing() -> None:
    """Nothing was meant."""
    st.session_state.asked = None


def show_list() -> None:
    """The table with its tools above it."""
    store = resources.store()
    ids = listed()
    total = store.queue.count(chosen[0], person.name)
    rows = st.session_state.get(table(), {}).get("selection", {}).get("rows", [])
    show_tools([ids[number] for number in rows if number < len(ids)])
    problems.show_noted("list_problem")
    hint = "Select rows; only those in the table can be selected." if ids else ""
    inert.say(st.session_state.get("list_said") or hint)
    if not ids:
        desk.show_empty()
    else:
        items = store.queue.page(st.session_state.listed)
        st.session_state.drawn = {item.augmentation.id: item.latest for item in items}
        st.dataframe(
            [row(item) for item in items],
            hide_index=True,
            key=table(),
            on_select="rerun",
            selection_mode="multi-row",
            height=40 + ROW_HEIGHT * min(len(ids), 7),
            row_height=ROW_HEIGHT,
            column_config=COLUMNS,
            placeholder="",
            alt=f"{len(ids)} of {total} variants",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{len(ids):,} of {total:,} variants")
        if len(ids) == ROWS:
            st.button(
                "Next",
                icon=":material/arrow_forward:",
                on_click=renew,
                kwargs={"list_after": st.session_state.listed[-1]},
            )
        if st.session_state.get("list_after"):
            st.button("From the start", icon=":material/first_page:", on_click=renew, kwargs={"list_after": None})


person = people.current()
chosen = filters.show()
st.title("Review in bulk")
if not person.may("decide on many at once"):
    st.info(f"A {person.role} may look here, but not decide on many at once.")
problems.forget("list_problem")
with problems.shown():
    show_list()
