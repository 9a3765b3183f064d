"""Mentions on a tweet as a browser lays them out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app import marks
from core.domain import Entity, Sample


@dataclass
class Shown:
    """A browser's page that shows tweets, without the app around them."""

    page: Page
    monkeypatch: pytest.MonkeyPatch

    def show(self, sample: Sample, *entities: Entity, **changes: Any) -> None:
        written: list[str] = []
        self.monkeypatch.setattr("streamlit.html", written.append)
        marks.show_tweet(sample, entities, **changes)
        self.page.set_content("".join(written))

    def evaluate(self, script: str, argument: object = None) -> Any:
        return self.page.evaluate(script, argument)


@pytest.fixture
def shown(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shown]:
    page = browser.new_page(viewport={"width": 800, "height": 400})
    yield Shown(page, monkeypatch)
    page.close()


TORN = """(widest) => {
    const box = document.querySelector("div");
    const torn = [];
    for (let width = 60; width <= widest; width++) {
        box.style.width = width + "px";
        const lines = [...box.querySelectorAll("mark")].map((mark) => mark.getClientRects()[0]);
        if (lines.some((line) => line.width < 8)) torn.push(width);
    }
    return torn;
}"""


def test_no_line_breaks_between_a_mark_and_its_first_word(shown: Shown) -> None:
    sample = Sample.from_text("She rings the opening bell at the Norway fair in New York")
    shown.show(sample, Entity(start=7, end=8, type="LOC"), Entity(start=10, end=12, type="LOC"), new=[7])
    assert shown.evaluate(TORN, 600) == []


def test_a_head_within_its_tail_is_a_mark_within_its_mark(shown: Shown) -> None:
    sample = Sample.from_text("We read the New York Times daily")
    shown.show(sample, Entity(start=3, end=6, type="tail"), Entity(start=3, end=5, type="head"), gone=[4])
    assert shown.evaluate("document.querySelector('mark > mark').innerText") == "New York head"
    assert shown.evaluate("document.querySelector('div').innerText") == "We read the New York head Times tail daily"
    assert shown.evaluate("document.querySelector('mark > mark del').innerText") == "York"


def test_a_tweet_of_the_right_to_left_is_read_from_the_right(shown: Shown) -> None:
    sample = Sample.from_text("عمر يزور القاهرة اليوم")
    shown.show(sample, Entity(start=0, end=1, type="PER"), Entity(start=2, end=3, type="LOC"))
    first, second = shown.evaluate(
        "() => [...document.querySelectorAll('mark')].map((mark) => mark.getBoundingClientRect().left)"
    )
    assert first > second
