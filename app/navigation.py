"""The pages there are. They lie beside this folder, so a link names them by the objects made here."""

from pathlib import Path

import streamlit as st

_PAGES = Path(__file__).resolve().parent.parent / "pages"


def case_study() -> st.Page:
    """One tweet, whole."""
    return st.Page(_PAGES / "case_study.py", title="Case study", icon=":material/frame_inspect:", default=True)


def explain() -> st.Page:
    """Why the student said what it said about one tweet."""
    return _page("explain", "Explain", "psychology")


def review() -> st.Page:
    """Variants one by one; `card` in a link's parameters is the id of the one that is shown first."""
    return _page("review", "Review", "rate_review")


def corpora() -> st.Page:
    """What is in the workspace, and what comes in and goes out."""
    return _page("corpora", "Corpora", "import_export")


def _page(name: str, title: str, icon: str) -> st.Page:
    return st.Page(_PAGES / f"{name}.py", title=title, icon=f":material/{icon}:")


def pages() -> dict[str, list[st.Page]]:
    """All pages, by what a person is about, in the order of the navigation."""
    return {
        "One tweet": [case_study(), explain(), _page("cases", "Stored cases", "history")],
        "Review": [
            review(),
            _page("review_list", "Review in bulk", "checklist"),
            _page("agreement", "Agreement", "handshake"),
        ],
        "Whole corpora": [corpora(), _page("jobs", "Jobs", "work_history")],
        "Students": [
            _page("errors", "Errors", "rule"),
            _page("experiments", "Experiments", "monitoring"),
            _page("models", "Models", "memory"),
        ],
    }
