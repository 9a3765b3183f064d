"""Which variants are reviewed, and in which order: kept in the URL, so that a view of the queue can be linked."""

from typing import cast

import streamlit as st

from app import inert, resources
from core.domain import State
from core.store.filters import ORDERS, STATES, Filter, Order

ORDER_NAMES: dict[Order, str] = {
    "oldest": "Oldest first",
    "random": "Random",
    "uncertainty": "Student least sure first",
    "reviewers disagree": "Reviewers disagree first",
    "views disagree": "Student's views disagree first",
}


KEYS = ("state", "order", "seed", "text", "kind", "type", "label", "model", "from", "to", "disputed", "dropped")
"""Those of the widgets, which are their names in the URL too."""


def show() -> tuple[Filter, Order, int]:
    """The filter's widgets in the sidebar; gives the filter, the order and the random order's seed."""
    recall()
    side = st.sidebar
    side.subheader("Queue")
    states = side.multiselect("State", STATES, ["pending"], key="state", bind="query-params", placeholder="Any state")
    order = side.selectbox("Order", ORDERS, format_func=ORDER_NAMES.__getitem__, key="order", bind="query-params")
    seed = side.number_input("Seed", 0, 10**6, 0, key="seed", bind="query-params") if order == "random" else 0
    text = side.text_input("Words", max_chars=1000, key="text", bind="query-params", placeholder="Part of the variant")
    # Not cached: a link may name a model that came a moment ago, and would lose it.
    known = {column: resources.store().queue.known(column) for column in ("kind", "type", "label", "model")}
    chosen = {
        column: side.multiselect(
            label,
            known[column],
            key=column,
            bind="query-params",
            format_func=lambda name: inert.plain(name, 200),
            placeholder="Any",
        )
        for column, label in (("kind", "Kind"), ("type", "Entity type"), ("label", "Relation"), ("model", "Model"))
        if known[column]
    }
    low, high = side.columns(2)
    lowest = low.number_input(
        "Score from",
        value=None,
        key="from",
        bind="query-params",
        placeholder="Any",
        help="Whether the teacher finds another name possible in fact: log p(yes) − log p(no)",
    )
    highest = high.number_input("to", value=None, key="to", bind="query-params", placeholder="Any")
    disputed = side.checkbox("Only where reviewers disagree", key="disputed", bind="query-params")
    dropped = side.checkbox("Include what was set aside", key="dropped", bind="query-params")
    st.session_state.filter = {key: st.session_state[key] for key in KEYS if key in st.session_state}
    wanted = Filter(
        states=cast(tuple[State, ...], tuple(states)),
        kinds=tuple(chosen.get("kind", ())),
        types=tuple(chosen.get("type", ())),
        models=tuple(chosen.get("model", ())),
        labels=tuple(chosen.get("label", ())),
        score=(lowest, highest),
        text=text or "",
        disputed=disputed,
        dropped=dropped,
    )
    return wanted, order, int(seed)


def recall() -> None:
    """Who looked at another page finds the filter as it was, unless a link asks for another one.

    A step to another page takes what is bound to the URL along, out of the session too.
    """
    if any(key in st.session_state or key in st.query_params for key in KEYS):
        return
    for key, value in st.session_state.get("filter", {}).items():
        st.session_state[key] = value
