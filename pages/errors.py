"""Errors: two students, or two views of one, on a labelled set; every figure opens the samples behind it."""

import streamlit as st

from app import charts, figures, inert, marks, navigation, people, problems, resources
from app.terms import VIEWS
from core.analysis.compared import Compared
from core.analysis.report import Report, compare, report
from core.analysis.sides import Side
from core.analysis.slices import Known
from core.analysis.tables import Number
from core.settings import STUDENT_OF
from core.stored import stored_rows
from core.students import student_folders, task_of

SHOWN = 10
"""Samples shown at once."""


def choose() -> tuple[str, str | None, tuple[Side, Side]] | None:
    """The set, the training set to tell seen from unseen, and the two sides; all are in the URL."""
    splits = [f"{corpus}/{split}" for corpus, split in resources.store().corpora()]
    if not splits:
        st.info("No labelled set is in this workspace yet.")
        st.page_link(navigation.corpora(), label="Bring one in", icon=":material/import_export:")
        return None
    left, right = st.columns(2)
    chosen = left.selectbox("Set", splits, key="set", bind="query-params")
    trained = right.selectbox(
        "Training set, to tell seen mentions from unseen",
        [each for each in splits if each != chosen],
        index=None,
        key="training_set",
        bind="query-params",
        placeholder="None",
    )
    students = students_for(chosen)
    sides = []
    columns = st.columns(2)  # of their own, so that on a phone both sets stand above both sides
    for column, number, view in zip(columns, ("First", "Second"), VIEWS, strict=True):
        name = column.selectbox(number, students, key=f"{number.lower()}_student", bind="query-params")
        seen = column.segmented_control(
            f"{number} sees the tweet",
            list(VIEWS),
            default=view,
            format_func=lambda view: VIEWS[view].lower(),
            key=f"{number.lower()}_view",
            bind="query-params",
            required=True,
        )
        sides.append(Side(student=name, view=seen or view))
    return chosen, trained, (sides[0], sides[1])


def students_for(chosen: str) -> list[str]:
    """The students of the set's task, the one that the settings name first."""
    settings = resources.settings()
    task = resources.store().task_of(*chosen.split("/", 1)) or "mner"
    named = settings.of_task(task).student
    found = [name for name, folder in student_folders(settings).items() if name != named and task_of(folder) == task]
    return [named, *found]


def run(chosen: str, trained: str | None, sides: tuple[Side, Side]) -> tuple[Compared, Report]:
    """Have both sides answer, and count. What they answered is kept, so that a run that was stopped goes on."""
    store, workbench = resources.store(), resources.workbench(resources.settings())
    bar = st.progress(0.0, "Reading the set…")
    st.button("Stop", icon=":material/stop:", help="What was labelled is kept; Compare goes on from there.")
    rows = stored_rows(store, *chosen.split("/", 1))
    compared = compare(
        workbench.settings,
        workbench.models,
        rows,
        sides,
        lambda done, total: bar.progress(done / total, f"{done:,} of {total:,} labelled"),
        by=person,
    )
    known = Known.of(stored_rows(store, *trained.split("/", 1))) if trained else None
    return compared, report(compared, known)


def show_samples(compared: Compared, number: Number | None, key: str) -> None:
    """The samples behind a picked figure: gold, and what both sides found."""
    if number is None:
        inert.show("Pick a figure to see the samples behind it.", faint=True)
        return
    st.markdown(f"**{len(number.rows):,} sample{'' if len(number.rows) == 1 else 's'} behind it**")
    page = 1
    if len(number.rows) > SHOWN:
        page = st.number_input("Page", 1, -(-len(number.rows) // SHOWN), key=f"page_{key}_{hash(number.rows)}")
    for at in number.rows[(page - 1) * SHOWN : page * SHOWN]:
        show_sample(compared, at)


def show_sample(compared: Compared, at: int) -> None:
    """One sample with three sets of marks."""
    row = compared.rows[at]
    with st.container(border=True):
        answers = [("Gold", compared.gold[at])]
        answers += [(side.name, found[at]) for side, found in zip(compared.sides, compared.found, strict=True)]
        for name, mentions in answers:
            st.caption(inert.label(f"{name}, sample {at}" if name == "Gold" else name))
            marks.show_tweet(row.sample, mentions)
        students = list(dict.fromkeys(side.student for side in compared.sides))
        for student in students:
            st.page_link(
                navigation.explain(),
                label="Explain" if len(students) == 1 else f"Explain {inert.label(student)}",
                icon=":material/psychology:",
                query_params={"case": row.sample.id, STUDENT_OF[compared.task]: student},
            )


@st.fragment
def show_tables(compared: Compared, found: Report, tables: tuple[str, ...]) -> None:
    """Some tables of the report, and what their picked figure opens."""
    for name in tables:
        table = getattr(found, name)
        show_samples(compared, figures.show_table(table, f"table_{name}"), name)


@st.fragment
def show_slices(compared: Compared, found: Report) -> None:
    """F1 on parts of the set, as a picture and as a table to open."""
    names = (found.sides[0].name, found.sides[1].name)
    st.plotly_chart(
        figures.slices(found.slices, names), key="slices", config=charts.HIDE_BAR, alt="F1 of both sides on every slice"
    )
    titles = [table.title for table in found.slices]
    title = st.selectbox("Slices by", titles, key="sliced_by")
    table = found.slices[titles.index(title)]
    show_samples(compared, figures.show_table(table, f"slices_{title}"), "slices")


@st.fragment
def show_calibration(compared: Compared, found: Report) -> None:
    """The reliability diagram, and its bins as tables."""
    errors = [table.lines[-1].numbers[-1].value or 0 for table in found.calibration if table.lines]
    words = ", ".join(f"{side.name} {error:.3f}" for side, error in zip(found.sides, errors, strict=False))
    st.plotly_chart(
        figures.reliability(found.calibration),
        key="reliability",
        config=charts.HIDE_BAR,
        alt=f"Reliability diagram of both sides. Expected calibration error: {words}",
    )
    for at, (side, table) in enumerate(zip(found.sides, found.calibration, strict=True)):
        inert.show(f"{side.name}:")
        short = table.model_copy(update={"title": "Confidence"})  # the head stays in sight, and a phone has no room
        show_samples(compared, figures.show_table(short, f"calibration_{at}"), f"calibration_{at}")


@st.fragment
def show_label_errors(compared: Compared, found: Report) -> None:
    """Gold labels that both sides contradict with confidence, the likeliest first."""
    st.caption("Both sides agree with each other, are sure, and differ from gold. The students may be wrong: look.")
    rows = [
        {
            "Sample": each.row,
            "What": inert.cell(each.sentence),
            "Confidence": each.confidence,
            "Both right on this type": each.credit,
        }
        for each in found.label_errors
    ]
    share = st.column_config.NumberColumn(format="percent")
    picked = st.dataframe(
        rows,
        hide_index=True,
        key="label_errors",
        on_select="rerun",
        selection_mode="single-row",
        column_config={"Confidence": share, "Both right on this type": share},
        alt="Gold labels that are likely wrong, the likeliest first",
    )
    chosen = [found.label_errors[row].row for row in picked["selection"]["rows"]]
    show_samples(compared, Number(value=1, rows=tuple(chosen)) if chosen else None, "label_errors")


person = people.current()
may_compare = person.may("study tweets")
st.title("Errors")
st.caption("Two students, or two views of one, on a labelled set: where they differ, err, and how sure they are.")
with problems.shown():
    if (choice := choose()) is not None:
        why_not = None if may_compare else f"A {person.role} may only look"
        if st.button(
            "Compare", type="primary", icon=":material/compare_arrows:", disabled=not may_compare, help=why_not
        ):
            place = st.empty()
            with place.container():
                st.session_state.comparison = (choice, *run(*choice))
            place.empty()
        if "comparison" in st.session_state and st.session_state.comparison[0] == choice:
            _, compared, found = st.session_state.comparison
            inert.show(found.head)
            tabs = st.tabs(["Changes", "Errors", "Slices", "Calibration", "Likely label errors"])
            with tabs[0]:
                show_tables(compared, found, ("overall", "right", "help_and_hurt", "confusion"))
            with tabs[1]:
                show_tables(compared, found, ("errors",))
            with tabs[2]:
                show_slices(compared, found)
            with tabs[3]:
                show_calibration(compared, found)
            with tabs[4]:
                show_label_errors(compared, found)
        else:
            inert.show("Choose a labelled set and two sides, and compare.", faint=True)
