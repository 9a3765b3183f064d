"""Plots of the paper's tables: its number and ours, row by row."""

import html

import plotly.graph_objects as go

from core.domain import View
from core.experiments import Results, RowResults
from core.experiments.report import standing

SERIES: dict[View, tuple[str, str]] = {
    "without_knowledge": ("ours, without knowledge", "circle-open"),
    "with_knowledge": ("ours, with knowledge", "circle"),
}

_OURS, _PAPER = "#0072b2", "#d55e00"


def plottable(table: Results) -> list[str]:
    """The test sets for which there is a number, the paper's or ours."""
    return [test for test in table.tests if any(test in row.paper or test in row.tests for row in table.rows)]


def beside_the_paper(table: Results, test: str) -> go.Figure:
    """F1 on one test set: the paper's as a diamond, ours as circles whose bars are the deviation of several seeds."""
    figure = go.Figure()
    rows = [row for row in table.rows if test in row.paper or test in row.tests]
    figure.add_scatter(
        name="the paper",
        x=[row.paper.get(test) for row in rows],
        y=list(range(len(rows))),
        mode="markers",
        marker={"symbol": "diamond-open", "size": 12, "color": _PAPER, "line": {"width": 2}},
        customdata=[html.escape(row.paper_label or "") for row in rows],
        hovertemplate="%{x:.2f} %{customdata}",
    )
    for view, (name, symbol) in SERIES.items():
        scores = [row.tests.get(test, {}).get(view) for row in rows]
        figure.add_scatter(
            name=name,
            x=[score.mean if score else None for score in scores],
            y=list(range(len(rows))),
            error_x={"type": "data", "array": [score.sd if score else None for score in scores], "thickness": 1.5},
            mode="markers",
            marker={"symbol": symbol, "size": 12, "color": _OURS, "line": {"width": 2}},
            hovertemplate="%{x:.2f}",
        )
    figure.update_layout(
        height=130 + 34 * len(rows),
        margin={"l": 0, "r": 10, "t": 70, "b": 0},  # on a phone, the legend takes three lines
        legend={"orientation": "h", "yref": "container", "y": 1, "yanchor": "top", "xref": "container", "x": 0},
        dragmode=False,
    )
    figure.update_xaxes(title="F1, per cent", fixedrange=True, automargin=True)
    names = [html.escape(_short(row.name)) for row in rows]
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=names, autorange="reversed", fixedrange=True, automargin=True
    )
    return figure


def grid(table: Results) -> list[dict[str, object]]:
    """The table's rows for the screen; what has not been run yet says so."""
    return [_cells(row, table.tests) for row in table.rows]


def _cells(row: RowResults, tests: tuple[str, ...]) -> dict[str, object]:
    cells: dict[str, object] = {"Row": row.name}
    for test in tests:
        of = f"{test}: " if len(tests) > 1 else ""
        views = row.tests.get(test, {})
        cells |= {f"{of}{name}": str(views[view]) if view in views else "" for view, (name, _) in SERIES.items()}
        cells[f"{of}the paper"] = f"{row.paper[test]:.2f}" if test in row.paper else ""
        ours = views.get(row.view) if row.view else None  # in the view that the paper's number is of
        comparable = ours is not None and test in row.paper
        cells[f"{of}ours − the paper"] = f"{ours.mean - row.paper[test]:+.2f}" if comparable else ""
    done = sum(run.state == "done" for run in row.runs)
    published = sum(run.published for run in row.runs)
    seeds = f"{done} of {len(row.runs)}" + (f", {published} of them published" if published else "")
    cells |= {"dev F1": standing(row), "seeds run": seeds}
    cells |= {"encoder": row.encoder, "knowledge": row.source, "teacher": row.teacher}
    return cells | {"the paper's encoder, teacher": row.paper_label or ""}


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"
