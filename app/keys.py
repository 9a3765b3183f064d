"""Keys at the desk: one that is held counts once, and while one types, what takes back or leaves is the field's own."""

import streamlit as st

# Streamlit takes its shortcuts from the document; the window hears of a key before that.
_JS = """
export default function () {
  const writes = (place) => place.closest?.("input, textarea, [contenteditable=true]");
  const first = (event) => {
    const place = event.composedPath()[0];
    const held = event.repeat && (event.key.length === 1 ? !writes(place) : event.key === "Enter" && event.ctrlKey);
    const takesBack = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && writes(place);
    // Escape leaves a field before it leaves what is edited; a list of choices closes by it, and sees to that itself.
    const leaves = event.key === "Escape" && writes(place) && place.getAttribute("role") !== "combobox";
    if (leaves) place.blur();
    if (held || takesBack || leaves) event.stopImmediatePropagation();
  };
  window.addEventListener("keydown", first, true);
  return () => window.removeEventListener("keydown", first, true);
}
"""

_component = st.components.v2.component("keys", html="", js=_JS)


def mind() -> None:
    """See to the keys as long as the page that calls this is shown."""
    _component(key="keys")
