"""The stages of a case study as cards: each with its state, its model, and what came of it."""

import time

import streamlit as st

from app import inert, marks
from core.comparison import Change
from core.domain import Augmentation, Caption, Knowledge, Prediction, Sample, Verdict
from core.review.editing import spans_of
from core.study import Stage, StageName

TITLES: dict[StageName, str] = {
    "caption": "The picture in words",
    "noun": "Special words",
    "sentence": "The sentence",
    "multimodality": "Text and picture",
    "mixed": "Published knowledge",
    "without_knowledge": "Without knowledge",
    "with_knowledge": "With knowledge",
    "style": "Another style",
    "entity": "Another entity",
    "image": "An imagined picture",
}

ABSENT = Stage(state="skipped", note="not made yet: study the tweet")
"""A stage of a stored case that has no record."""

_DROPPED = {
    "span lost": "a mention of the tweet could not be found in the rewrite, so its labels can't be trusted",
    "name added": "the rewrite has a name that the tweet does not, and that nobody has labelled",
    "implausible": "the teacher gave no clear yes to whether it is possible in fact",
    "duplicate": "it says the same as another variant",
    "unchanged": "it says the same as the tweet",
    "refused": "the teacher refused to answer",
    "empty": "the answer holds no words",
    "echo": "the answer repeats the question, or its worked example",
    "other language": "the answer is not in the tweet's language",
    "unparsable": "the answer is too long or too short for another wording of the tweet",
    "no entity": "there is no mention that could be replaced, or the task is relations",
}


def show_heading(name: StageName, stage: Stage) -> None:
    """A card's title, and how far it is."""
    maker = stage.record.maker if stage.record else None
    made_by = f" · {maker.seconds:.1f} s · {inert.label(maker.model)}" if maker else ""
    st.markdown(f"**{TITLES[name]}**")
    match stage.state:
        case "done" if isinstance(stage.record, Augmentation) and stage.record.dropped:
            st.caption(f":material/block: set aside{made_by}")
        case "done":
            st.caption(f":material/check: done{made_by}")
        case "working":
            st.caption(f":material/progress_activity: working… {time.monotonic() - stage.begun:.0f} s")
        case "waiting":
            st.caption(":material/hourglass_empty: waiting")
        case "skipped":
            st.caption(":material/block: left out")
        case "stopped":
            st.caption(":material/stop_circle: stopped")
        case "failed":
            st.caption(":material/error: failed")


def show_note(stage: Stage) -> None:
    """Why a stage has nothing to show, where that is so."""
    if stage.note:
        inert.show(inert.sentence(stage.note) + ".", faint=stage.state != "failed")


def show_so_far(stage: Stage) -> None:
    """What has come of an answer; a cursor stands where it goes on."""
    inert.show(stage.text + (" ▍" if stage.state == "working" else ""))


def show_words(name: StageName, stage: Stage) -> None:
    """A caption or a thought, as far as it has come."""
    with st.container(border=True, height="stretch"):
        show_heading(name, stage)
        show_note(stage)
        record = stage.record
        if isinstance(record, Caption | Knowledge):
            inert.show(record.text)
        elif stage.text:
            show_so_far(stage)
        if isinstance(record, Caption) and record.observations:
            seen = (f"{each.label}" + (f" {each.score:.0%}" if each.score else "") for each in record.observations)
            inert.show("Scores: " + " · ".join(seen), faint=True)


def show_summary(summary: Knowledge) -> None:
    """What the student read in place of the thoughts."""
    with st.container(border=True):
        st.markdown("**In short**")
        st.caption(
            "The thoughts are longer than the student can read: with knowledge, it read this summary instead · "
            f"{summary.maker.seconds:.1f} s · {inert.label(summary.maker.model)}"
        )
        inert.show(summary.text)


def show_prediction(name: StageName, stage: Stage, sample: Sample, changes: list[Change]) -> None:
    """The student's answer in one view, with what differs from the other view framed."""
    with st.container(border=True, height="stretch"):
        show_heading(name, stage)
        show_note(stage)
        if isinstance(stage.record, Prediction):
            sides = (change.before if name == "without_knowledge" else change.after for change in changes)
            answer = stage.record.answer
            marks.show_answer(sample, answer, {(side.start, side.end) for side in sides if side})
            if not answer.entities and not answer.relation:
                inert.show("Nothing that has a name was found.", faint=True)


def show_variant(name: StageName, stage: Stage) -> Augmentation | None:
    """A variant; gives it if there is something to decide on."""
    show_heading(name, stage)
    show_note(stage)
    made = stage.record
    if not isinstance(made, Augmentation):
        if stage.text:
            show_so_far(stage)
        return None
    if made.variant and not made.caption:
        marks.show_tweet(made.variant, spans_of(made.variant))
    if made.caption:
        inert.show(made.caption)
    for swap in made.replacements:
        if name == "entity":
            inert.show(f"“{swap.old}” became “{swap.new}” ({swap.type}).", faint=True)
    if made.verdict:
        _show_verdict(made.verdict, kept=made.dropped is None)
    if made.dropped:
        mind = " Approve it if you know better." if made.variant else ""
        inert.show(f"Set aside ({made.dropped}): {_DROPPED[made.dropped]}.{mind}", faint=True)
        if made.variant is None and made.answer:
            inert.show(f"The teacher wrote: {made.answer}", faint=True)
    return made if made.variant else None


def _show_verdict(verdict: Verdict, *, kept: bool) -> None:
    words = {"yes": "yes" if kept else "yes, but not clearly", "no": "no", "unparsed": "no clear answer"}[
        verdict.answer
    ]
    icon = "check" if kept else "close"
    st.badge(f"Possible in fact? {words}", icon=f":material/{icon}:", color="green" if kept else "orange")
    if verdict.margin is not None:
        inert.show(f"log p(yes) − log p(no) = {verdict.margin:+.1f}", faint=True)
