"""Plots of the case study and of jobs."""

import html
from collections.abc import Mapping, Sequence
from typing import get_args

import plotly.graph_objects as go

from app import inert
from app.marks import colour
from core.domain import DropReason, Entity, Sample, ScoredEntity, ScoredRelation
from core.evaluation.mre import in_words
from core.store.answers import Outcome

HIDE_BAR = {"displayModeBar": False}
"""A plot's `config` without the bar of buttons, which would cover it on a phone."""


def confidences(sample: Sample, without: Sequence[ScoredEntity], with_: Sequence[ScoredEntity]) -> go.Figure:
    """How sure the student is of each mention: hollow without knowledge, filled with it, a line between the two."""
    old, new = ({(each.start, each.end, each.type): each.score for each in found} for found in (without, with_))
    keys = sorted(old.keys() | new.keys())
    rows = [
        (_name(sample, Entity(start=key[0], end=key[1], type=key[2])), colour(key[2]), old.get(key), new.get(key))
        for key in keys
    ]
    return _both_views(rows)


def relations(without: Sequence[ScoredRelation], with_: Sequence[ScoredRelation]) -> go.Figure:
    """How sure the student is of the likeliest relations, drawn as `confidences` are."""
    old, new = ({each.label: each.score for each in found} for found in (without, with_))
    labels = sorted(old.keys() | new.keys(), key=lambda label: -max(old.get(label, 0), new.get(label, 0)))
    rows = [
        (html.escape(inert.short(in_words(label), 32)), "#0072b2", old.get(label), new.get(label)) for label in labels
    ]
    return _both_views(rows)


def _both_views(rows: Sequence[tuple[str, str, float | None, float | None]]) -> go.Figure:
    """Rows of a name, a colour and the scores of both views, from the top; None where a view has none."""
    figure = go.Figure()
    places = range(len(rows) - 1, -1, -1)
    for place, (_, shade, *scores) in zip(places, rows, strict=True):
        known = [score for score in scores if score is not None]
        figure.add_scatter(x=known, y=[place] * len(known), mode="lines", line={"color": shade, "width": 3})
    for side, (name, symbol) in enumerate((("without knowledge", "circle-open"), ("with knowledge", "circle"))):
        points = [
            (place, row[1], row[2 + side]) for place, row in zip(places, rows, strict=True) if row[2 + side] is not None
        ]
        # Colour says the type, so the legend's, which says the view alone, has none.
        grey = {"symbol": symbol, "size": 13, "color": "#777", "line": {"width": 2}}
        figure.add_scatter(name=name, x=[None], y=[None], mode="markers", marker=grey)
        figure.add_scatter(
            showlegend=False,
            x=[score for _, _, score in points],
            y=[place for place, _, _ in points],
            mode="markers",
            marker={"symbol": symbol, "size": 13, "color": [shade for _, shade, _ in points], "line": {"width": 2}},
            hovertemplate=f"%{{x:.1%}} {name}<extra></extra>",
        )
    figure.update_traces(showlegend=False, selector={"mode": "lines"}, hoverinfo="skip")
    figure.update_layout(
        height=110 + 34 * len(rows),
        margin={"l": 0, "r": 10, "t": 30, "b": 0},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        dragmode=False,
    )
    figure.update_xaxes(range=[-0.02, 1.04], tickformat=".0%", fixedrange=True, title="how sure")
    figure.update_yaxes(tickvals=list(places), ticktext=[row[0] for row in rows], fixedrange=True, automargin=True)
    return figure


GRAINS = ("caption", "noun", "sentence", "multimodality", "mixed", "style", "entity", "image")


def coverage(covered: Mapping[str, int], total: int, titles: Mapping[str, str]) -> go.Figure:
    """How many of a corpus' samples have a caption, a thought of each grain, a variant of each kind, by title."""
    known = [*GRAINS, *(name for name in covered if name not in GRAINS)]
    shown = [name for name in known if name in covered or name not in ("mixed", "style", "entity", "image")]
    figure = go.Figure(
        go.Bar(
            x=[covered.get(name, 0) for name in shown],
            y=[f"{html.escape(titles.get(name, name))}<br>{covered.get(name, 0):,} of {total:,}" for name in shown],
            orientation="h",
            marker={"color": "#0072b2"},
            hoverinfo="skip",
        )
    )
    figure.update_xaxes(range=[0, max(total, 1)], fixedrange=True, title="samples")
    figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True)
    figure.update_layout(height=70 + 44 * len(shown), margin={"l": 0, "r": 10, "t": 10, "b": 0}, dragmode=False)
    return figure


def variants(outcomes: Sequence[Outcome]) -> go.Figure:
    """What was kept and what was dropped, a bar a kind, its parts by reason."""
    figure = go.Figure()
    kinds = list(dict.fromkeys(each.kind for each in outcomes))
    numbers = {(each.kind, each.dropped): each.number for each in outcomes}
    for at, reason in enumerate((None, *get_args(DropReason))):  # a reason keeps its look, whatever comes later
        if not any(each.dropped == reason for each in outcomes):
            continue
        name = reason or "kept"
        figure.add_bar(
            name=name,
            x=[numbers.get((kind, reason), 0) for kind in kinds],
            y=kinds,
            orientation="h",
            marker={
                "color": _PARTS[at % len(_PARTS)],
                "pattern": {"shape": "/" if at >= len(_PARTS) else "", "fillmode": "overlay"},
            },
            hovertemplate=f"%{{x:,}} {name}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=150 + 36 * len(kinds),
        margin={"l": 0, "r": 10, "t": 70, "b": 0},
        legend={"orientation": "h", "yref": "container", "y": 1, "yanchor": "top", "xref": "container", "x": 0},
        dragmode=False,
    )
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True)
    return figure


# Okabe and Ito's colours, which the colour-blind can tell apart.
_PARTS = ("#0072b2", "#d55e00", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#009e73", "#999999")


def _name(sample: Sample, entity: Entity) -> str:
    words = sample.mention(entity)
    return html.escape(words if len(words) <= 24 else words[:23] + "…") + f" · {html.escape(entity.type)}"
