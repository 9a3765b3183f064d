"""The sidebar: which models answer."""

from typing import Literal

import streamlit as st

from app import inert, resources
from core import teachers, weights
from core.doctor import Finding, Kind, examine
from core.settings import Settings

EMBEDDED = {"describe": "embedded describer", "embedded": "embedded (runs on this machine)"}
"""What a default is called, so that nobody takes it for the model it stands in for."""


@st.cache_data(ttl=30, max_entries=8, show_spinner=False)
def findings() -> list[Finding]:
    """What can be used on this machine; looked at anew twice a minute, for weights may arrive."""
    return examine(resources.settings())


def chosen_settings() -> Settings:
    """The server's settings with this session's choice of models."""
    settings = resources.settings()
    st.sidebar.subheader("Models")
    captioner = _choose("captioner", "Captioner", settings.captioner)
    teacher = _choose("teacher", "Teacher", teachers.choose(settings))
    chosen = {"captioner": captioner, "teacher": teacher, **_choose_teacher_model(teacher, settings)}
    # In the URL, so that a link says whose answers it shows; not so a teacher, for whom the server's owner may pay.
    chosen["student"] = _choose("student", "Student", settings.student, bind="query-params")
    chosen["relation_student"] = _choose(
        "relation_student", "Student of relations", settings.relation_student, bind="query-params"
    )
    return settings.model_copy(update=chosen)


def _choose_teacher_model(teacher: str, settings: Settings) -> dict[str, str]:
    """Which of the weights on this machine, or which of the endpoint's models."""
    if teacher == "embedded":
        here = [name for name in weights.LANGUAGE_MODELS if weights.find(name, settings.cache)]
        names = list(dict.fromkeys([settings.embedded_teacher, *here]))
        model = st.sidebar.selectbox("Teacher's weights", names, key="chosen_weights", persist_state="session")
        return {"embedded_teacher": model}
    if teacher == "endpoint":
        model = st.sidebar.text_input(
            "Teacher's model", settings.teacher_model or "", key="chosen_model", persist_state="session"
        )
        return {"teacher_model": model}
    return {}


def _choose(kind: Kind, label: str, default: str, bind: Literal["query-params"] | None = None) -> str:
    known = {finding.name: finding for finding in findings() if finding.kind == kind}
    names = list(known) if default in known else [default, *known]
    if bind and st.query_params.get(kind) in names:  # a link within a session outdoes what was chosen there before
        st.session_state[kind] = st.query_params[kind]
    chosen: str = st.sidebar.selectbox(
        label,
        names,
        index=names.index(default),
        format_func=lambda name: EMBEDDED.get(name, name),
        key=kind,
        bind=bind,
        persist_state="session",
    )
    problem = known[chosen].problem if chosen in known else f"there is no {kind.replace('_', ' ')} of this name"
    if problem:
        st.sidebar.caption(f":material/warning: Not usable here: {inert.label(problem, limit=400)}")
    return chosen
