"""What a person at the screen waits for: from the click to the first prediction, to a thought's first word, to the end.

    python -m bench.page

Starts the app with the settings' models on a workspace of its own, and studies demo samples in a headless Chromium.
"""

import json
import os
import platform
import re
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from core.demo import demos
from tests.browser import app, card, chromium

SAMPLES = 3
PATIENCE = 90_000  # milliseconds
UNDER_WAY = re.compile("^(hourglass_empty waiting|progress_activity working)")


def study(page: Page, tweet: str, picture: Path) -> dict[str, float]:
    """Seconds from the click until each thing is on the screen."""
    page.get_by_label("Tweet", exact=True).fill(tweet)
    page.set_input_files("input[type=file]", picture)
    expect(page.get_by_role("button", name="Remove the picture")).to_be_visible()
    page.get_by_role("button", name="Study this tweet").click()
    begun = time.perf_counter()
    seconds = {}
    card(page, "Without knowledge").locator("mark").first.wait_for(timeout=PATIENCE)
    seconds["prediction_without_knowledge"] = round(time.perf_counter() - begun, 2)
    page.get_by_text("▍").first.wait_for(timeout=PATIENCE)
    seconds["first_word_of_a_thought"] = round(time.perf_counter() - begun, 2)
    card(page, "With knowledge").get_by_text(re.compile("^check done")).wait_for(timeout=PATIENCE)
    seconds["prediction_with_knowledge"] = round(time.perf_counter() - begun, 2)
    expect(page.get_by_text(UNDER_WAY)).to_have_count(0, timeout=PATIENCE)
    seconds["everything"] = round(time.perf_counter() - begun, 2)
    return seconds


def main() -> None:
    """Print one JSON document."""
    settings = {"COTPD_EMBEDDED_TEACHER": os.environ.get("COTPD_EMBEDDED_TEACHER", "qwen2.5-coder-1.5b")}
    expect.set_options(timeout=PATIENCE)
    with (
        tempfile.TemporaryDirectory() as folder,
        app(Path(folder) / "workspace", **settings) as url,
        chromium() as browser,
    ):
        begun = time.perf_counter()
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(url)
        expect(page.get_by_label("Tweet", exact=True)).to_be_visible()
        first_page = round(time.perf_counter() - begun, 2)
        time.sleep(15)  # the models load meanwhile, as they do while a person types
        studies = []
        for demo in demos()[:SAMPLES]:
            page.goto(url)
            expect(page.get_by_label("Tweet", exact=True)).to_be_visible()
            studies.append({"tweet": demo.sample.text, **study(page, demo.sample.text, demo.image)})
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    report = {"machine": machine, "date": time.strftime("%Y-%m-%d"), "first_page": first_page, "studies": studies}
    print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
