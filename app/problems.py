"""Failures as words on the page: never a traceback, never silence."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.inert import escaped, sentence
from core.errors import CotpdError


def show(message: str) -> None:
    """One failure, in words that may hold somebody's text."""
    with st.container(border=True):
        st.html(f'<div role="alert"><strong>⚠ Problem.</strong> {escaped(sentence(message))}</div>')


@contextmanager
def noted(name: str) -> Iterator[None]:
    """Keep what goes wrong inside under a name of the session, else "": a callback can show nothing itself."""
    st.session_state[name] = ""
    try:
        yield
    except CotpdError as error:
        st.session_state[name] = str(error)


def show_noted(name: str) -> None:
    """What went wrong in the last callback that notes under this name."""
    if words := st.session_state.get(name):
        show(words)


@contextmanager
def shown() -> Iterator[None]:
    """Show what goes wrong inside, and let the rest of the page go on."""
    try:
        yield
    except CotpdError as error:
        show(str(error))
