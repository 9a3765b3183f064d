"""What a training step costs: distillation beside plain +CoT, and batches as they are beside rows padded to the limit.

    python -m bench.training_step --data FOLDER [--steps 10]

The ways take turns, step by step on the same batches, so that whatever else the machine does falls on all of them.
"""

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is imported

from torch import Tensor
from torch.nn import functional

from core.experiments.tables import Table, find
from core.student.views import Batch
from core.training.config import TrainConfig
from core.training.trainer import Trainer

LIMIT = 512


def padded(batch: Batch) -> Batch:
    """The batch with both views' rows as long as the encoder reads."""

    def to_limit(rows: Tensor) -> Tensor:
        return functional.pad(rows, (0, LIMIT - rows.shape[1]))

    names = ("text", "text_mask", "knowledge", "knowledge_mask")
    return replace(batch, **{name: to_limit(getattr(batch, name)) for name in names})


def main() -> None:
    """Print seconds a step of each way, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows = {each.row.name: each.config for each in Table.read(find("twitter2017")).trainings(home)}
        cot, cpd = rows["+CoT"], rows["+CoT +CPD"]
        ways = {
            "+CoT": trainer(cot, options.data, home / "cot"),
            "+CoT +CPD": trainer(cpd, options.data, home / "cpd"),
            "+CoT, rows of 512, fp32": trainer(cot.model_copy(update={"bf16": False}), options.data, home / "long"),
        }
        batches = list(islice(ways["+CoT"].batches.epoch(0, seed=1, section_dropout=0.0), options.steps))
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for batch, samples in [batches[0], *batches]:  # the first step warms up, and doesn't count
            for name, way in ways.items():
                given = padded(batch) if "512" in name else batch
                begun = time.perf_counter()
                way._train_step(given, samples)
                seconds[name].append(time.perf_counter() - begun)
    means = {name: statistics.mean(times[1:]) for name, times in seconds.items()}
    for name, mean in means.items():
        print(f"{name:<26} {mean:6.2f} s a step, {mean / means['+CoT']:5.2f} × +CoT")


def trainer(config: TrainConfig, root: Path, home: Path) -> Trainer:
    """A training that nobody runs: it is here for its steps."""
    small = config.model_copy(update={"dev": config.dev.model_copy(update={"limit": 1}), "test": {}})
    return Trainer(small, root, home)


if __name__ == "__main__":
    main()
