"""From submit to the last variant: when each stage's first word and its end come, and what it costs in memory.

    python -m bench.case_study [--cold]

Runs demo samples through a fresh workspace with the models of the settings, as the app does. The models are loaded
first, as they are in an app that has answered once; `--cold` leaves that to the stages.
"""

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from core.domain import Sample
from core.identity import local
from core.importing import import_demos
from core.settings import Settings
from core.study import Stage, StageName, Study
from core.workbench import Workbench

SAMPLES = 3


def resident() -> float:
    """Memory of this process now, in GB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * resource.getpagesize() / 1e9, 2)


def load_models(bench: Workbench) -> dict[str, float]:
    """Seconds that each model takes to load."""
    seconds = {}
    for name in ("student", "captioner", "teacher"):
        begun = time.perf_counter()
        getattr(bench.models, name)(bench.settings)
        seconds[name] = round(time.perf_counter() - begun, 2)
    return seconds


def study(bench: Workbench, sample: Sample) -> dict[str, dict[str, Any]]:
    """When each stage of one study was first heard of and when it ended, in seconds from submit."""
    seen: dict[str, dict[str, Any]] = {}
    begun = time.perf_counter()

    def show(name: StageName, stage: Stage) -> None:
        now = round(time.perf_counter() - begun, 2)
        times = seen.setdefault(name, {})
        if stage.text:
            times.setdefault("first_word", now)
        if stage.state not in ("waiting", "working"):
            times |= {"end": now, "state": stage.state}

    running = Study(bench, sample, bench.picture(sample))
    running.start(by=local())
    running.follow(show)
    return seen


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cold", action="store_true", help="don't load the models before the first submit")
    cold = parser.parse_args().cold
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Settings.read(workspace=Path(folder)))
        samples = [sample for _, sample in import_demos(bench.store)][:SAMPLES]
        loading = {} if cold else load_models(bench)
        at_rest = resident()
        stages = [study(bench, sample) for sample in samples]
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "date": time.strftime("%Y-%m-%d"),
        "loading_seconds": loading,
        "at_rest_gb": at_rest,
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2),
        "seconds_from_submit": stages,
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
