"""Tables of figures that open the samples behind them, and plots of comparisons."""

import html

import plotly.graph_objects as go
import streamlit as st

from app import inert
from core.analysis.tables import Number, Table

_FIRST, _SECOND = "#d55e00", "#0072b2"  # Okabe and Ito's, told apart by colour-blind eyes


def show_table(table: Table, key: str) -> Number | None:
    """A table whose figures can be picked; gives the one that is."""
    rows = [
        {
            table.title: inert.cell(line.name),
            **{name: n.value for name, n in zip(table.columns, line.numbers, strict=True)},
        }
        for line in table.lines
    ]
    picked = st.dataframe(
        rows,
        hide_index=True,
        key=key,
        on_select="rerun",
        selection_mode="single-cell",
        column_config={
            table.title: st.column_config.Column(pinned=True),
            **{name: st.column_config.NumberColumn(format=_form(table, name)) for name in table.columns},
        },
        placeholder="",
        alt=f"{table.title}: {', '.join(table.columns)}. {table.note}",
    )
    if table.note:
        st.caption(inert.label(table.note, 300))
    for row, column in picked["selection"]["cells"]:
        if column in table.columns:
            return table.lines[row].numbers[table.columns.index(column)]
    return None


def _form(table: Table, column: str) -> str:
    """Counts as they are, per cents with two decimals, and shares of one with three."""
    values = [line.numbers[table.columns.index(column)].value for line in table.lines]
    known = [value for value in values if value is not None]
    if all(value == int(value) for value in known):
        return "localized"
    return "%.2f" if max(map(abs, known)) > 1 else "%.3f"


def reliability(tables: tuple[Table, Table]) -> go.Figure:
    """How often right against how sure, a point for each bin that holds mentions; its size is how many."""
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": "#777", "dash": "dot"}, name="calibrated")
    for table, colour, symbol in zip(tables, (_FIRST, _SECOND), ("square-open", "circle"), strict=True):
        counts, sure, right = ([line.numbers[at].value or 0 for line in table.lines[:-1]] for at in (0, 1, 2))
        figure.add_scatter(
            name=html.escape(table.title.removeprefix("Confidence of ")),
            x=sure,
            y=right,
            mode="lines+markers",
            line={"color": colour},
            marker={"symbol": symbol, "color": colour, "size": [7 + min(14, count**0.5) for count in counts]},
            customdata=counts,
            hovertemplate="%{x:.0%} sure, %{y:.0%} right, %{customdata:,} mentions<extra></extra>",
        )
    return _laid_out(figure, 380, "how sure", "how often right", ".0%")


def slices(tables: tuple[Table, ...], names: tuple[str, str]) -> go.Figure:
    """F1 of both sides on every slice: a square for the first, a filled circle for the second, a line between."""
    figure = go.Figure()
    rows = [(f"{table.title}: {line.name}", line.numbers) for table in tables for line in table.lines]
    for at, (_, numbers) in enumerate(rows):
        figure.add_scatter(
            x=[numbers[1].value, numbers[2].value], y=[at, at], mode="lines", line={"color": "#777"}, showlegend=False
        )
    for side, (name, colour, symbol) in enumerate(
        zip(names, (_FIRST, _SECOND), ("square-open", "circle"), strict=True), start=1
    ):
        figure.add_scatter(
            name=html.escape(name),
            x=[numbers[side].value for _, numbers in rows],
            y=list(range(len(rows))),
            mode="markers",
            marker={"symbol": symbol, "size": 11, "color": colour, "line": {"width": 2}},
            hovertemplate="%{x:.2f}<extra></extra>",
        )
    _laid_out(figure, 130 + 24 * len(rows), "F1, per cent", "", "")
    ticks = [html.escape(inert.short(name, 34)) for name, _ in rows]
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=ticks, autorange="reversed")
    return figure


def _laid_out(figure: go.Figure, height: int, x: str, y: str, form: str) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 10, "t": 60, "b": 0},
        legend={"orientation": "h", "yref": "container", "y": 1, "yanchor": "top", "xref": "container", "x": 0},
        dragmode=False,
    )
    figure.update_xaxes(title=x, fixedrange=True, tickformat=form)
    figure.update_yaxes(title=y, fixedrange=True, automargin=True, tickformat=form)
    return figure
