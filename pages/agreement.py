"""Agreement: how far the review is, who did how much, how far reviewers agree, and the rules they work under."""

from collections.abc import Callable

import streamlit as st

from app import inert, people, problems, resources
from core.review import agreement, guidelines, rules
from core.store.queue import Rules


def attempt(work: Callable[[], None], done: str) -> None:
    """Do it and say so, or say why not, on a page that is made anew: its figures follow from the rules."""
    with problems.noted("rules_problem"):
        work()
        st.session_state.rules_said = done
    st.rerun()


def show_progress() -> None:
    """Where the variants stand, and how many votes each reviewer gave."""
    queue = resources.store().queue
    tally = queue.tally()
    with st.container(horizontal=True):
        for state, count in tally.items():
            st.metric(state.capitalize(), f"{count:,}", width="content")
    voters = queue.voters()
    if voters:
        rows = [{"Reviewer": inert.plain(name), "Votes": count} for name, count in voters.items()]
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
            "Reviewers": inert.plain(f"{a} · {b}"),
            "Cohen's κ": pair.value,
            "Variants": pair.variants,
            "Why undefined": inert.plain(pair.undefined),
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
        "1 is perfect agreement, 0 what chance gives. Skips are no votes; approving and editing are two choices."
    )


def show_rules() -> None:
    """How many must agree, and whether others' votes are hidden before one's own."""
    held = resources.store().queue.rules()
    with st.form("rules"):
        votes = st.number_input("Reviewers who must agree on a variant", 1, rules.MAX_VOTES, held.votes)
        blind = st.checkbox("Hide others' votes before one's own", held.blind)
        if st.form_submit_button("Save the rules", icon=":material/save:"):
            wanted = Rules(votes=int(votes), blind=blind)
            attempt(lambda: rules.change(resources.store(), wanted, by=person), "The rules are saved.")
    folder = resources.settings().workspace
    with st.form("guidelines"):
        text = st.text_area("Guidelines, shown beside each card", guidelines.read(folder), height=300)
        if st.form_submit_button("Save the guidelines", icon=":material/save:"):
            attempt(lambda: guidelines.write(folder, text, by=person), "The guidelines are saved.")
    problems.show_noted("rules_problem")
    if said := st.session_state.pop("rules_said", ""):
        st.success(said)


person = people.current()
st.title("Agreement")
with problems.shown():
    show_progress()
    st.subheader("How far reviewers agree")
    show_agreement()
    st.subheader("Rules and guidelines")
    show_rules()
