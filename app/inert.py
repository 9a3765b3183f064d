"""Text of tweets, teachers and people, shown as text: no markup in it ever does more than set words apart."""

import html
import unicodedata
from functools import lru_cache

import streamlit as st
from markdown_it import MarkdownIt

from core.printable import printable

_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate"

_WORDS_ALONE = MarkdownIt("zero", {"breaks": True}).enable(
    ["heading", "lheading", "list", "blockquote", "hr", "emphasis", "backticks", "escape", "newline"]
)
"""Markdown without what reaches beyond it: links, pictures and HTML are no markup to it, but text."""


def plain(text: str, limit: int | None = None) -> str:
    """Text for a place that takes no markup: control characters gone, cut to a length."""
    line = printable(text)
    return line if limit is None or len(line) <= limit else line[: limit - 1] + "…"


def cell(text: str, limit: int | None = None) -> str:
    """Text for a cell of a table, as `plain`: an invisible sign keeps spreadsheets, into which tables are taken as CSV,
    from running what begins like a formula.
    """
    line = plain(text, limit)
    return f"\N{ZERO WIDTH SPACE}{line}" if line.lstrip().startswith(("=", "+", "-", "@")) else line


def escaped(text: str) -> str:
    """Text for a place in HTML: markup as it reads, control characters gone, direction kept to itself."""
    return f'<bdi dir="auto">{markup(text)}</bdi>'


def markup(text: str) -> str:
    """Text for an element in HTML that keeps its direction to itself."""
    return html.escape(printable(text))


def direction(text: str) -> str:
    """Whether text runs "ltr" or "rtl", as its first letter says: dir="auto" sees no letter in parts kept apart."""
    strong = (unicodedata.bidirectional(sign) for sign in text)
    return "rtl" if next((each for each in strong if each in ("L", "R", "AL")), "L") != "L" else "ltr"


def show(text: str, *, faint: bool = False) -> None:
    """A paragraph of somebody's words."""
    opacity = "opacity:.7;" if faint else ""
    st.html(f'<div dir="{direction(text)}" style="{opacity}{_STYLE}">{escaped(text)}</div>')


def say(text: str) -> None:
    """What was done, in somebody's words: read out where a screen is read out."""
    st.html(f'<div role="status" dir="{direction(text)}" style="opacity:.7;{_STYLE}">{escaped(text)}</div>')


def show_markdown(text: str) -> None:
    """Somebody's Markdown: its headings, lists and emphasis; links, pictures and HTML in it stay text."""
    st.html(f'<div dir="{direction(text)}" style="overflow-wrap:anywhere;unicode-bidi:isolate">{written(text)}</div>')


@lru_cache(maxsize=8)  # a long text takes longer than a key on the desk may
def written(text: str) -> str:
    """Somebody's Markdown as HTML; its headings stand below those of a page."""
    tokens = _WORDS_ALONE.parse(printable(text))
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{min(int(token.tag[1]) + 3, 6)}"
    return str(_WORDS_ALONE.renderer.render(tokens, _WORDS_ALONE.options, {}))


def sentence(text: str) -> str:
    """A message as a sentence begins; a name with signs in it, like that of a file, stays as it is."""
    first = text.partition(" ")[0].rstrip(",:;")
    return text[:1].upper() + text[1:] if first.isalpha() else text


def label(text: str, limit: int = 60) -> str:
    """Somebody's words on a widget, whose labels are markdown: cut to a length, every sign of markup escaped."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()<>#+-.!|~$:&" else sign for sign in short(text, limit))


def short(text: str, limit: int) -> str:
    """Somebody's words on one line, cut to a length: for options of a list, which show no markup."""
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
