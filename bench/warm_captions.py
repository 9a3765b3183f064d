"""A second run over a corpus that has all its captions: how fast it finds out that there is nothing to describe.

    python -m bench.warm_captions [--samples 10000]

The corpus and its captions are made up, and kept as a run keeps them. The captioner fails if it is asked anything.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from core.captioning import Described, caption_all
from core.domain import Caption, Maker, Observation, Sample
from core.store import Store


class Nobody:
    """An engine whose captions are all there."""

    model = "by hand"

    def __init__(self) -> None:
        self.parameters: dict[str, JsonValue] = {"num_beams": 5}

    def describe(self, pictures: Sequence[Path]) -> Iterator[list[Described]]:
        raise SystemExit(f"{len(pictures)} pictures were asked about")


def main() -> None:
    """Print how many samples a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    count = parser.parse_args().samples
    engine = Nobody()
    maker = Maker(model=engine.model, parameters=engine.parameters, created=datetime.now(UTC))
    seen = tuple(Observation(kind="thing", label=label, score=0.5) for label in ("stadium", "ball", "crowd"))
    with tempfile.TemporaryDirectory() as name, Store(Path(name)) as store:
        samples = [Sample.from_text(f"what a night at game {number}", image=str(number)) for number in range(count)]
        captions = [
            Caption(sample_id=each.id, text="a crowd in a stadium", observations=seen, maker=maker) for each in samples
        ]
        store.add_corpus("bench", "all", samples, captions)
        begun, cpu = time.perf_counter(), time.process_time()
        found = store.samples("bench", "all")
        report = caption_all(store, engine, [(sample, Path(f"{sample.image}.jpg")) for sample in found])
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    print(f"{report.kept} kept, {len(report.failures)} failed; {seconds:.2f} s ({cpu:.2f} s of CPU)")
    print(f"= {count / seconds:,.0f} samples/s, {count / cpu:,.0f} a second of CPU")


if __name__ == "__main__":
    main()
