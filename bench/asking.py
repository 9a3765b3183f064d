"""Thoughts for a corpus from a server on loopback: how fast, what five kills repeat, what becomes of every fault.

    python -m bench.asking [--thoughts 2000] [--kills 5]

The corpus is made up. Each run is the batch command in a process of its own, as a user starts it.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.domain import Sample
from core.store import Store

CONCURRENCY = 32
SECONDS = 0.2
WORDS = "storm river coach final goal city mayor song album night train coffee game seven rookie season".split()


def corpus(workspace: Path, samples: int) -> None:
    """Samples without pictures, so that each has two thoughts."""
    draw = random.Random(0)  # noqa: S311
    made = [Sample.from_text(" ".join(draw.choices(WORDS, k=12)) + f" no {number}") for number in range(samples)]
    with Store(workspace) as store:
        store.add_corpus("bench", "all", made)


@contextmanager
def endpoint(folder: Path, *more: str) -> Iterator[tuple[str, Path]]:
    """A server in a process of its own: its address, and the log of what it was asked."""
    log = folder / "requests.log"
    command = [sys.executable, "-m", "bench.endpoint", "--log", str(log), *more]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert server.stdout
        yield server.stdout.readline().strip(), log
    finally:
        server.terminate()
        server.wait()


def start(workspace: Path, url: str, name: str = "think", *options: str, **settings: str) -> "subprocess.Popen[str]":
    """A batch command on the whole corpus."""
    command = [sys.executable, "-m", "core", name, "--corpus", "bench", "--concurrency", str(CONCURRENCY), "--json"]
    command += options
    environment = {
        **os.environ,
        "COTPD_WORKSPACE": str(workspace),
        "COTPD_TEACHER_URL": url,
        "COTPD_TEACHER_MODEL": "gpt-bench",
        "COTPD_TEACHER_PROMPTS": "local",
        **settings,
    }
    return subprocess.Popen(  # noqa: S603
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def report(running: "subprocess.Popen[str]") -> dict[str, Any]:
    """The report of a command that has ended."""
    stdout, stderr = running.communicate(timeout=600)
    if not stdout:
        raise SystemExit(stderr)
    found: dict[str, Any] = json.loads(stdout)["report"]
    return found


def kept(workspace: Path) -> tuple[int, int]:
    """How many thoughts are in the store, and how many usable answers to different asks."""
    with sqlite3.connect(workspace / "workspace.db") as db:
        thoughts = db.execute("SELECT count(*) FROM knowledge").fetchone()[0]
        answers = db.execute("SELECT count(*) FROM attempts WHERE failure IS NULL").fetchone()[0]
    return thoughts, answers


def speed(thoughts: int) -> None:
    """One run without a fault, against what the server's pauses alone take."""
    with tempfile.TemporaryDirectory() as name, endpoint(Path(name), "--seconds", str(SECONDS)) as (url, log):
        corpus(Path(name), thoughts // 2)
        begun = time.perf_counter()
        found = report(start(Path(name), url))
        whole = time.perf_counter() - begun
        ideal = thoughts / CONCURRENCY * SECONDS
        print(f"ideal {ideal:.2f} s; run {found['seconds']:.2f} s = {found['seconds'] / ideal:.3f} x ideal")
        print(f"command with start and report {whole:.2f} s; answered {found['answered']}; kept {kept(Path(name))}")
        print(f"requests at the server: {len(log.read_text().splitlines())}")


def kills(thoughts: int, times: int) -> None:
    """The same, killed on the way; each time at another moment."""
    with tempfile.TemporaryDirectory() as name, endpoint(Path(name), "--seconds", str(SECONDS)) as (url, log):
        corpus(Path(name), thoughts // 2)
        draw = random.Random(1)  # noqa: S311
        before = 0
        for number in range(1, times + 1):
            running = start(Path(name), url)
            aim = before + thoughts // (times + 1) + draw.randint(-40, 40)
            while running.poll() is None and lines(log) < aim:
                time.sleep(0.005)
            running.send_signal(signal.SIGKILL)
            running.communicate()
            time.sleep(2 * SECONDS)
            sent, (_, answers) = lines(log), kept(Path(name))
            print(f"kill {number}: {sent} requests so far, {answers} answers kept")
            before = sent
        found = report(start(Path(name), url))
        asked = Counter(log.read_text().splitlines())
        repeats = sum(asked.values()) - len(asked)
        print(f"last run: {found['answered']} asked, {found['from_store']} from kept answers, {found['open']} open")
        print(
            f"kept (thoughts, answers) {kept(Path(name))} of {thoughts}; repeats {repeats} = {repeats / times} a kill"
        )


def faults(asks: int) -> None:
    """Asks that often fail, in nine ways: all accounted for."""
    with tempfile.TemporaryDirectory() as name, endpoint(Path(name), "--seconds", "0.02", "--faults") as (url, log):
        corpus(Path(name), asks // 2)
        found = report(start(Path(name), url, COTPD_TEACHER_TIMEOUT="1"))
        with sqlite3.connect(Path(name) / "workspace.db") as db:
            rows = db.execute("SELECT failure, count(*) FROM attempts GROUP BY failure ORDER BY 2 DESC").fetchall()
        print(json.dumps(found, indent=1))
        print(f"attempts kept, by failure: {dict(rows)} = {sum(count for _, count in rows)}")
        print(f"requests at the server: {lines(log)}; kept (thoughts, answers) {kept(Path(name))}")
        settled = found["answered"] + found["from_store"] + found["failed"] + found["open"]
        print(f"accounted for: {settled} of {asks}")


def lines(log: Path) -> int:
    return len(log.read_text().splitlines()) if log.exists() else 0


def main() -> None:
    """All three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--thoughts", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--asks", type=int, default=1000)
    args = parser.parse_args()
    speed(args.thoughts)
    kills(args.thoughts, args.kills)
    faults(args.asks)


if __name__ == "__main__":
    main()
