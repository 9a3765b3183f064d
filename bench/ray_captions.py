"""How much faster two workers on a Ray cluster of this machine caption than one does.

    python -m bench.ray_captions [--pictures 48] [--workers 1 2]

The captioner is the embedded describer, with one thread a worker: it does nothing but compute. The pictures are the
demo's, each cut a little differently. A worker's start and its first picture, with which it loads its models, are left
out. The machine should have nothing else to do.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path

from core import captioning, images
from core.demo import FOLDER
from core.domain import Sample
from core.settings import Settings
from core.store import Store


def cut(folder: Path, count: int) -> list[tuple[Sample, Path]]:
    """So many different pictures, with a sample each."""
    photos = sorted(FOLDER.glob("*.jpg"))
    cases = []
    for number in range(count):
        whole = images.read(photos[number % len(photos)])
        margin = 1 + number // len(photos)
        picture = folder / f"{number}.png"
        whole.crop((margin, margin, whole.width - margin, whole.height - margin)).save(picture)
        cases.append((Sample.from_text(f"picture {number}", image=str(number)), picture))
    return cases


def seconds(workers: int, cases: list[tuple[Sample, Path]], folder: Path) -> float:
    """What captioning takes, once every worker has loaded its models."""
    settings = Settings.read(captioner="describe", ray_workers=workers, workspace=folder / str(workers))
    with Store(settings.workspace) as store, captioning.find("ray").running(settings) as engine:
        warming = cases[: 4 * workers]
        captioning.caption_all(store, engine, warming)
        begun = time.perf_counter()
        report = captioning.caption_all(store, engine, cases[4 * workers :])
        taken = time.perf_counter() - begun
    if report.failures:
        raise SystemExit(f"{len(report.failures)} failed: {next(iter(report.failures.values()))}")
    return taken / (len(cases) - len(warming))


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        cases = cut(Path(name), given.pictures)
        taken = {workers: seconds(workers, cases, Path(name)) for workers in given.workers}
    first = taken[given.workers[0]]
    document = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the beginning",
        "date": time.strftime("%Y-%m-%d"),
        "pictures": given.pictures,
        "seconds_a_picture": {workers: round(each, 3) for workers, each in taken.items()},
        "times_as_fast": {workers: round(first / each, 2) for workers, each in taken.items()},
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
