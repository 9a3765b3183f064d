"""The review desk as its users meet it: a real server, a real browser, keys and the mouse."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core import review
from core.domain import Augmentation, Maker, Sample
from core.exporting import export_approved
from core.store import Store
from core.store.filters import Filter
from tests.browser import app, chromium
from tests.variants import FIRST, fill, variant

SECOND = 1000
HOSTILE = (
    "<img src=x onerror=alert(1)> **bold** $x^2$ {{7*7}} :red[hi] [a](javascript:alert(1)) "
    "\u202eevil \x1b[31mred\x1b[0m </div><script>alert(2)</script>"
)

pytestmark = pytest.mark.timeout(600)
expect.set_options(timeout=30 * SECOND)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    workspace = tmp_path_factory.mktemp("desk") / "workspace"
    with Store(workspace) as store:
        fill(store, 1)
    with app(workspace) as url:
        yield url, workspace


@pytest.fixture
def desk(browser: Browser, server: tuple[str, Path]) -> Iterator[Page]:
    """The desk over what a test adds to the queue; Ada sits at it."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(60 * SECOND)
    yield page
    page.close()


def open_desk(page: Page, url: str, query: str = "", name: str = "Ada") -> None:
    page.goto(f"{url}/review{query}")
    expect(page.get_by_role("button", name="Accept")).to_be_visible(timeout=90 * SECOND)
    page.get_by_label("Your name", exact=True).fill(name)
    page.get_by_label("Your name", exact=True).press("Enter")
    page.get_by_role("heading", name="Review", exact=True).click()  # out of the text field
    expect(page.get_by_text(re.compile(r"decided · \d+ by you"))).to_be_visible()


def press(page: Page, key: str, until: Locator) -> None:
    page.keyboard.press(key)
    expect(until).to_be_visible()


def decided(page: Page, by_you: int) -> Locator:
    return page.get_by_text(re.compile(rf"decided · {by_you} by you"))
