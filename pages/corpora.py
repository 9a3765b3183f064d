"""Corpora: a file in; what was approved, or a split, out in a form of the field; how large each is."""

from functools import partial
from typing import get_args

import streamlit as st

from app import inert, people, problems, resources
from core import corpora
from core.exporting import Leavable, archived, export_approved, export_split
from core.importing import import_upload

APPROVED = "approved"

person = people.current()
store = resources.store()


def show_sizes() -> None:
    """How large each split is."""
    rows = [
        {
            "Corpus": inert.cell(size.corpus, 120),
            "Split": inert.cell(size.split, 120),
            "Samples": size.samples,
            "Labels": size.labels,
            "Pictures": size.pictures,
            "Captions": size.captions,
            "Thoughts": size.thoughts,
            "Variants": size.variants,
        }
        for size in store.bulk.sizes()
    ]
    if rows:
        st.subheader("In the workspace")
        st.caption("How many samples each split has, and how many of them have labels, a picture, and so on.")
        st.dataframe(rows, hide_index=True, alt="How large each split is")


def show_import() -> None:
    """Bring one split in."""
    with st.form("import", border=True):
        st.subheader("Import")
        file = st.file_uploader("File", help="All of it is kept or, where a line is broken, nothing.")
        form = st.selectbox("Format", corpora.names(), index=corpora.names().index("jsonl"), key="import_form")
        corpus, split = st.columns(2)
        names = {"corpus": corpus.text_input("Corpus", max_chars=60), "split": split.text_input("Split", max_chars=60)}
        pressed = st.form_submit_button(
            "Import", icon=":material/upload:", disabled=not person.may("import corpora"), help=why_not
        )
        if pressed and file is None:
            problems.show("there is no file to import: choose one")
        elif pressed and file:
            with problems.shown(), st.spinner("Reading…"):
                got = import_upload(store, file.getvalue(), file.name, format=form, by=person, **names)
                inert.show(
                    f"{names['corpus']}/{names['split']}: {got.samples:,} samples, {got.captions:,} captions, "
                    f"{got.knowledge:,} thoughts are in the workspace."
                )


def show_export() -> None:
    """Take what was approved, or a split, out."""
    with st.container(border=True):
        st.subheader("Export")
        splits = [APPROVED, *store.corpora()]
        what = st.selectbox(
            "What",
            splits,
            format_func=lambda each: "Approved variants" if each == APPROVED else inert.short("/".join(each), 120),
        )
        form = st.selectbox("Format", corpora.names(), index=corpora.names().index("jsonl"), key="export_form")
        without = st.pills(
            "Leave out", get_args(Leavable), selection_mode="multi", help="For a form without a place for it"
        )
        pressed = st.button(
            "Export", icon=":material/inventory_2:", disabled=not person.may("export corpora"), help=why_not
        )
        if not pressed:
            return
        with problems.shown(), st.spinner("Writing…"):
            name = "approved" if what == APPROVED else what[1]
            write = export_approved if what == APPROVED else partial(export_split, corpus=what[0], split=what[1])
            content, done = archived(
                lambda path: write(store, path, format=form, by=person, without=without),
                name + corpora.find(form).SUFFIX,
            )
            if not done.samples:
                inert.show("There is nothing to save: no variant stands approved.", faint=True)
                return
            inert.show(f"{done.samples:,} samples, and a file that says where each is from.")
            if done.respaced:
                inert.show(
                    f"{done.respaced:,} of them are parted by single spaces now: the form holds words alone.",
                    faint=True,
                )
            st.download_button(
                "Save", content, f"{name}.zip", icon=":material/download:", type="primary", on_click="ignore"
            )


why_not = None if person.may("export corpora") else f"A {person.role} may not: ask a curator"
st.title("Corpora")
st.caption("Files of other tools in and out. A sample that a form has no place for is refused, never dropped.")
with problems.shown():
    listed = st.container()
    left, right = st.columns(2)
    with left:
        show_import()
    with right:
        show_export()
    with listed:  # behind the import, which adds to it
        show_sizes()
