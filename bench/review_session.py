"""A reviewer's session by keys alone, in a headless Chromium: what is exported is what was decided.

    python -m bench.review_session [--decisions 100] [--edits 5] [--undone 10]

Edited spans are drawn anew by dragging. The export is compared with one that is written without the project's writer.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect

from core.exporting import export_approved
from core.identity import local
from core.store import Store
from tests.browser import app, chromium
from tests.reviewing import Session, open_desk
from tests.variants import fill

PATIENCE = 60_000  # milliseconds


def main() -> None:
    """Hold the session and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=100)
    parser.add_argument("--edits", type=int, default=5)
    parser.add_argument("--undone", type=int, default=10)
    given = parser.parse_args()
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        with Store(workspace) as store:
            fill(store, given.decisions + 5)
        with app(workspace) as url, chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            open_desk(page, url)
            session, begun = Session(page), time.monotonic()
            session.run(given.decisions, edits=given.edits, undone=given.undone)
            session.expect_card()
            seconds = time.monotonic() - begun
        with Store(workspace) as store:
            export_approved(store, workspace / "out.txt", format="twitter", without=["caption"], by=local("Ada"))
            report = {
                "date": time.strftime("%Y-%m-%d"),
                "seconds": round(seconds, 1),
                "states": store.queue.tally(),
                "export is what was decided": (workspace / "out.txt").read_text(encoding="utf-8") == session.conll(),
            }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
