"""A second run over a corpus that has all its thoughts: how fast it finds out that there is nothing to ask.

    python -m bench.warm_thoughts [--samples 10000]

The corpus, its captions and its thoughts are made up, and kept as a run keeps them. The teacher's address is a port on
which nobody listens, so that a request would be seen as a failure.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from core.domain import Caption, Maker, Sample
from core.settings import Settings
from core.store import Store
from core.store.rows import Stored
from core.teachers import Answer, Ask, endpoint
from core.thinking import Thinking

NOBODY = "http://127.0.0.1:9/v1"


def fill(workspace: Path, samples: int) -> None:
    """A corpus with captions and all thoughts."""
    maker = Maker(model="by hand", created=datetime.now(UTC))
    made = [
        Sample.from_text(f"what a night at game number {number} with # fans", image="0") for number in range(samples)
    ]
    captions = {each.id: Caption(sample_id=each.id, text="a crowd in a stadium", maker=maker) for each in made}
    teacher = endpoint.load(settings(workspace))
    with Store(workspace) as store:
        store.add_corpus("bench", "all", made, captions.values())
        thoughts: list[Stored] = []
        for conversation in Thinking(store, teacher, made, captions).conversations():
            item: Ask | Stored | None = next(conversation)
            while item is not None:
                answer = Answer("It speaks of a game. " * 10, 1.0) if isinstance(item, Ask) else None
                if not isinstance(item, Ask):
                    thoughts.append(item)
                try:
                    item = conversation.send(answer)
                except StopIteration:
                    item = None
        store.add(*thoughts)


def settings(workspace: Path) -> Settings:
    """An endpoint that is not there."""
    return Settings(workspace=workspace, teacher_url=NOBODY, teacher_model="gpt-bench", teacher_prompts="paper")


def main() -> None:
    """The look-up alone, and the command as a user starts it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    count = parser.parse_args().samples
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name), count)
        teacher = endpoint.load(settings(Path(name)))
        with Store(Path(name)) as store:
            begun, cpu = time.perf_counter(), time.process_time()
            samples = store.samples("bench", "all")
            captions = store.bulk.captions(sample.id for sample in samples)
            work = Thinking(store, teacher, samples, captions)
            seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        print(f"look-up: {len(work.kept)} kept, {work.missing} missing; {seconds:.2f} s ({cpu:.2f} s of CPU)")
        print(f"= {count / seconds:,.0f} samples/s, {count / cpu:,.0f} a second of CPU")
        environment = {
            **os.environ,
            "COTPD_WORKSPACE": name,
            "COTPD_TEACHER_URL": NOBODY,
            "COTPD_TEACHER_MODEL": "gpt-bench",
            "COTPD_TEACHER_PROMPTS": "paper",
        }
        command = [sys.executable, "-m", "core", "think", "--corpus", "bench", "--json"]
        begun = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
        seconds = time.perf_counter() - begun
        document = json.loads(done.stdout)
        requests, size = document["report"]["requests"], len(done.stdout) / 1e6
        print(f"command: {len(document['thoughts'])} thoughts, {requests} requests, {seconds:.2f} s")
        print(f"= {count / seconds:,.0f} samples/s, with start, look-up and a document of {size:.0f} MB")


if __name__ == "__main__":
    main()
