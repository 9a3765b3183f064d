"""New samples for a corpus from a server on loopback: how fast, and what kills lose, double or change.

    python -m bench.augmenting [--tweets 1000] [--kills 5] [--seconds 0.2]

The corpus is made up. Each run is the batch command in a process of its own, as a user starts it. A tweet takes three
requests, a rewrite, a verdict on another name and an imagined picture, none of which waits for another: so the ideal
time is that of the server's pauses alone, as many at once as may be.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.asking import CONCURRENCY, SECONDS, WORDS, endpoint, lines, start
from core.asking import Limits
from core.domain import Entity, Sample
from core.store import Store

SYLLABLES = "ba de fi go lu ma ne po ri su ta vo".split()
KINDS = 3


def corpus(workspace: Path, tweets: int) -> None:
    """Labelled tweets without pictures, each of which names a person and a place."""
    draw = random.Random(0)  # noqa: S311

    def name(syllables: int) -> str:
        return "".join(draw.choices(SYLLABLES, k=syllables)).title()

    made = []
    for number in range(tweets):
        words = draw.choices(WORDS, k=6)
        tokens = ("the", *words[:2], "of", name(2), name(3), "was", "in", name(4), "with", *words[2:], f"no{number}")
        found = (Entity(start=4, end=6, type="PER"), Entity(start=8, end=9, type="LOC"))
        made.append(Sample.from_tokens(tokens, entities=found))
    with Store(workspace) as store:
        store.add_corpus("bench", "all", made)


def begin(workspace: Path, url: str, out: Path) -> "subprocess.Popen[str]":
    """The command that makes all variants, and writes them to a file."""
    return start(workspace, url, "augment", "--out", str(out), COTPD_TEACHER_PROMPTS="paper")


def report(running: "subprocess.Popen[str]") -> tuple[dict[str, Any], list[str]]:
    """The report of a command that has ended, and its variants' ids."""
    stdout, stderr = running.communicate(timeout=600)
    if not stdout:
        raise SystemExit(stderr)
    answer = json.loads(stdout)
    return answer["report"] | {"counts": answer["counts"]}, [each["id"] for each in answer["variants"]]


def kept(workspace: Path) -> Counter[tuple[str, str, int]]:
    """How many augmentations the store has of each draw of each kind of each tweet."""
    sql = "SELECT parent_id, kind, json_extract(parameters, '$.nth') FROM augmentations"
    with sqlite3.connect(workspace / "workspace.db") as db:
        return Counter(db.execute(sql).fetchall())


def made(out: Path) -> list[dict[str, Any]]:
    """The variants in a file, without when they came and how long it took."""
    found = [json.loads(line)["augmentation"] for line in out.read_text().splitlines()]
    for each in found:
        each["maker"] = {name: each["maker"][name] for name in ("model", "prompt_version", "parameters")}
        del each["maker"]["parameters"]["endpoint"]  # its port differs from run to run
    return found


def speed(tweets: int, seconds: float, folder: Path) -> list[dict[str, Any]]:
    """One run without a fault, against what the server's pauses alone take, and one more; gives its variants."""
    workspace, out = folder / "whole", folder / "whole.jsonl"
    with endpoint(folder, "--seconds", str(seconds)) as (url, log):
        corpus(workspace, tweets)
        begun = time.perf_counter()
        found, _ = report(begin(workspace, url, out))
        whole = time.perf_counter() - begun
        ideal = lines(log) * seconds / CONCURRENCY
        print(f"requests at the server {lines(log)}, answered {found['answered']}, kept {len(kept(workspace))}")
        print(f"ideal {ideal:.2f} s; run {found['seconds']:.2f} s, {ideal / found['seconds']:.3f} of the ideal rate")
        print(f"command with start, plan, report and file {whole:.2f} s, {ideal / whole:.3f} of it")
        print(json.dumps(found["counts"]))
        begun = time.perf_counter()
        again, _ = report(begin(workspace, url, folder / "again.jsonl"))
        print(f"second run {time.perf_counter() - begun:.2f} s, {again['requests']} requests; ", end="")
        print(f"the same file: {out.read_bytes() == (folder / 'again.jsonl').read_bytes()}")
    return made(out)


def kills(tweets: int, times: int, seconds: float, folder: Path, unbroken: list[dict[str, Any]]) -> None:
    """The same, killed on the way, each time at another moment; compared with the run that nothing broke."""
    workspace, out = folder / "killed", folder / "killed.jsonl"
    log = folder / "requests.log"
    log.unlink()
    with endpoint(folder, "--seconds", str(seconds)) as (url, _):
        corpus(workspace, tweets)
        draw = random.Random(1)  # noqa: S311
        for number in range(1, times + 1):
            running = begin(workspace, url, out)
            aim = lines(log) + KINDS * tweets // (times + 1) + draw.randint(-40, 40)
            while running.poll() is None and lines(log) < aim:
                time.sleep(0.005)
            running.send_signal(signal.SIGKILL)
            running.communicate()
            time.sleep(2 * seconds)
            print(f"kill {number}: {lines(log)} requests so far, {sum(kept(workspace).values())} variants kept")
        found, ids = report(begin(workspace, url, out))
        asked = Counter(log.read_text().splitlines())
        there = kept(workspace)
        print(f"last run: {found['answered']} asked, {found['from_store']} from kept answers, {found['open']} open")
        print(f"kept {len(there)} of {KINDS * tweets}, twice {sum(there.values()) - len(there)}, ids {len(set(ids))}")
        most = Limits(CONCURRENCY).conversations * times
        print(f"repeated requests {sum(asked.values()) - len(asked)}, {most} at most")
        print(f"the same variants as without a kill: {made(out) == unbroken}")


def main() -> None:
    """Both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tweets", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that the server takes for an answer")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        unbroken = speed(args.tweets, args.seconds, Path(name))
        kills(args.tweets, args.kills, args.seconds, Path(name), unbroken)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
