"""Plots of the case study."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from app.marks import colour
from core.domain import Sample, ScoredEntity


def confidences(sample: Sample, without: Sequence[ScoredEntity], with_: Sequence[ScoredEntity]) -> go.Figure:
    """How sure the student is of each mention: hollow without knowledge, filled with it, a line between the two."""
    old = {(entity.start, entity.end, entity.type): entity.score for entity in without}
    new = {(entity.start, entity.end, entity.type): entity.score for entity in with_}
    figure = go.Figure()
    mentions = sorted(old.keys() | new.keys(), reverse=True)
    for row, key in enumerate(mentions):
        scores = [table[key] for table in (old, new) if key in table]
        figure.add_scatter(x=scores, y=[row] * len(scores), mode="lines", line={"color": colour(key[2]), "width": 3})
    for name, table, symbol in (("without knowledge", old, "circle-open"), ("with knowledge", new, "circle")):
        rows = [(row, key) for row, key in enumerate(mentions) if key in table]
        figure.add_scatter(
            name=name,
            x=[table[key] for _, key in rows],
            y=[row for row, _ in rows],
            mode="markers",
            marker={"symbol": symbol, "size": 13, "color": [colour(key[2]) for _, key in rows], "line": {"width": 2}},
            hovertemplate=f"%{{x:.1%}} {name}<extra></extra>",
        )
    figure.update_traces(showlegend=False, selector={"mode": "lines"}, hoverinfo="skip")
    figure.update_layout(
        height=90 + 34 * len(mentions),
        margin={"l": 0, "r": 10, "t": 30, "b": 0},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        dragmode=False,
    )
    figure.update_xaxes(range=[0, 1.04], tickformat=".0%", fixedrange=True)
    names = [_name(sample, ScoredEntity(start=key[0], end=key[1], type=key[2], score=0)) for key in mentions]
    figure.update_yaxes(tickvals=list(range(len(mentions))), ticktext=names, fixedrange=True, automargin=True)
    return figure


def _name(sample: Sample, entity: ScoredEntity) -> str:
    words = sample.mention(entity)
    return html.escape(words if len(words) <= 24 else words[:23] + "…") + f" · {html.escape(entity.type)}"
