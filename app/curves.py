"""Plots of trainings: a panel for each quantity; a training has its own colour, dash and marker in all of them."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from app import inert
from core.runs import Run


@dataclass(frozen=True)
class Look:
    """How the lines of one training look; `sign` is its marker as a letter."""

    colour: str
    dash: str
    symbol: str
    sign: str


# Okabe and Ito's colours, told apart by colour-blind eyes; dashes and markers say the same without colour.
LOOKS = (
    Look("#0072b2", "solid", "circle", "●"),
    Look("#d55e00", "dash", "square", "■"),
    Look("#009e73", "dot", "diamond", "◆"),
    Look("#cc79a7", "dashdot", "triangle-up", "▲"),
    Look("#e69f00", "longdash", "cross", "✚"),
    Look("#56b4e9", "longdashdot", "star", "★"),
)

PANELS = {
    "loss": ("Loss", "The sum that is minimised (equation 5)."),
    "nll": ("NLL", "Of the gold labels, in the view that is trained on them."),
    "cpd": ("Distillation loss", "KL divergence of the text-only view from the knowledge view, before it is weighted."),
    "nll_student": ("NLL without knowledge", "Of the gold labels, in the text-only view."),
    "seconds_a_step": ("Seconds a step", "Lower is faster."),
    "tokens_a_second": ("Tokens a second", "Higher is faster."),
}
"""What a training measures while it goes on: a title, and what it means."""


def heading(run: Run, look: Look) -> None:
    """A training's marker and name: with several of these, the legend of all panels."""
    sign = f'<span style="color:{look.colour};font-size:1.2rem" aria-hidden="true">{look.sign}</span>'
    st.html(f'<div style="overflow-wrap:anywhere;font-weight:600">{sign} {inert.escaped(run.name)}</div>')


def panel(runs: Sequence[Run], name: str) -> go.Figure:
    """A quantity over the steps of several trainings; those that did not measure it are left out."""
    figure = _figure()
    for run, look in zip(runs, LOOKS, strict=False):
        points = [point for point in run.points if name in point.values]
        figure.add_scatter(
            **_line(run, look),
            x=[point.step for point in points],
            y=[point.values[name] for point in points],
            hovertemplate="%{y:.4g} at step %{x:,}",
            marker={"symbol": look.symbol, "size": 8, "color": look.colour, "maxdisplayed": 8},
        )
    return figure


def dev(runs: Sequence[Run]) -> go.Figure:
    """Dev F1 of both views, epoch by epoch: hollow without knowledge, filled with it, the best epoch large."""
    figure = _figure()
    for run, look in zip(runs, LOOKS, strict=False):
        for view, hollow in (("without_knowledge", "-open"), ("with_knowledge", "")):
            points = [point for point in run.dev if view in point.values]
            best = run.best_epoch if view == run.chosen_by else None
            sizes = [15 if point.epoch == best else 8 for point in points]
            figure.add_scatter(
                **_line(run, look, note=f", {view.replace('_', ' ')}"),
                x=[point.step for point in points],
                y=[point.values[view] for point in points],
                customdata=[point.epoch for point in points],
                hovertemplate="%{y:.2f} after epoch %{customdata}",
                marker={
                    "symbol": look.symbol + hollow,
                    "size": sizes,
                    "color": look.colour,
                    "opacity": 1,
                    "line": {"width": 2, "color": look.colour},
                },
            )
    return figure


def alt(title: str, runs: Sequence[Run], name: str) -> str:
    """A panel in words: what it shows, and where each training stands."""
    lasts = ((run, [point.values[name] for point in run.points if name in point.values]) for run in runs)
    return f"{title} by step. " + "; ".join(f"{run.name}: {values[-1]:.4g} now" for run, values in lasts if values)


def _line(run: Run, look: Look, note: str = "") -> dict[str, object]:
    return {
        "name": html.escape(f"{short(run.folder.name, 40)}{note}"),
        "mode": "lines+markers",
        "line": {"color": look.colour, "dash": look.dash, "width": 2},
        "hoverlabel": {"namelength": -1},
    }


def short(name: str, length: int) -> str:
    """A name that fits; its end is kept, for there the seed is."""
    return name if len(name) <= length else f"{name[: length - 7]}…{name[-6:]}"


def _figure() -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=240,
        margin={"l": 0, "r": 10, "t": 10, "b": 0},
        showlegend=False,
        dragmode=False,
        uirevision="same",
    )
    figure.update_xaxes(title="step", fixedrange=True, rangemode="tozero")
    figure.update_yaxes(fixedrange=True, automargin=True)
    return figure
