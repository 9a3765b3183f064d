"""What if: switches and texts on a case, the student's answer to them at once, and the one before beside it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app import inert, marks, people, problems
from app.terms import VIEWS
from core.corpora import Row
from core.domain import Answer, Counterfactual, View
from core.domain.sample import MAX_CHARACTERS
from core.evaluation.mre import in_words
from core.explanation.counterfactuals import answers, ask_again, differences, edit, row_of
from core.explanation.page import PART_NAMES
from core.prediction import Predictor
from core.store import Store
from core.training.sections import parts_of


@dataclass(frozen=True)
class Standing:
    """What the form stands for: the case as it is, or a try on it; with the student's answers."""

    row: Row
    answers: Mapping[View, Answer]
    tried: Counterfactual | None = None


@st.fragment
def show(predictor: Predictor, store: Store, row: Row) -> None:
    """Switches, texts, and both answers; whatever is changed is asked at once and kept."""
    with problems.shown():
        changed = show_form(row)
        now, before = take(predictor, store, row, changed)
        show_answers(now, before)
        show_history(store.counterfactuals(row.sample.id))


def show_form(row: Row) -> Row:
    """The tweet and what the student is told, as they stand in the form."""
    own, mark = parts_of(row), _mark(row)
    for field, value in _fields(row).items():
        st.session_state.setdefault(field, value)
    is_on = {}
    with st.container(horizontal=True, vertical_alignment="center"):
        for part in own:
            is_on[part] = st.toggle(_title(part), key=f"on_{part}_{mark}", persist_state="session")
        st.button("As it was", icon=":material/restart_alt:", type="tertiary", on_click=reset, args=(row,))
    if not own:
        inert.show("It is told nothing: there is neither a caption nor a thought to switch off.", faint=True)
    with st.expander("Edit the tweet, the caption or a thought", icon=":material/edit:"):
        is_pair = row.sample.relation is not None
        text = st.text_area(
            "The tweet's words",
            key=f"text_{mark}",
            disabled=is_pair,
            max_chars=MAX_CHARACTERS,
            persist_state="session",
        )
        told = {part: st.text_area(_title(part), key=f"words_{part}_{mark}", persist_state="session") for part in own}
    return edit(row, text, {part: words for part, words in told.items() if is_on[part]})


def reset(row: Row) -> None:
    """Put the form back to the case as it is."""
    st.session_state.update(_fields(row))


def _fields(row: Row) -> dict[str, str | bool]:
    """The form's fields by their keys, as they are of the case itself."""
    mark = _mark(row)
    fields: dict[str, str | bool] = {f"text_{mark}": row.sample.text}
    for part, words in parts_of(row).items():
        fields |= {f"on_{part}_{mark}": True, f"words_{part}_{mark}": words}
    return fields


def _mark(row: Row) -> str:
    """Names a case and what it is told: once it is told something else, its fields begin with that."""
    told = json.dumps(parts_of(row), sort_keys=True)
    return f"{row.sample.id}_{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def take(predictor: Predictor, store: Store, row: Row, changed: Row) -> tuple[Standing, Standing]:
    """What the form stands for now, and what it stood for before. A change is tried; back to the case is no try."""
    standings = st.session_state.setdefault("standings", {})
    key = (_mark(row), predictor.mark)
    now, before = standings.get(key) or (_as_it_is(predictor, row),) * 2
    if changed == row != now.row:
        now, before = _as_it_is(predictor, row), now
    elif changed != now.row:
        tried = ask_again(predictor, store, row.sample.id, changed, now.tried, by=people.current())
        now, before = Standing(changed, tried.answers, tried), now
    standings[key] = now, before
    return now, before


def _as_it_is(predictor: Predictor, row: Row) -> Standing:
    return Standing(row, {view: answers(predictor, [row], view)[0] for view in VIEWS})


def show_answers(now: Standing, before: Standing) -> None:
    """The answers of both views: now, and what they were before the last change."""
    if now is before:
        inert.show("Switch something off, or edit it: the student answers again at once.", faint=True)
        return
    for view, title in VIEWS.items():
        st.markdown(f"**{title}**")
        left, right = st.columns(2)
        with left, st.container(border=True, height="stretch", key=f"before_{view}"):
            st.caption("Before the last change")
            show_answer(before, view)
        with right, st.container(border=True, height="stretch", key=f"now_{view}"):
            took = f" · {now.tried.maker.seconds * 1000:.0f} ms for both views" if now.tried else ""
            st.caption(f"Now{took}")
            show_answer(now, view)
        found = differences((before.row.sample, before.answers[view]), (now.row.sample, now.answers[view]))
        sentences = [change.sentence for change in found]
        inert.show("\n".join(sentences) + "." if sentences else "The last change flips nothing.")


def show_answer(standing: Standing, view: View) -> None:
    """One answer: the tweet with its mentions, or the relation."""
    answer = standing.answers[view]
    marks.show_answer(standing.row.sample, answer)


def show_history(tried: Sequence[Counterfactual]) -> None:
    """All that was tried on the case: each stands with the number of the try that it was made from."""
    if not tried:
        return
    number = {each.id: at for at, each in enumerate(tried, start=1)}
    by_id = {each.id: each for each in tried}  # what the case itself was told may have become more since
    with st.expander(f"Tried on this case ({len(tried)})", icon=":material/account_tree:"):
        rows = [
            {
                "Try": number[each.id],
                "Made from": str(number[each.parent_id]) if each.parent_id else "the case",
                "Changed": what_changed(row_of(by_id[each.parent_id]), row_of(each)) if each.parent_id else "",
                "Told": ", ".join(PART_NAMES[part] for part in parts_of(row_of(each))) or "nothing",
                "With knowledge": _words(each, "with_knowledge"),
                "Without knowledge": _words(each, "without_knowledge"),
                "Tweet": inert.cell(each.sample.text),
                "When": each.maker.created,
            }
            for each in reversed(tried)
        ]
        st.dataframe(rows, hide_index=True, alt=f"{len(tried)} tries with what the student answered")


def what_changed(before: Row, after: Row) -> str:
    """What of the tweet, the caption and the thoughts is not in one row as it is in another."""
    was, now = parts_of(before), parts_of(after)
    found = ["the tweet edited"] if before.sample.text != after.sample.text else []
    found += [f"{PART_NAMES[part]} off" for part in was if part not in now]
    found += [f"{PART_NAMES[part]} on" for part in now if part not in was]
    found += [f"{PART_NAMES[part]} edited" for part in now if was.get(part, now[part]) != now[part]]
    return ", ".join(found)


def _words(tried: Counterfactual, view: View) -> str:
    answer = tried.answers[view]
    if answer.relation:
        return inert.cell(f"{in_words(answer.relation.label)} {answer.relation.score:.0%}")
    named = [f"{tried.sample.mention(each)} ({each.type} {each.score:.0%})" for each in answer.entities]
    return inert.cell(", ".join(named)) or "nothing"


def _title(part: str) -> str:
    return PART_NAMES[part][:1].upper() + PART_NAMES[part][1:]
