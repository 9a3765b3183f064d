"""Stored cases: what was studied in this workspace, the latest first."""

import streamlit as st

from app import inert, navigation, problems, resources

PAGE_SIZE = 12

st.title("Stored cases")
with problems.shown():
    words = st.text_input(
        "Words",
        key="case_words",
        placeholder="Part of the tweet",
        icon=":material/search:",
        on_change=lambda: st.session_state.update(cases_page=0),
        persist_state="session",
    )
    page = st.session_state.setdefault("cases_page", 0)
    store = resources.store()
    studied = store.recent(limit=PAGE_SIZE + 1, offset=page * PAGE_SIZE, text=words)
    if not studied and words:
        st.info("No tweet that was studied has these words.")
    elif not studied:
        st.info("Nothing has been studied yet. Open the case study and give it a tweet.")
        st.page_link(navigation.case_study(), label="Case study", icon=":material/arrow_forward:")
    for each in studied[:PAGE_SIZE]:
        case = store.case(each.sample.id)
        states = list(store.bulk.states(made.id for made in case.augmentations).values()) if case else []
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            path = store.image(each.sample.image) if each.sample.image else None
            if path:
                st.image(path, width=96, alt="The tweet's picture")
            with st.container():
                inert.show(each.sample.subject)
                counts = ", ".join(
                    f"{states.count(state)} {state}" for state in ("pending", "approved", "rejected", "edited")
                )
                study = resources.studies().get(each.sample.id)
                now = " · is being studied" if study and study.running else ""
                st.caption(f"{each.at:%Y-%m-%d %H:%M} UTC · {counts}{now}")
            for target, label, icon in (
                (navigation.case_study(), "Open", "open_in_new"),
                (navigation.explain(), "Explain", "psychology"),
            ):
                st.page_link(target, label=label, icon=f":material/{icon}:", query_params={"case": each.sample.id})
    newer, older = st.columns(2)
    if page and newer.button("Newer", icon=":material/arrow_back:"):
        st.session_state.cases_page -= 1
        st.rerun()
    if len(studied) > PAGE_SIZE and older.button("Older", icon=":material/arrow_forward:"):
        st.session_state.cases_page += 1
        st.rerun()
