"""Eight reviewers at once, each a process, against one workspace: what a decision takes, and whether any is lost.

    python -m bench.reviewers [--reviewers 8] [--decisions 500] [--pause 0.5]

Each goes through the queue in a random order of its own, and now and then takes something back. Between two decisions
it waits for a pause, by default far shorter than anybody reads; with 0, all write as fast as the disk lets them.
"""

import argparse
import json
import os
import platform
import random
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from core import review
from core.identity import local
from core.review.walk import Walk
from core.store import Store
from core.store.filters import Filter
from tests.variants import fill

UNDO_EVERY = 50


def sit(
    workspace: Path, name: str, seed: int, decisions: int, pause: float
) -> tuple[list[str], list[float], list[float]]:
    """One reviewer's session: the variants decided on, and the seconds of each decision and of each next card."""
    decided: list[str] = []
    deciding: list[float] = []
    stepping: list[float] = []
    chance = random.Random(seed)  # noqa: S311 - no secret
    with Store(workspace) as store:
        way = Walk(store.queue, Filter(), "random", seed, name)
        while len(decided) < decisions and way.item:
            time.sleep(pause * 2 * chance.random())
            one = way.item.augmentation.id
            begun = time.perf_counter()
            review.decide(store, one, "rejected" if len(decided) % 3 else "approved", by=local(name))
            kept = time.perf_counter()
            way.advance()
            deciding.append(kept - begun)
            stepping.append(time.perf_counter() - kept)
            decided.append(one)
            if len(decided) % UNDO_EVERY == 0:
                review.undo(store, by=local(name))
                review.decide(store, one, "flagged", by=local(name))
    return decided, deciding, stepping


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and worst, in milliseconds."""
    cut = statistics.quantiles(seconds, n=20)
    return {name: round(value * 1000, 1) for name, value in zip(("median", "p95"), (cut[9], cut[18]), strict=True)} | {
        "worst": round(max(seconds) * 1000, 1)
    }


def run(workspace: Path, reviewers: int, decisions: int, pause: float) -> dict[str, object]:
    """Let them all decide at once; every decision must be in the history, once."""
    names = [f"reviewer {number}" for number in range(reviewers)]
    begun = time.perf_counter()
    with ProcessPoolExecutor(reviewers) as processes:
        given = ([workspace] * reviewers, names, range(reviewers), [decisions] * reviewers, [pause] * reviewers)
        sessions = list(processes.map(sit, *given))
    seconds = time.perf_counter() - begun
    with Store(workspace) as store:
        lost = twice = 0
        for name, (decided, _, _) in zip(names, sessions, strict=True):
            assert len(decided) == len(set(decided)) == decisions
            for number, one in enumerate(decided, start=1):
                own = [each.choice for each in store.decisions(one) if each.reviewer == name]
                expected = ["rejected" if (number - 1) % 3 else "approved"]
                expected += ["withdrawn", "flagged"] if number % UNDO_EVERY == 0 else []
                lost += len(own) < len(expected)
                twice += len(own) > len(expected)
                assert own == expected
            assert store.queue.votes_of(name) == decisions
    return {
        "reviewers": reviewers,
        "pause_seconds": pause,
        "decisions": reviewers * decisions,
        "lost": lost,
        "twice": twice,
        "seconds": round(seconds, 1),
        "decision_milliseconds": quantiles([each for _, deciding, _ in sessions for each in deciding]),
        "next_card_milliseconds": quantiles([each for _, _, stepping in sessions for each in stepping]),
    }


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reviewers", type=int, default=8)
    parser.add_argument("--decisions", type=int, default=500)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds, on average")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with Store(Path(folder)) as store:
            fill(store, options.reviewers * options.decisions * 2)
        report = run(Path(folder), options.reviewers, options.decisions, options.pause)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(json.dumps({"machine": machine, "date": time.strftime("%Y-%m-%d"), **report}, indent=2))


if __name__ == "__main__":
    main()
