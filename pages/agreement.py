"""Agreement: how far the review is, who did how much, how far reviewers agree, and the rules they work under."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import streamlit as st

from app import inert, people, problems, resources
from core.review import agreement, guidelines, rules
from core.store.queue import MAX_VOTES, Rules


class Held(NamedTuple):  # a page is made anew at every run, and a dataclass of one run equals none of another
    """What holds in the workspace: the rules and the guidelines."""

    rules: Rules
    text: str


@contextmanager
def attempt(form: str, done: str) -> Iterator[None]:
    """Do it and say so below its form, or say why not, on a page made anew: its figures follow from the rules."""
    with problems.noted(f"{form}_problem"):
        yield
        st.session_state[f"{form}_said"] = done
    st.rerun()


def show_attempt(form: str) -> None:
    """How the last attempt with a form ended."""
    problems.show_noted(f"{form}_problem")
    if said := st.session_state.pop(f"{form}_said", ""):
        st.success(said)


def show_progress() -> None:
    """Where the variants stand, and how many votes each reviewer gave."""
    queue = resources.store().queue
    tally = queue.tally()
    with st.container(horizontal=True):
        for state, count in tally.items():
            st.metric(state.capitalize(), f"{count:,}", width="content")
    voters = queue.voters()
    if voters:
        rows = [{"Reviewer": inert.cell(name), "Votes": count} for name, count in voters.items()]
        st.dataframe(rows, hide_index=True, alt=f"Votes of {len(rows)} reviewers")


def show_agreement() -> None:
    """Both coefficients; where one is undefined, why."""
    store = resources.store()
    whole = agreement.alpha(store)
    st.metric("Krippendorff's α, all reviewers", "undefined" if whole.value is None else f"{whole.value:.3f}")
    inert.show(
        inert.sentence(whole.undefined) or f"Over {whole.variants:,} variants with two votes or more.", faint=True
    )
    rows = [
        {
            "Reviewers": inert.cell(f"{a} · {b}"),
            "Cohen's κ": pair.value,
            "Variants": pair.variants,
            "Why undefined": inert.cell(pair.undefined),
        }
        for (a, b), pair in agreement.kappas(store).items()
    ]
    if rows:
        st.dataframe(
            rows,
            hide_index=True,
            column_config={"Cohen's κ": st.column_config.NumberColumn(format="%.3f")},
            placeholder="",
            alt=f"Cohen's kappa of {len(rows)} pairs of reviewers",
        )
    st.caption(
        "1 is perfect agreement, 0 what chance gives. Skips are no votes, nor is what settles a dispute; approving and "
        "editing are two choices."
    )


def show_rules() -> None:
    """How many must agree, and whether others' votes are hidden before one's own."""
    store, folder = resources.store(), resources.settings().workspace
    now = Held(store.queue.rules(), guidelines.read(folder))
    held: Held = st.session_state.setdefault("held", now)
    if "votes" not in st.session_state:  # the page has just been opened
        if st.session_state.get("guidelines_text", held.text) == held.text:  # and nothing unsaved was left on it
            held = st.session_state.held = now
            st.session_state.guidelines_text = now.text
        st.session_state.update(votes=held.rules.votes, blind=held.rules.blind)
    with st.form("rules"):
        votes = st.number_input("Reviewers who must agree on a variant", 1, MAX_VOTES, key="votes")
        blind = st.checkbox("Hide others' votes before one's own", key="blind")
        if st.form_submit_button("Save the rules", **saving()):
            wanted = Rules(votes=int(votes), blind=blind)
            with attempt("rules", "The rules are saved."):
                rules.change(store, wanted, by=person, instead_of=held.rules)
                st.session_state.held = held._replace(rules=wanted)
    show_attempt("rules")
    with st.container(border=True):  # no form, which would lose what was typed when another page is looked at
        text = st.text_area(
            "Guidelines, shown beside each card", height=300, key="guidelines_text", persist_state="session"
        )
        if st.button("Save the guidelines", **saving()):
            with attempt("guidelines", "The guidelines are saved."):
                guidelines.write(folder, text, by=person, instead_of=held.text)
                st.session_state.held = held._replace(text=text)
    show_attempt("guidelines")
    if now != held:
        show_others(now)


def show_others(now: Held) -> None:
    """What somebody else saved while this page was open; it is not written over before it was seen."""
    with st.container(border=True):
        st.markdown("**Changed meanwhile by somebody else**")
        shown = "hidden" if now.rules.blind else "shown"
        inert.show(f"Reviewers who must agree: {now.rules.votes}. Others' votes before one's own: {shown}. Guidelines:")
        inert.show(now.text)
        st.caption("What stands in the fields above is yours, and is not saved yet.")
        if st.button("I have seen it: saving may put mine in its place"):
            st.session_state.held = now
            st.rerun()


def saving() -> dict[str, Any]:
    """How a button that saves looks, and whom it serves."""
    why_not = None if person.may("change the guidelines") else f"A {person.role} may only look"
    return {"icon": ":material/save:", "disabled": why_not is not None, "help": why_not}


person = people.current()
st.title("Agreement")
with problems.shown():
    for form in ("rules", "guidelines"):
        problems.forget(f"{form}_problem")
    show_progress()
    st.subheader("How far reviewers agree")
    show_agreement()
    st.subheader("Rules and guidelines")
    show_rules()
