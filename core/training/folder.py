"""What a training leaves in its folder for people and pages: its configuration, its metrics, its result.

`training.json` is the configuration. `metrics.jsonl` grows line by line: the losses every few steps, the dev scores at
the end of each epoch; after a kill, steps behind the last checkpoint stand there twice, and the later line counts.
`result.json` comes once, at the end. `lock` is held while the training runs.
"""

import fcntl
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.files import replacing
from core.training.config import TrainConfig

CONFIG = "training.json"
METRICS = "metrics.jsonl"
RESULT = "result.json"
LOCK = "lock"

ATTEMPTS = 5
"""Times to try for the lock: who only looks whether a training runs holds it for an instant."""


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Keep other processes from training in the same folder.

    Raises:
        BadInput: one is at it already, or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder} cannot be made ({error.strerror}); name another folder for the training") from error
    with (folder / LOCK).open("w") as lock:
        for _ in range(ATTEMPTS):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.05)
        else:
            raise BadInput(f"another process is training in {folder}; wait for it, or name another folder")
        yield


def write_config(folder: Path, config: TrainConfig) -> None:
    """Say what is being trained here."""
    with replacing(folder / CONFIG) as part:
        part.write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")


def add_metrics(folder: Path, line: Mapping[str, Any]) -> None:
    """Add a line to the metrics, with the time (UTC)."""
    with (folder / METRICS).open("a", encoding="utf-8") as metrics:
        metrics.write(json.dumps({**line, "at": datetime.now(UTC).isoformat(timespec="seconds")}) + "\n")


def write_result(folder: Path, result: Mapping[str, Any]) -> None:
    """Say how the training ended."""
    with replacing(folder / RESULT) as part:
        part.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def is_over(folder: Path) -> bool:
    """Whether the training of this folder came to its end."""
    return (folder / RESULT).exists()
