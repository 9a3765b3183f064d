"""The pages there are. They lie beside this folder, so a link names them by the objects made here."""

from pathlib import Path

import streamlit as st

_PAGES = Path(__file__).resolve().parent.parent / "pages"


def case_study() -> st.Page:
    """One tweet, whole."""
    return st.Page(_PAGES / "case_study.py", title="Case study", icon=":material/frame_inspect:", default=True)


def explain() -> st.Page:
    """Why the student said what it said about one tweet."""
    return st.Page(_PAGES / "explain.py", title="Explain", icon=":material/psychology:")


def pages() -> list[st.Page]:
    """All pages, in the order of the navigation."""
    return [
        case_study(),
        explain(),
        st.Page(_PAGES / "errors.py", title="Errors", icon=":material/rule:"),
        st.Page(_PAGES / "cases.py", title="Stored cases", icon=":material/history:"),
        st.Page(_PAGES / "review.py", title="Review", icon=":material/rate_review:"),
        st.Page(_PAGES / "review_list.py", title="Review in bulk", icon=":material/checklist:"),
        st.Page(_PAGES / "agreement.py", title="Agreement", icon=":material/handshake:"),
        st.Page(_PAGES / "jobs.py", title="Jobs", icon=":material/work_history:"),
        st.Page(_PAGES / "experiments.py", title="Experiments", icon=":material/monitoring:"),
        st.Page(_PAGES / "corpora.py", title="Corpora", icon=":material/import_export:"),
        st.Page(_PAGES / "models.py", title="Models", icon=":material/memory:"),
    ]
