"""The entry of the app: `streamlit run app/main.py`."""

from pathlib import Path

import streamlit as st

from app import resources

PAGES = Path(__file__).resolve().parent.parent / "pages"

st.set_page_config(page_title="CoTPD workbench", page_icon=":material/neurology:", layout="wide")

page = st.navigation(
    [
        st.Page(PAGES / "case_study.py", title="Case study", icon=":material/frame_inspect:", default=True),
        st.Page(PAGES / "cases.py", title="Stored cases", icon=":material/history:"),
        st.Page(PAGES / "models.py", title="Models", icon=":material/memory:"),
    ]
)
resources.warm_up()
page.run()
