"""Captions made by workers on a Ray cluster. They get the bytes of pictures and give descriptions back.

`RAY_ADDRESS` names a cluster; without it one is started on this machine. What the workers make is kept by this process
alone. On every machine the project lies at the same path, with the same packages.
"""

import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import JsonValue

from core import captioners, images
from core.captioners import Captioner
from core.captioning import Described, Engine
from core.captioning.local import describe_batch
from core.errors import BadInput, CaptionerError, Unavailable, first_line
from core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]

OBJECTS = 2**28
"""Bytes of shared memory for what is on its way between processes, on a cluster of this machine alone."""

AHEAD = 2
"""Batches that a worker has before it, so that it never waits for the next."""

Batch = list[tuple[Path, bytes]]
"""Pictures as bytes, with the paths of their files."""


@contextmanager
def running(settings: Settings) -> Iterator[Engine]:
    """An engine with a captioner in each of its workers; see `EngineFile.running`."""
    if importlib.util.find_spec("ray") is None:
        raise Unavailable("the engine 'ray' needs a package: pip install -r requirements-ray.txt")
    captioners.find(settings.captioner)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray = _ray()
    place: dict[str, Any] = {}
    if "RAY_ADDRESS" not in os.environ:
        place = {"num_cpus": settings.ray_workers or None, "object_store_memory": OBJECTS, "include_dashboard": False}
    try:
        ray.init(
            **place,
            runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except Exception as error:  # Ray raises bare ones, where a machine is too busy for it to start, say
        raise Unavailable(f"the engine 'ray' cannot start: {first_line(error)}; check RAY_ADDRESS") from error
    try:
        with redirect_stdout(sys.stderr):  # what Ray says of workers that die is no part of an answer
            yield Cluster(settings)
    finally:
        ray.shutdown()


class Worker:
    """One captioner in a process of the cluster. What it cannot do it says; it raises nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._captioner: Captioner | None = None

    def identity(self) -> tuple[str, dict[str, JsonValue], int] | Unavailable:
        """The captioner's model, its parameters, and how large its batches are."""
        try:
            captioner = self._loaded()
        except Unavailable as error:
            return error
        return captioner.model, captioner.parameters, captioner.batch

    def describe(self, batch: Batch) -> list[Described] | Unavailable:
        """What becomes of pictures; a broken one is a failure of its own."""
        described: list[Described] = []
        decoded: list[tuple[Path, Image.Image]] = []
        for picture, data in batch:
            try:
                decoded.append((picture, images.decode(data, str(picture))))
            except BadInput as error:
                described.append(Described(picture, error, datetime.now(UTC), 0.0))
        try:
            return described + (describe_batch(self._loaded(), decoded) if decoded else [])
        except Unavailable as error:
            return error

    def _loaded(self) -> Captioner:
        if self._captioner is None:
            self._captioner = captioners.find(self._settings.captioner).load(self._settings)
        return self._captioner


class Cluster:
    """Workers that take batch after batch. One that dies is started again once, by Ray, and gets its batch again."""

    def __init__(self, settings: Settings) -> None:
        ray = _ray()
        there = ray.cluster_resources()
        gpu = 1 if there.get("GPU", 0) >= 1 else 0
        actor = ray.remote(num_cpus=1, num_gpus=gpu, max_restarts=1, max_task_retries=1)(Worker)
        self._workers = [actor.remote(settings) for _ in range(workers(settings.ray_workers, there))]
        try:
            identity = ray.get(self._workers[0].identity.remote())
        except ray.exceptions.RayError as error:
            raise Unavailable(f"a worker ended while it loaded the captioner: {first_line(error)}") from None
        if isinstance(identity, Unavailable):
            raise identity
        self.model, self.parameters, self._batch = identity

    def describe(self, pictures: Sequence[Path]) -> Iterator[list[Described]]:
        """Caption the pictures in these files, in any order; see `Engine.describe`."""
        ray = _ray()
        failures: list[Described] = []
        batches = _batches(pictures, self._batch, failures)
        idle = self._workers * AHEAD
        running: dict[Any, tuple[Any, Batch]] = {}
        while True:
            while idle and (batch := next(batches, None)):
                worker = idle.pop(0)
                running[worker.describe.remote(batch)] = (worker, batch)
            if failures:
                yield failures[:]
                failures.clear()
            if not running:
                return
            (done, *_), _ = ray.wait(list(running), num_returns=1)
            worker, batch = running.pop(done)
            try:
                made = ray.get(done)
            except ray.exceptions.RayActorError as error:
                if not idle and not running:
                    raise Unavailable(f"no worker of the Ray cluster is left: {first_line(error)}") from None
                made = _lost(batch, error)
            except ray.exceptions.RayError as error:  # the captioner failed in a way that nobody foresaw
                made = _lost(batch, error)
                idle.append(worker)
            else:
                idle.append(worker)
            if isinstance(made, Unavailable):
                raise made
            yield made


def workers(wanted: int, there: Mapping[str, float]) -> int:
    """How many workers a cluster with these resources has room for, and no more than are wanted, where a number is.

    Each takes a CPU and, where there are any, a GPU. Ray would let one that has no room wait for it for ever.
    """
    cpus, gpus = int(there.get("CPU", 1)), int(there.get("GPU", 0))
    room = max(1, min(cpus, gpus or cpus))
    return min(wanted or room, room)


def _ray() -> Any:
    """Ray itself: optional, slow to import, and half without types."""
    return importlib.import_module("ray")


def _batches(pictures: Sequence[Path], size: int, failures: list[Described]) -> Iterator[Batch]:
    """The pictures' bytes, so many at a time; what cannot be read is put to the failures."""
    batch: Batch = []
    for picture in pictures:
        try:
            batch.append((picture, images.read_bytes(picture)))
        except BadInput as error:
            failures.append(Described(picture, error, datetime.now(UTC), 0.0))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _lost(batch: Batch, error: Exception) -> list[Described]:
    reason = CaptionerError(f"the worker that had the picture failed: {first_line(error)}")
    return [Described(picture, reason, datetime.now(UTC), 0.0) for picture, _ in batch]
