"""What a reviewer waits for in a long queue: the first card, another filter, the next card; and what memory it takes.

    python -m bench.review_page [--variants 100000] [--decisions 500] [--workspace FOLDER]

Starts the app on a workspace of its own (kept in FOLDER, where one is named), and decides in a headless Chromium.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from core.store import Store
from tests.browser import app, chromium
from tests.variants import fill

PATIENCE = 90_000  # milliseconds

# The time from a key to the frame in which the card says something else, taken inside the browser.
_UNTIL_CHANGED = """
([key, ctrl]) => new Promise((done) => {
  const main = document.querySelector('[data-testid="stMain"]');
  const words = () => main.querySelector('[data-testid="stHtml"] mark')?.closest('[data-testid="stVerticalBlock"]')
    ?.innerText;
  const before = words(), begun = performance.now();
  const look = () => (words() && words() !== before) ? done(performance.now() - begun) : requestAnimationFrame(look);
  document.dispatchEvent(new KeyboardEvent("keydown", { key, code: "Key" + key.toUpperCase(), bubbles: true }));
  requestAnimationFrame(look);
})
"""


def resident(process_of: str) -> float:
    """Megabytes of the server that serves an address."""
    port = process_of.rpartition(":")[2]
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
                if b"streamlit" in command and port.encode() in command:
                    return int((folder / "statm").read_text().split()[1]) * resource.getpagesize() / 1e6
            except OSError:
                continue
    raise AssertionError("the server is gone")


def heap(page: Page) -> float:
    """Megabytes of JavaScript's heap in the page, garbage collected first."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return round(used / 1e6, 1)


def first_card(page: Page, url: str) -> float:
    """Seconds from opening the page in a warm browser to the first card."""
    begun = time.perf_counter()
    page.goto(url)
    page.locator("mark").first.wait_for(timeout=PATIENCE)
    return round(time.perf_counter() - begun, 2)


def quantiles(milliseconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and worst."""
    cut = statistics.quantiles(milliseconds, n=20)
    return {"median": round(cut[9]), "p95": round(cut[18]), "worst": round(max(milliseconds))}


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=100_000)
    parser.add_argument("--decisions", type=int, default=500)
    parser.add_argument("--workspace", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = options.workspace or Path(folder) / "workspace"
        with Store(workspace) as store:
            if not sum(store.queue.tally().values()):
                fill(store, options.variants)
        with app(workspace) as url, chromium() as browser:
            report = measure(browser.new_page(viewport={"width": 1280, "height": 1000}), url, options.decisions)
    report["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(json.dumps({"date": time.strftime("%Y-%m-%d"), "variants": options.variants, **report}, indent=2))


def measure(page: Page, url: str, decisions: int) -> dict[str, object]:
    """All figures of one session."""
    first_card(page, f"{url}/review")  # the server's first page loads its modules
    report: dict[str, object] = {"first_card_seconds": [first_card(page, f"{url}/review") for _ in range(3)]}
    page.get_by_label("Your name", exact=True).fill("Ada")
    page.get_by_label("Your name", exact=True).blur()
    time.sleep(5)
    filters = {}
    for state in ("order=random", "kind=entity", "text=pals&order=random", "from=2.5"):
        filters[state] = first_card(page, f"{url}/review?{state}")
    report["first_card_of_a_filtered_link_seconds"] = filters
    page.goto(f"{url}/review")
    page.locator("mark").first.wait_for(timeout=PATIENCE)
    page.get_by_label("Your name", exact=True).fill("Ada")
    page.get_by_label("Your name", exact=True).blur()
    time.sleep(2)
    begun = time.perf_counter()
    page.get_by_label("Words", exact=True).fill("is having")
    page.get_by_label("Words", exact=True).press("Enter")
    expect(page.get_by_text("The variant", exact=True)).to_be_visible()
    page.wait_for_function("() => !document.querySelector('[data-testid=stMain]').innerText.includes('OMG')")
    report["filter_change_seconds"] = round(time.perf_counter() - begun, 2)
    page.get_by_role("heading", name="Review").click()
    steps, memory = [], [(0, resident(url), heap(page))]
    for number in range(1, decisions + 1):
        steps.append(page.evaluate(_UNTIL_CHANGED, ["a", False]))
        if number % 100 == 0 or number == decisions:
            memory.append((number, resident(url), heap(page)))
    report["next_card_milliseconds"] = quantiles(steps)
    report["memory_mb"] = [{"decisions": n, "server": round(s), "page": h} for n, s, h in memory]
    return report


if __name__ == "__main__":
    main()
