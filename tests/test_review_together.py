"""Several reviewers at once, each a process: every decision is there once, and none is lost."""

from pathlib import Path

from bench.reviewers import run
from core.store import Store
from tests.variants import fill


def test_reviewers_who_decide_at_once_lose_nothing(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        fill(store, 400)
    report = run(tmp_path, reviewers=4, decisions=50, pause=0)
    assert (report["decisions"], report["lost"], report["twice"]) == (200, 0, 0)
