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
    """Keep what goes wrong inside under a name of the session, else "": a callback can show nothing itself.

    The words stay for the page that is made next, and for its fragments however often they are made again.
    """
    st.session_state[name] = ""
    try:
        yield
    except CotpdError as error:
        st.session_state.update({name: str(error), f"{name}_is_new": True})


def forget(name: str) -> None:
    """Let go of what went wrong before the last press: called by the page, not by its fragments, before it shows it."""
    if not st.session_state.pop(f"{name}_is_new", False):
        st.session_state[name] = ""


def show_noted(name: str) -> None:
    """What went wrong in the last callback that notes under this name; it is new no more."""
    st.session_state.pop(f"{name}_is_new", None)
    if words := st.session_state.get(name):
        show(words)


@contextmanager
def shown() -> Iterator[None]:
    """Show what goes wrong inside, and let the rest of the page go on."""
    try:
        yield
    except CotpdError as error:
        show(str(error))
