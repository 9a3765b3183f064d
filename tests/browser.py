"""A real app server and a real headless browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

ROOT = Path(__file__).parent.parent
SECOND = 1000  # Playwright counts milliseconds
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@contextmanager
def app(workspace: Path, **environment: str) -> Iterator[str]:
    """The app on a free port of loopback, with a workspace of its own; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(port)]
    settings = {"COTPD_WORKSPACE": str(workspace), "COTPD_EMBEDDED_TEACHER": "smollm2-135m", **environment}
    log = (workspace.parent / f"{workspace.name}.log").open("a")
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=log, stderr=log)  # noqa: S603
    url = f"http://localhost:{port}"
    try:
        _wait(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=120)  # a model that is being loaded is let finish
        log.close()


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None, "the server ended before it answered"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):  # noqa: S310 - it is ours
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not answer within a minute")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, or Playwright's own where it has none."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    as_root = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*QUIET, *as_root])
        yield browser
        browser.close()


def card(page: Page, title: str) -> Locator:
    """The innermost box with a title."""
    return page.get_by_test_id("stVerticalBlock").filter(has=page.get_by_text(title, exact=True)).last
