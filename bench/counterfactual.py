"""How long a person waits for the student's new answer when something in a case is switched off or edited.

    python -m bench.counterfactual [--tries 100]

Each try asks both views and keeps the answer in a fresh workspace, as the page does: demo tweets with a caption and
three thoughts of some 60 words. On a busy machine, the processor's own time says more than the clock's.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is imported

import torch

from core.corpora import Row
from core.explanation.counterfactuals import ask_again
from core.identity import local
from core.importing import import_demos
from core.prediction import Predictor
from core.settings import Settings
from core.store import Store
from core.training.sections import keep, parts_of

THOUGHT = "The tweet speaks of somebody well known, of a place, and of what happened there on that day. " * 3


def spread(seconds: list[float]) -> dict[str, int]:
    """The median, the 95th percentile and the largest, in milliseconds."""
    ordered = sorted(seconds)
    values = {"median": statistics.median(ordered), "p95": ordered[int(0.95 * (len(ordered) - 1))], "max": ordered[-1]}
    return {name: round(1000 * value) for name, value in values.items()}


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=100)
    tries = parser.parse_args().tries
    wall, processor = [], []
    predictor = Predictor.load(Settings.read())
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        rows = [
            Row(
                sample,
                "two people on a stage with a screen",
                {"noun": THOUGHT, "sentence": THOUGHT, "multimodality": THOUGHT},
            )
            for _, sample in import_demos(store)
        ]
        changed = cycle((row, keep(row, (part,))) for row in rows for part in parts_of(row))
        for row, other in islice(changed, tries + 5):
            begun, spent = time.perf_counter(), time.process_time()
            ask_again(predictor, store, row.sample.id, other, by=local())
            wall.append(time.perf_counter() - begun)
            processor.append(time.process_time() - spent)
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "date": time.strftime("%Y-%m-%d"),
        "threads": torch.get_num_threads(),
        "tries": tries,
        "milliseconds": spread(wall[5:]),
        "milliseconds_of_processor": spread(processor[5:]),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
