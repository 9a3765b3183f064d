"""Explain: why the student said what it said about one case, what knowledge changed, and what would change its mind."""

import streamlit as st

from app import charts, heat, inert, marks, navigation, people, problems, resources, sidebar, whatif
from app.terms import VIEWS
from core.corpora import Row
from core.domain import Entity
from core.explanation import case as cases
from core.explanation.case import Explained, explain_target, name_of, targets_of
from core.explanation.counterfactuals import answers
from core.explanation.page import left_out, render
from core.explanation.reading import Reading
from core.prediction import Predictor
from core.review import remark
from core.store import Case
from core.stored import stored_case, stored_row
from core.training.sections import parts_of, tell

RECENT = 200
"""Cases that can be picked from the list; older ones are found by their link."""

EFFECTS = {"helped": "for the better", "hurt": "for the worse", "neither": "wrong before and after"}


def pick_cases() -> list[str]:
    """The case to explain, and one that is pinned beside it; both are in the URL, so that they can be linked."""
    store = resources.store()
    recall_cases()
    texts = {sample.id: sample.subject for _, sample in resources.demo_samples()}
    texts = {each.sample.id: each.sample.subject for each in store.recent(limit=RECENT)} | texts
    picked = []
    for column, (name, label, hint) in zip(
        st.columns(2),
        (("case", "Case", "Study a tweet first, or pick a demo"), ("beside", "Pinned beside it", "None")),
        strict=True,
    ):
        linked = st.query_params.get(name)
        if linked and linked not in texts and (sample := store.sample(linked)):
            texts = {linked: sample.subject} | texts
        if linked and linked not in texts:
            problems.show(f"there is no case {linked!r} in this workspace: the link is of another one, or cut short")
            linked = None
        ids = list(texts)
        chosen = column.selectbox(
            label,
            ids,
            index=ids.index(linked) if linked else None,
            format_func=lambda case_id: f"{case_id[:4]} · {inert.short(texts[case_id], 70)}",  # noqa: B023
            placeholder=hint,
            key=f"pick_{name}",
        )
        if chosen:
            st.query_params[name] = chosen
            picked.append(chosen)
        elif name in st.query_params:
            del st.query_params[name]
        st.session_state[f"explained_{name}"] = chosen
    return picked


def recall_cases() -> None:
    """Who looked at another page finds the cases as they were, unless a link names others."""
    if any(name in st.query_params or f"pick_{name}" in st.session_state for name in ("case", "beside")):
        return
    for name in ("case", "beside"):
        if last := st.session_state.get(f"explained_{name}"):
            st.query_params[name] = last


def show_case(predictor: Predictor, case: Case, row: Row, *, alone: bool) -> None:
    """The tweet with its picture, both answers (side by side where it is alone), and what knowledge changed."""
    path = resources.store().image(case.sample.image) if case.sample.image else None
    if path:
        st.image(path, width=240, alt=f"The tweet's picture{': ' + row.caption if row.caption else ''}")
    found = {view: answers(predictor, [row], view)[0] for view in VIEWS}
    judged = cases.judge(case.sample, found["without_knowledge"], found["with_knowledge"])
    places = st.columns(2) if alone else [st.container(), st.container()]
    for place, (view, title) in zip(places, VIEWS.items(), strict=True):
        with place, st.container(border=True, height="stretch"):
            st.markdown(f"**{title}**")
            sides = [j.change.before if view == "without_knowledge" else j.change.after for j in judged]
            marks.show_answer(case.sample, found[view], {(side.start, side.end) for side in sides if side})
    for each in judged:
        inert.show(each.change.sentence + (f" ({EFFECTS[each.effect]})" if each.effect else "") + ".")
    if not judged:
        inert.show("Knowledge changed nothing but how sure it is.", faint=True)
    if case.sample.entities is not None:
        with st.expander("Gold labels", icon=":material/verified:"):
            marks.show_tweet(case.sample, case.sample.entities)
    elif case.sample.relation and case.sample.relation.label:
        with st.expander("Gold relation", icon=":material/verified:"):
            marks.show_relation(case.sample, case.sample.relation.label)


@st.cache_data(max_entries=200, show_spinner="Finding which words mattered…")
def explained(_predictor: Predictor, _row: Row, key: tuple[str, ...]) -> Explained:
    """Why one target has its scores; kept by what `key` says it depends on."""
    target = Entity.model_validate_json(key[-1]) if key[-1].startswith("{") else key[-1]
    return explain_target(_predictor, _row, target)


@st.fragment
def show_reasons(predictor: Predictor, row: Row) -> None:
    """Which words moved the score of a mention or a relation, in both views."""
    with problems.shown():
        found = [answers(predictor, [row], view)[0] for view in VIEWS]
        targets = targets_of(row.sample, found, predictor)
        if not targets:
            inert.show("Nothing was found, so there is no score to explain.", faint=True)
            return
        number = st.selectbox(
            "Mention" if predictor.task == "mner" else "Relation",
            range(len(targets)),
            format_func=lambda at: inert.short(name_of(row.sample, targets[at]), 70),
            key=f"target_{row.sample.id}",
        )
        target = targets[number]
        wanted = target if isinstance(target, str) else target.model_dump_json()
        told = (f"{part}: {text}" for part, text in parts_of(row).items())
        why = explained(predictor, row, (predictor.name, predictor.mark, row.sample.id, *told, wanted))
        for column, reason in zip(st.columns(2), why.reasons, strict=True):
            with column, st.container(border=True, height="stretch"):
                st.markdown(f"**{VIEWS[reason.view]}: score {reason.attribution.score:+.2f} (mean log-odds)**")
                heat.show_words(reason.attribution)
                st.caption(
                    f"Blue speaks for it, orange against. With all words masked the score is "
                    f"{reason.attribution.blank:+.2f}; the words' shares add up to the difference, within "
                    f"{reason.attribution.error:.1%}."
                )
        show_flips(row, why)
        with_knowledge = why.reasons[-1]
        sums = {VIEWS[reason.view]: reason.attribution for reason in why.reasons}
        words = heat.alt_of(with_knowledge.attribution, with_knowledge.view)
        st.plotly_chart(heat.parts(sums), key="parts", config=charts.HIDE_BAR, alt=words)
        with st.expander("The check: hide a word or a thought", icon=":material/visibility_off:"):
            for column, reason in zip(st.columns(2), why.reasons, strict=True):
                numbers = {"Score falls by": st.column_config.NumberColumn(format="%+.2f")}
                column.markdown(f"**{VIEWS[reason.view]}**")
                column.dataframe(
                    heat.hidden_rows(reason.hidden), hide_index=True, column_config=numbers, alt="Occlusion"
                )


def show_flips(row: Row, why: Explained) -> None:
    """The smallest change of what it is told that changes the answer."""
    if why.flips:
        inert.show(f"The smallest change that flips it: leave out {left_out(why.flips)}.")
    elif parts_of(row):
        inert.show("Leaving out any of what it is told does not flip it.", faint=True)


def show_tables(predictor: Predictor, row: Row) -> None:
    """Label probabilities of each word, and what the conditional prompt looks at."""
    readings = {view: Reading(predictor, row, view) for view in VIEWS}
    names = predictor.student.config.labels
    words = row.sample.tokens if predictor.task == "mner" else ("the pair",)
    with st.expander("What each label is worth at each word", icon=":material/grid_on:"):
        for tab, (view, reading) in zip(st.tabs(list(VIEWS.values())), readings.items(), strict=True):
            figure = heat.labels(words, names, reading.probabilities())
            alt = f"Probability of each label at each word, {VIEWS[view].lower()}"
            tab.plotly_chart(figure, key=f"labels_{view}", config=charts.HIDE_BAR, alt=alt)
    table = readings["without_knowledge"].prompt_attention()
    if table:
        with st.expander("What the conditional prompt looks at", icon=":material/center_focus_strong:"):
            st.caption(
                "The softmax of the paper's equation 1: how much each vector of the prompt looks at each word of the "
                "tweet. It says where the prompt looked, not what mattered."
            )
            alt = f"Attention of {len(table.rows)} prompt vectors over {len(table.columns)} words"
            st.plotly_chart(heat.attention(table), key="attention", config=charts.HIDE_BAR, alt=alt)


@st.fragment
def show_regions(case: Case) -> None:
    """Where the chosen captioner looks in the picture, if it is one that can tell; asked when somebody wants it."""
    workbench = resources.workbench(chosen)
    picture = workbench.picture(case.sample)
    if picture is None:
        return
    with st.expander("Where the captioner looks", icon=":material/visibility:"), problems.shown():
        seen = st.session_state.setdefault("regions", {})
        key = (case.sample.image, chosen.captioner)
        if key not in seen:
            if not st.button("Ask the captioner"):
                return
            with st.spinner("Looking at the picture…"):
                seen[key] = workbench.regions(picture)
        regions = seen[key]
        if regions is None:
            inert.show(f"The captioner {chosen.captioner} has no cross-attention: it cannot tell.", faint=True)
            return
        alt = "The picture, bright where the captioner looks and dark elsewhere"
        st.image(heat.lit(picture, regions), width=400, alt=alt)
        st.caption(f"This is {regions.what}: where it looks, not what matters.")


def keep_note(case_id: str) -> None:
    """Keep what stands in the note's field; if that fails, the page says so and the words stay."""
    with problems.noted("note_problem"):
        remark(resources.store(), case_id, st.session_state[f"note_{case_id}"], by=people.current())
        st.session_state[f"note_{case_id}"] = ""


@st.fragment
def show_notes(case_id: str) -> None:
    """What people remarked on the case."""
    for note in resources.store().notes(case_id):
        inert.show(note.text)
        inert.show(f"{note.author}, {note.at:%Y-%m-%d %H:%M} UTC", faint=True)
    problems.show_noted("note_problem")
    st.text_area("A note on this case", key=f"note_{case_id}", max_chars=2000, persist_state="session")
    st.button("Keep the note", icon=":material/note_add:", on_click=keep_note, args=(case_id,))


@st.fragment
def show_export(predictor: Predictor, row: Row) -> None:
    """Make the page and the JSON; explaining every mention takes some seconds, so only when asked."""
    store, case_id = resources.store(), row.sample.id
    made = st.session_state.setdefault("exports", {})
    # An export of another student, or of before it was told more, a try or a note, is not what the page shows.
    what = tuple(parts_of(row).items())
    key = (case_id, predictor.mark, what, len(store.counterfactuals(case_id)), len(store.notes(case_id)))
    with problems.shown():
        if st.button("Prepare the export", icon=":material/inventory_2:"):
            place = st.empty()
            with place.container():
                bar = st.progress(0.0, "Explaining every answer…")
                st.button("Stop", icon=":material/stop:")

                def told(done: int, total: int) -> None:
                    bar.progress(done / total, f"{done} of {total} explained")

                study = cases.explain_stored(predictor, store, case_id, told)
                picture = resources.workbench(chosen).picture(study.sample)
            place.empty()
            made[key] = (render(study, picture), study.model_dump_json(indent=1))
        if key in made:
            page, document = made[key]
            st.download_button("Download the page (HTML)", page, f"{case_id}.html", "text/html", on_click="ignore")
            st.download_button("Download as JSON", document, f"{case_id}.json", "application/json", on_click="ignore")


chosen = sidebar.chosen_settings()
st.title("Explain")
st.caption("Why the student said what it said, what the knowledge changed, and what would change its mind.")
with problems.shown():
    problems.forget("note_problem")
    picked = [stored_case(resources.store(), case_id) for case_id in pick_cases()]
    students = [resources.workbench(chosen).student(case.sample.task) for case in picked]
    names = dict.fromkeys(inert.label(student.name) for student in students)
    st.caption(f"Student: {', '.join(names) or inert.label(chosen.student)}")
    if picked:
        stored = [
            stored_row(resources.store(), case.sample, student.name)
            for case, student in zip(picked, students, strict=True)
        ]
        rows = [tell(row, parts_of(row)) for row in stored]
        for column, each, case, row in zip(st.columns(len(picked)), students, picked, rows, strict=True):
            with column, problems.shown():
                show_case(each, case, row, alone=len(picked) == 1)
        first, row, student = picked[0], rows[0], students[0]
        if len(picked) > 1:
            st.caption("What follows is of the case on the left, or above on a narrow screen.")
        st.page_link(navigation.case_study(), label="Open in the case study", query_params={"case": first.sample.id})
        st.subheader("What if")
        whatif.show(student, resources.store(), row)
        st.subheader("Why")
        show_reasons(student, row)
        with problems.shown():
            show_tables(student, row)
        show_regions(first)
        st.subheader("Notes")
        show_notes(first.sample.id)
        st.subheader("Take it with you")
        show_export(student, row)
