"""What moved a score, shown on the words; label probabilities and attention as heat maps."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st
from PIL import Image

from app.inert import escaped, plain
from core.captioners import Regions
from core.domain import View
from core.explanation.attribution import Attribution
from core.explanation.occlusion import Hidden
from core.explanation.page import PART_NAMES, by_part, tint
from core.explanation.reading import PromptAttention

_FOR, _AGAINST = "#0072b2", "#d55e00"  # Okabe and Ito's, told apart by colour-blind eyes


def show_words(attribution: Attribution) -> None:
    """Every word that the student read, blue where it speaks for the score and orange where against it."""
    lines = []
    for part, words in by_part(attribution):
        spans = (
            f'<span style="background:{tint(share)};border-radius:3px;padding:0 1px" title="{value:+.3f}">'
            f"{escaped(word)}</span>"
            for word, value, share in words
        )
        lines.append(f"<p><b>{escaped(PART_NAMES[part])}:</b> {' '.join(spans)}</p>")
    st.html(f'<div style="overflow-wrap:anywhere;line-height:1.9">{"".join(lines)}</div>')


def parts(attributions: dict[str, Attribution]) -> go.Figure:
    """What the tweet, the caption and each thought gave to a score, view by view."""
    figure = go.Figure()
    for (name, attribution), pattern in zip(attributions.items(), ("/", ""), strict=False):
        sums = attribution.by_part()
        # Colour says for or against, so the legend's, which says the view alone, has none.
        grey = {"color": "#777", "pattern": {"shape": pattern}}
        figure.add_bar(name=name, y=[None], x=[None], orientation="h", marker=grey, offsetgroup=name)
        figure.add_bar(
            showlegend=False,
            offsetgroup=name,
            y=[html.escape(PART_NAMES[part]) for part in sums],
            x=list(sums.values()),
            orientation="h",
            marker={
                "color": [_FOR if value > 0 else _AGAINST for value in sums.values()],
                "pattern": {"shape": pattern},
            },
            hovertemplate="%{x:+.2f}<extra></extra>",
        )
    figure.update_layout(
        height=110 + 34 * len({part for each in attributions.values() for part in each.by_part()}),
        margin={"l": 0, "r": 10, "t": 30, "b": 0},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        dragmode=False,
    )
    figure.update_xaxes(title="mean log-odds", fixedrange=True)
    # The legend's own bars have no y, of which the browser would make an axis of numbers.
    figure.update_yaxes(type="category", autorange="reversed", fixedrange=True, automargin=True)
    return figure


def labels(words: Sequence[str], names: Sequence[str], rows: Sequence[Sequence[float]]) -> go.Figure:
    """What each label is worth at each word."""
    return _map(rows, [f"{at + 1} {word}" for at, word in enumerate(words)], names, "%{y}: %{x} %{z:.1%}")


def attention(table: PromptAttention) -> go.Figure:
    """What each vector of the conditional prompt looks at: words downwards, vectors across."""
    words = [f"{at} {word}" for at, word in enumerate(table.columns)]
    across = [str(number + 1) for number in range(len(table.rows))]
    return _map(
        list(zip(*table.rows, strict=True)), words, across, "vector %{x} at %{y}: %{z:.1%}", "vector of the prompt"
    )


def alt_of(attribution: Attribution, view: View) -> str:
    """An attribution in words: its strongest words."""
    shares = sorted(
        zip(attribution.units, attribution.values, strict=True), key=lambda pair: abs(pair[1]), reverse=True
    )
    strongest = ", ".join(f"{unit.text} {value:+.2f}" for unit, value in shares[:5])
    return f"What moved the score {view.replace('_', ' ')}; the strongest words: {plain(strongest)}"


def lit(picture: Image.Image, regions: Regions) -> Image.Image:
    """The picture, bright where the captioner looked and dark elsewhere: seen the same by colour-blind eyes."""
    largest = max(max(row) for row in regions.grid) or 1.0
    light = Image.new("L", (len(regions.grid[0]), len(regions.grid)))
    light.putdata([round(40 + 215 * weight / largest) for row in regions.grid for weight in row])
    return Image.composite(
        picture, Image.new("RGB", picture.size), light.resize(picture.size, Image.Resampling.BICUBIC)
    )


def hidden_rows(hidden: Sequence[Hidden]) -> list[dict[str, object]]:
    """Occlusion as a table, the largest fall first."""
    ordered = sorted(hidden, key=lambda each: -abs(each.fall))
    return [
        {"Hidden": plain(each.unit.text) or PART_NAMES[each.unit.part], "Score falls by": each.fall} for each in ordered
    ]


def _map(
    rows: Sequence[Sequence[float]], down: Sequence[str], across: Sequence[str], hover: str, title: str = ""
) -> go.Figure:
    figure = go.Figure(
        go.Heatmap(
            z=rows,
            x=[html.escape(plain(name)) for name in across],
            y=[html.escape(plain(name, 18)) for name in down],
            colorscale="Cividis",
            zmin=0,
            zmax=max(max(row) for row in rows),  # without it, plotly takes the least value for 0
            colorbar={"tickformat": ".0%", "thickness": 14},
            hovertemplate=hover + "<extra></extra>",
        )
    )
    figure.update_layout(height=120 + 22 * len(down), margin={"l": 0, "r": 0, "t": 10, "b": 0}, dragmode=False)
    figure.update_xaxes(fixedrange=True, type="category", side="top", title=title)
    figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True, type="category")
    return figure
