"""Models: what can be used on this machine, and why the rest can't."""

import streamlit as st

from app import inert, problems, sidebar

KINDS = {
    "captioner": ("Captioners", "put a picture into words"),
    "teacher": ("Teachers", "explain a tweet and make new ones"),
    "student": ("Students", "find the entities"),
    "relation_student": ("Students of relations", "find how two mentions are related"),
}

st.title("Models")
with problems.shown():
    found = sidebar.findings()
    columns = st.columns(3)
    for column, (kind, (title, purpose)) in zip((*columns, columns[-1]), KINDS.items(), strict=True):
        with column:
            st.subheader(title)
            st.caption(f"They {purpose}.")
            for each in (finding for finding in found if finding.kind == kind):
                with st.container(border=True):
                    st.markdown(f"**{inert.label(sidebar.EMBEDDED.get(each.name, each.name))}**")
                    if each.problem:
                        st.badge("not usable here", icon=":material/block:", color="orange")
                        inert.show(inert.sentence(each.problem) + ".", faint=True)
                    else:
                        st.badge("usable", icon=":material/check:", color="green")
                    if each.chosen:
                        st.caption("The default of this server's settings.")
