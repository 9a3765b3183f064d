"""Text of tweets, teachers and people, shown as text: no markup in it ever takes effect."""

import html

import streamlit as st

_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate"
_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # overrides would turn our own words round
_CONTROLS = dict.fromkeys((*range(0x00, 0x09), *range(0x0B, 0x20), 0x7F, *_BIDI))


def plain(text: str, limit: int | None = None) -> str:
    """Text for a place that takes no markup: control characters gone, cut to a length."""
    line = text.translate(_CONTROLS)
    return line if limit is None or len(line) <= limit else line[: limit - 1] + "…"


def escaped(text: str) -> str:
    """Text for a place in HTML: markup as it reads, control characters gone, direction kept to itself."""
    return f'<bdi dir="auto">{html.escape(text.translate(_CONTROLS))}</bdi>'


def show(text: str, *, faint: bool = False) -> None:
    """A paragraph of somebody's words."""
    opacity = "opacity:.7;" if faint else ""
    st.html(f'<div dir="auto" style="{opacity}{_STYLE}">{escaped(text)}</div>')


def label(text: str, limit: int = 60) -> str:
    """Somebody's words on a widget, whose labels are markdown: cut to a length, every sign of markup escaped."""
    line = " ".join(text.translate(_CONTROLS).split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()<>#+-.!|~$:&" else sign for sign in line)
