"""Plots of the paper's tables: its number and ours, row by row; and F1 over the number of samples."""

import html
from collections.abc import Iterator
from itertools import cycle
from textwrap import wrap

import plotly.graph_objects as go

from app.curves import LOOKS
from core.domain import View
from core.experiments import Results, RowResults, Score
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
        visible=any(test in row.paper for row in rows),
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
    names = [_in_two_lines(row.name) for row in rows]
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=names, autorange="reversed", fixedrange=True, automargin=True
    )
    return figure


def over_samples(table: Results, test: str) -> go.Figure:
    """F1 on one test set over the number of samples, a line for each number of variants: the paper's Figure 3.

    Of a table that is a grid. Bars are the deviation of several seeds; lines stand a little beside each other for them.
    """
    figure = go.Figure()
    samples = sorted({row.samples for row in table.rows if row.samples})
    lines = list(_lines(table, test))
    for (times, scores), look, at in zip(lines, cycle(LOOKS), range(len(lines)), strict=False):
        figure.add_scatter(
            name=_augmented(times),
            x=[samples.index(number) + 0.05 * (at - (len(lines) - 1) / 2) for number in scores],
            y=[score.mean for score in scores.values()],
            error_y={"type": "data", "array": [score.sd for score in scores.values()], "thickness": 1.5},
            customdata=[f"{score}, {number} samples" for number, score in scores.items()],
            hovertemplate="%{customdata}",
            mode="lines+markers",
            line={"color": look.colour, "dash": look.dash, "width": 2},
            marker={"symbol": look.symbol, "size": 9, "color": look.colour},
        )
    figure.update_layout(
        height=380,
        margin={"l": 0, "r": 10, "t": 60, "b": 0},
        legend={"orientation": "h", "yref": "container", "y": 1, "yanchor": "top", "xref": "container", "x": 0},
        showlegend=True,
        dragmode=False,
    )
    ticks = {"tickvals": list(range(len(samples))), "ticktext": [f"{number:,}" for number in samples]}
    figure.update_xaxes(title="training samples", range=[-0.4, len(samples) - 0.6], fixedrange=True, **ticks)
    figure.update_yaxes(title="F1, per cent", fixedrange=True, automargin=True)
    return figure


def over_samples_in_words(table: Results, test: str) -> str:
    """The same for those who cannot see it."""
    said = (
        f"{_augmented(times)}: " + ", ".join(f"{score} with {number:,}" for number, score in scores.items())
        for times, scores in _lines(table, test)
    )
    return f"F1 on {test} over the number of training samples. " + "; ".join(said)


def _lines(table: Results, test: str) -> Iterator[tuple[int, dict[int, Score]]]:
    """By number of variants: the scores by number of samples, in the view by which the students were chosen."""
    for times in sorted({row.times or 0 for row in table.rows}):
        rows = {row.samples or 0: row for row in table.rows if row.times == times}
        scored = {number: row.tests.get(test, {}).get(row.view) for number, row in sorted(rows.items()) if row.view}
        if scores := {number: score for number, score in scored.items() if score}:
            yield times, scores


def _augmented(times: int) -> str:
    return f"{times}× augmented" if times else "not augmented"


def grid(table: Results) -> list[dict[str, object]]:
    """The table's rows for the screen, without columns that none of them fills; what has not been run yet says so."""
    rows = [_cells(row, table.tests) for row in table.rows]
    filled = {name for row in rows for name, cell in row.items() if cell != ""}
    return [{name: cell for name, cell in row.items() if name in filled} for row in rows]


def _cells(row: RowResults, tests: tuple[str, ...]) -> dict[str, object]:
    cells: dict[str, object] = {"Row": row.name}
    for test in tests:
        of = f"{test}: " if len(tests) > 1 else ""
        views = row.tests.get(test, {})
        cells |= {f"{of}{name}": str(views[view]) if view in views else "" for view, (name, _) in SERIES.items()}
        cells[f"{of}the paper"] = f"{row.paper[test]:.2f}" if test in row.paper else ""
        ours = views.get(row.view) if row.view else None  # in the view by which it was chosen
        cells[f"{of}ours − the paper"] = f"{ours.mean - row.paper[test]:+.2f}" if ours and test in row.paper else ""
    done = sum(run.state == "done" for run in row.runs)
    published = sum(run.published for run in row.runs)
    seeds = f"{done} of {len(row.runs)}" + (f" ({published} published)" if published else "")
    cells |= {"dev F1": standing(row), "seeds run": seeds}
    cells |= {"encoder": row.encoder, "knowledge": row.source, "teacher": row.teacher}
    return cells | {"the paper's encoder, teacher": row.paper_label or ""}


def _in_two_lines(name: str) -> str:
    """A row's name, as Plotly's markup, in at most two lines of a width that a phone has beside a plot."""
    lines = wrap(name, 24, max_lines=2, placeholder="…", break_on_hyphens=False)
    return "<br>".join(map(html.escape, lines))
