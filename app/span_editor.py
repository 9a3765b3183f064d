"""Words over which spans are drawn: by dragging, or with the arrow keys, Shift and Enter or Space."""

import hashlib
from collections.abc import Callable, Sequence

import streamlit as st

from app import inert, marks
from core.domain import Entity

_CSS = """
.words { font-family: var(--st-font); font-size: 1.05rem; line-height: 2.4; color: var(--st-text-color);
  overflow-wrap: anywhere; user-select: none; touch-action: pan-y; }
.word { display: inline-block; max-width: 100%; line-height: 1.5;
  padding: 3px 4px; margin-right: 2px; border-radius: 4px; cursor: pointer; unicode-bidi: isolate; }
.word:focus-visible { outline: 2px solid var(--st-primary-color); }
.word.drawn { outline: 2px dashed var(--st-primary-color); }
"""

# Words arrive as data and are set as text, never as markup. What goes back are indices of words, never offsets:
# JavaScript counts UTF-16 units, so an emoji would shift them.
_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(".words");
  const words = data.words.map(({ text, line, tint, note }, index) => {
    const word = document.createElement("span");
    word.className = "word";
    word.textContent = text;
    word.tabIndex = 0;
    word.setAttribute("role", "button");
    word.setAttribute("aria-label", note ? text + ", " + note : text);
    if (tint) word.style.cssText = "background:" + tint + ";color:#1a1a1a;border-bottom:3px solid " + line;
    word.dataset.index = index;
    return word;
  });
  const had = [...box.children].indexOf(box.getRootNode().activeElement);
  box.replaceChildren(...words);
  words[had]?.focus();
  let from = null, to = null;
  const paint = () => words.forEach((word, index) => word.classList.toggle("drawn",
    from !== null && index >= Math.min(from, to) && index <= Math.max(from, to)));
  const finish = () => {
    if (from !== null) setTriggerValue("drawn", {
      start: Math.min(from, to), end: Math.max(from, to) + 1, of: data.of });
    from = to = null;
    paint();
  };
  const under = (event) => {
    const word = box.getRootNode().elementFromPoint(event.clientX, event.clientY)?.closest?.(".word");
    return word ? Number(word.dataset.index) : null;
  };
  box.onpointerdown = (event) => {
    from = to = under(event);
    if (from !== null) { box.setPointerCapture(event.pointerId); paint(); }
  };
  box.onpointermove = (event) => {
    if (from !== null) { to = under(event) ?? to; paint(); }
  };
  box.onpointerup = finish;
  box.onpointercancel = () => { from = to = null; paint(); };
  box.onkeydown = (event) => {
    const at = Number(event.target.dataset.index);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && words[at + step]) {
      if (event.shiftKey) { from = from ?? at; to = at + step; } else { from = to = null; }
      words[at + step].focus();
      paint();
    } else if (event.key === " " || (event.key === "Enter" && !event.ctrlKey && !event.metaKey)) {
      from = from ?? at; to = to ?? at;
      finish();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
}
"""

_component = st.components.v2.component("span_editor", html='<div class="words" dir="auto"></div>', css=_CSS, js=_JS)


def mark_of(tokens: Sequence[str]) -> str:
    """What tells these words from others."""
    return hashlib.sha256("\n".join(tokens).encode()).hexdigest()[:16]


def show(
    tokens: Sequence[str], spans: Sequence[Entity], *, key: str, on_drawn: Callable[[int, int, str], None]
) -> None:
    """The words with their spans; `on_drawn` is called with tokens `[start, end)` that were dragged over.

    It gets the mark of the words that the browser showed, too: they may be others by then.
    """

    def take() -> None:
        drawn = st.session_state[key].drawn
        match drawn:  # the browser may send anything
            case {"start": int(start), "end": int(end), "of": str(of)} if 0 <= start < end <= len(tokens):
                on_drawn(start, end, of)

    kinds = {at: span.type for span in spans for at in range(span.start, span.end)}
    words = [
        {"text": inert.plain(token), "note": kinds.get(at, ""), **marks.colours(kinds.get(at))}
        for at, token in enumerate(tokens)
    ]
    _component(key=key, data={"words": words, "of": mark_of(tokens)}, on_drawn_change=take)
