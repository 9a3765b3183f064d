"""Experiments: trainings while they run and afterwards, two of them compared, and the paper's tables beside ours."""

import streamlit as st

from app import charts, curves, inert, problems, resources, tables
from app.terms import VIEWS, duration
from core import experiments
from core.runs import Run, Scores, differences, runs, summary

POLL = 4.0  # seconds between two looks: a running training writes a line about as often

TOLD = 3
"""Looks at which the browser is told what is picked, after that was changed here: it may miss one. Told at every look,
it would take back a click made meanwhile."""


STATES = {
    "running": ":material/progress_activity: running",
    "finished": ":material/check: finished",
    "stopped": ":material/stop_circle: stopped",
}

DEV = ("Dev F1", "In per cent. Hollow: without knowledge; filled: with it. Large: the epoch that is kept.")


PICKED = "run"
"""The picked trainings' parameter in the URL, and their key in the session."""


@st.fragment(run_every=POLL)
def show_trainings() -> None:
    """The list and what is picked from it, looked at again and again: a training may begin at any time."""
    with problems.shown():
        found = runs(resources.settings().workspace)
        if not found:
            show_how_to_start()
            return
        read_link([run.name for run in found])
        show_list(found)
        picked = pick(found)
        st.session_state.untold = max(0, st.session_state.untold - 1)
        if not picked:
            inert.show("Pick a training to see its curves, or two to compare them.", faint=True)
            return
        show_states(picked)
        show_curves(picked)
        if len(picked) == 2:
            show_differences(*picked)
        show_scores(picked)


def show_how_to_start() -> None:
    """The empty state: the command that fills this page."""
    folder = resources.settings().workspace / "students" / "mine"
    st.info("No training is in this workspace yet. Start one in a terminal; it appears here while it runs.")
    st.code(
        f"python -m core train assets/students/twitter2017-fast/train.toml --data FOLDER --out {folder}",
        wrap_lines=True,
    )
    st.caption("FOLDER is yours, with the corpora in it. Trainings anywhere in the workspace are found.")


def show_list(found: list[Run]) -> None:
    """All trainings as a table whose rows can be picked."""
    names = [run.name for run in found]
    chosen = [names.index(name) for name in st.session_state[PICKED]]
    st.session_state.update(trainings_listed=names, rows_told=chosen)
    if st.session_state.untold:
        st.session_state.rows = {"selection": {"rows": chosen, "columns": [], "cells": []}}
    st.dataframe(
        [row(run) for run in found],
        hide_index=True,
        key="rows",
        on_select=take_rows,
        selection_mode="multi-row",
        height=min(38 + 35 * len(found), 360),
        placeholder="",
        column_config={
            name: st.column_config.NumberColumn(format="%.2f")
            for name in ("Dev F1", "Test F1 without knowledge", "Test F1 with knowledge")
        }
        | {
            "Training": st.column_config.Column(width="medium"),
            "Last update": st.column_config.DatetimeColumn(format="distance"),
        },
        alt=f"{len(found)} trainings with their state, settings and F1",
    )
    broken = [run for run in found if run.problem]
    if broken:
        with st.expander(f"{len(broken)} cannot be read whole", icon=":material/warning:"):
            for run in broken:
                inert.show(f"{run.name}: {run.problem}")


def row(run: Run) -> dict[str, object]:
    """A training as a row of the list; test F1 is of its first test set."""
    told = summary(run.config)
    first = next(iter(run.tests.values()), {})
    return {
        "State": run.state,
        "Training": run.name.removeprefix("experiments/"),
        "Dev F1": run.best_dev_f1,
        **{f"Test F1 {name.lower()}": first[view].f1 if view in first else None for view, name in VIEWS.items()},
        "Last update": run.seen,
        "Encoder": told["encoder"],
        "Knowledge": told["knowledge"],
        "Generator": told["generator"],
        "α": told["alpha"],
        "Seed": told["seed"],
    }


def take_rows() -> None:
    """Rows clicked in the list become the picked trainings, by name: the list may have changed since."""
    rows = st.session_state.rows["selection"]["rows"]
    if sorted(rows) == sorted(st.session_state.rows_told):  # nobody clicked: the browser told what it was told
        return
    clicked = [st.session_state.trainings_listed[number] for number in rows]
    before = [name for name in st.session_state[PICKED] if name in clicked]  # these keep their colours
    st.session_state[PICKED] = list(dict.fromkeys([*before, *clicked]))[: len(curves.LOOKS)]
    forget_strangers()


def forget_strangers() -> None:
    """What a link named in vain matters no more once something else is picked."""
    st.session_state.strangers = []


def read_link(names: list[str]) -> None:
    """Pick what the URL names or else what was picked before, the first time; then drop what is no longer there."""
    if PICKED not in st.session_state:
        linked = list(dict.fromkeys(st.query_params.get_all(PICKED)))
        st.session_state.strangers = [name for name in linked if name not in names]
        st.session_state[PICKED] = linked or st.session_state.get("picked_before", [])
    known = [name for name in st.session_state[PICKED] if name in names][: len(curves.LOOKS)]
    place = [names.index(name) for name in known]
    if "rows" not in st.session_state or (known, place) != st.session_state.get("told"):
        st.session_state.update(told=(known, place), untold=TOLD)
    if st.session_state.untold:
        st.session_state[PICKED] = known


def pick(found: list[Run]) -> list[Run]:
    """The picked trainings. Their names are kept in the URL, so that a comparison can be linked."""
    by_name = {run.name: run for run in found}
    for name in st.session_state.strangers:
        problems.show(f"there is no training {name!r} in this workspace: the link is of another one, or it was moved")
    names = st.multiselect(
        "Trainings to look at",
        list(by_name),
        key=PICKED,
        on_change=forget_strangers,
        max_selections=len(curves.LOOKS),
        select_all=False,
        placeholder="One for its curves, two to compare",
    )
    if st.query_params.get_all(PICKED) != names:
        st.query_params[PICKED] = names
    st.session_state.picked_before = names  # a look at another page drops what a widget holds
    return [by_name[name] for name in names]


def show_states(picked: list[Run]) -> None:
    """Each picked training: its marker in the plots, how far it is, and what it is."""
    for run, look in zip(picked, curves.LOOKS, strict=False):
        with st.container(border=True, gap="small"):
            curves.heading(run, look)
            st.caption(" · ".join([STATES[run.state], *facts(run)]))
            told = {name: words for name, words in summary(run.config).items() if words}
            inert.show(" · ".join(f"{name} {words}" for name, words in told.items()), faint=True)
            if run.problem:
                problems.show(run.problem)


def facts(run: Run) -> list[str]:
    """How far a training is, and how good, in few words."""
    words = [f"step {run.step:,}"]
    if run.best_dev_f1 is not None:
        words.append(f"best dev F1 {run.best_dev_f1:.2f} {VIEWS[run.chosen_by].lower()}, epoch {run.best_epoch}")
    if run.seconds_left is not None:
        words.append(f"about {duration(run.seconds_left)} left")
    if run.result:
        words.append(f"took {duration(run.result.seconds)}")
        if run.result.precision is not None:
            words.append(f"computed in {run.result.precision}")
        if run.result.peak_memory_gb is not None:
            words.append(f"{run.result.peak_memory_gb:.1f} GB at the peak")
    return words


def show_curves(picked: list[Run]) -> None:
    """A panel for each quantity that any of the trainings measured, two in a row."""
    st.subheader("Curves")
    names = [name for name in curves.PANELS if any(name in point.values for run in picked for point in run.points)]
    if any(run.dev for run in picked):
        names.insert(0, "dev")
    if not names:
        inert.show("Nothing was measured yet; the first line comes after some steps.", faint=True)
    for first in range(0, len(names), 2):
        for column, name in zip(st.columns(2), names[first : first + 2], strict=False):
            with column:
                show_panel(picked, name)


def show_panel(picked: list[Run], name: str) -> None:
    """One quantity: its title, its plot, its meaning."""
    if name == "dev":
        title, meaning, figure = *DEV, curves.dev(picked)
        words = f"{title} of both views by step. " + "; ".join(f"{run.name}: best {run.best_dev_f1}" for run in picked)
    else:
        title, meaning, figure = *curves.PANELS[name], curves.panel(picked, name)
        words = curves.alt(title, picked, name)
    st.markdown(f"**{title}**")
    st.plotly_chart(figure, key=f"panel_{name}", config=charts.HIDE_BAR, alt=words)
    st.caption(meaning)


def show_differences(first: Run, second: Run) -> None:
    """The fields in which two configurations differ."""
    st.subheader("What differs in their settings")
    found = differences(first.config, second.config)
    if not found:
        inert.show("Nothing: both have the same settings.", faint=True)
        return
    a, b = titles([first, second])
    rows = [{"Setting": each.name, a: value(each.a), b: value(each.b)} for each in found]
    st.dataframe(rows, hide_index=True, alt="Settings in which the two trainings differ")


def value(setting: object) -> str:
    """A setting's value; nothing for one that is missing."""
    return "" if setting is None else str(setting)


def titles(picked: list[Run]) -> list[str]:
    """The picked trainings as titles of columns, of which a phone has to show two: marker and folder."""
    return [f"{look.sign} {curves.short(run.folder.name, 14)}" for run, look in zip(picked, curves.LOOKS, strict=False)]


def show_scores(picked: list[Run]) -> None:
    """Test F1 side by side, overall and by type; of two trainings the difference as well."""
    st.subheader("Test scores")
    tests = list(dict.fromkeys(test for run in picked for test in run.tests))
    if not tests:
        inert.show("None yet: tests are scored when a training ends.", faint=True)
    for test in tests:
        for column, (view, name) in zip(st.columns(2), VIEWS.items(), strict=True):
            with column:
                st.markdown(f"**{inert.label(test)}, {name}**")
                scores = [run.tests.get(test, {}).get(view) for run in picked]
                rows = alone(scores[0]) if len(picked) == 1 else side_by_side(picked, scores)
                numbers = {
                    title: st.column_config.NumberColumn(format="%.2f")
                    for title in rows[0]
                    if title not in ("Type", "Gold")
                }
                numbers["Difference"] = st.column_config.NumberColumn(format="%+.2f")
                alt = f"Scores on {test}, {name}, overall and by type"
                st.dataframe(rows, hide_index=True, column_config=numbers, placeholder="", alt=alt)
    if tests and len(picked) == 2:
        st.caption(f"F1 in per cent. Difference: {curves.LOOKS[1].sign} less {curves.LOOKS[0].sign}.")


def alone(scores: Scores | None) -> list[dict[str, object]]:
    """One training's scores, overall and by type."""
    if scores is None:
        return [{"Type": "all"}]
    return [
        {"Type": kind, "Precision": each.precision, "Recall": each.recall, "F1": each.f1, "Gold": each.support}
        for kind, each in {"all": scores, **scores.by_type}.items()
    ]


def side_by_side(picked: list[Run], scores: list[Scores | None]) -> list[dict[str, object]]:
    """Several trainings' F1, overall and by type."""
    of_kind = [
        {"all": each.f1, **{kind: own.f1 for kind, own in each.by_type.items()}} if each else {} for each in scores
    ]
    rows: list[dict[str, object]] = []
    for kind in dict.fromkeys(kind for each in of_kind for kind in each):
        f1s = [each.get(kind) for each in of_kind]
        row_: dict[str, object] = {"Type": kind, **dict(zip(titles(picked), f1s, strict=True))}
        if len(f1s) == 2:
            before, after = f1s
            row_["Difference"] = None if before is None or after is None else after - before
        rows.append(row_)
    return rows or [{"Type": "all"}]


def show_tables() -> None:
    """A table of the paper beside ours."""
    home = resources.settings().workspace / "experiments"
    files = {file.stem: file for file in experiments.tables()}
    told_first = sorted(files, key=lambda name: (not (home / name).is_dir(), not files[name].with_suffix("").is_dir()))
    name = st.selectbox("Table", told_first, key="table", bind="query-params")
    table = experiments.results(files[name], home)
    inert.show(table.title)
    for test in tables.plottable(table):
        st.markdown(f"**{inert.label(test)}**")
        if table.is_grid:
            figure, words = tables.over_samples(table, test), tables.over_samples_in_words(table, test)
        else:
            figure = tables.beside_the_paper(table, test)
            words = f"F1 on {test}: the paper's number and ours for {len(table.rows)} rows, as in the grid below"
        st.plotly_chart(figure, key=f"paper_{test}", config=charts.HIDE_BAR, alt=words)
        if table.is_grid:
            st.caption("Mean over the seeds, each of which draws samples of its own; bars: ± one standard deviation.")
    st.dataframe(
        tables.grid(table),
        hide_index=True,
        column_config={"Row": st.column_config.Column(pinned=True)},
        alt=f"{table.title}: the paper's numbers and ours",
    )
    st.caption(
        "F1 in per cent; mean ± standard deviation (number of seeds). Published runs are the project's own: they stand "
        f"in for what has not been run in this workspace.{inert.label(experiments.scale(table), 300)}"
    )
    for each in table.rows:
        for run in each.runs:
            if run.problem:
                problems.show(f"{each.name}, seed {run.seed}: {run.problem}")
    with st.expander("The command of each row", icon=":material/terminal:"):
        for each in table.rows:
            inert.show(each.name)
            st.code(each.command, language="sh", wrap_lines=True)


st.title("Experiments")
st.caption("Trainings of this workspace, while they run and afterwards, and the paper's tables beside ours.")
show_trainings()
st.header("The paper and ours")
with problems.shown():
    show_tables()
