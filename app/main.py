"""The entry of the app: `python -m streamlit run app/main.py`."""

import streamlit as st

from app import navigation, people, problems, resources
from core.settings import ASSETS

# A file of ours: the browser would fetch a Material icon from the internet.
st.set_page_config(page_title="CoTPD workbench", page_icon=ASSETS / "icon.svg", layout="wide")

page = st.navigation(navigation.pages())
with problems.shown():
    if people.enter():
        page.run()
    resources.warm_up()  # behind the page, which would wait for it
