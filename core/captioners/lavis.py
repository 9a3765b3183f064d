"""BLIP-2 through salesforce-lavis, the library it was published in.

LAVIS needs an old transformers, and cannot share our environment: it runs as a worker in one of its own.
"""

import base64
import io
import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from PIL import Image
from pydantic import JsonValue

from core.captioners import Captioner, Description
from core.captioners._worker import Worker, WorkerFailed
from core.errors import CaptionerError, Unavailable
from core.settings import Settings

BATCH = 4
PATIENCE = 900.0
"""Seconds that a batch may take: five beams of a 2.7 B model on a CPU are minutes."""

WORKER = Path(__file__).with_name("_lavis_worker.py")

_EXAMPLE = "blip2_opt/caption_coco_opt2.7b"


def unusable(settings: Settings) -> str | None:
    """Why LAVIS cannot be used here, or None. Whether its weights are here, LAVIS alone knows."""
    if not os.access(settings.lavis_python, os.X_OK):
        return (
            f"LAVIS' own environment is not here ({settings.lavis_python} does not exist): run `make lavis` "
            "(2.3 GB, a few minutes), or name its Python with COTPD_LAVIS_PYTHON"
        )
    architecture, slash, kind = settings.lavis.partition("/")
    if not (architecture and slash and kind):
        return f"COTPD_LAVIS is {settings.lavis!r}: it must be a model and a type or a YAML file, such as {_EXAMPLE}"
    if _is_file(kind) and not Path(kind).is_file():
        return f"COTPD_LAVIS is {settings.lavis!r}: there is no file {kind}"
    return None


def load(settings: Settings) -> Captioner:
    """LAVIS' BLIP-2 in a worker process. A type's weights are fetched by LAVIS, into torch's own cache.

    Raises:
        Unavailable: the environment is missing, or LAVIS cannot load the model.
    """
    if reason := unusable(settings):
        raise Unavailable(f"captioner 'lavis': {reason}")
    architecture, _, kind = settings.lavis.partition("/")
    # -P, else `import lavis` would find this file.
    command: list[str | Path] = [settings.lavis_python, "-P", WORKER, architecture, kind]
    name = Path(kind).stem if _is_file(kind) else kind
    return Lavis(f"LAVIS {architecture}/{name}", command, settings.cache / "lavis.log")


class Lavis:
    """Asks the worker, one batch at a time.

    A worker that fails is started again, once for a batch; if that fails too, the batch has no captions. After two such
    batches in a row it is given up. Safe to use from several threads.
    """

    batch = BATCH

    def __init__(self, model: str, command: Sequence[str | Path], log: Path, patience: float = PATIENCE) -> None:
        self.model = model
        self._command = command
        self._log = log
        self._patience = patience
        self._lock = Lock()
        self._lost = 0
        self._worker: Worker | None = None
        self.parameters: dict[str, JsonValue] = {}
        self._start()

    def describe_all(self, images: Sequence[Image.Image]) -> list[Description | CaptionerError]:
        """Caption RGB images; see `Captioner.describe_all`."""
        with self._lock:
            answer = self._answer({"images": [_png(image) for image in images]})
        captions = answer.get("captions")
        if not isinstance(captions, list) or len(captions) != len(images):
            reason = answer.get("error", "its answer has another number of captions")
            return [CaptionerError(f"{self.model} gave no caption: {reason}") for _ in images]
        return [Description(" ".join(str(text).split())) for text in captions]

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """The worker's answer to a batch or, where it failed twice, the error that its pictures have instead."""
        for _ in range(2):
            try:
                worker = self._worker or self._start()
                answer = worker.ask(message, self._patience)
            except WorkerFailed as error:
                self.close()
                failure = error
            else:
                self._lost = 0
                return answer
        self._lost += 1
        if self._lost > 1:
            raise Unavailable(f"captioner 'lavis': two batches in a row failed; its process {failure}")
        return {"error": f"its process {failure}"}

    def _start(self) -> Worker:
        """Start the worker, and note what its captions depend on."""
        try:
            self._worker = Worker(self._command, self._log)
            answer = self._worker.hear()  # LAVIS may be fetching weights: that takes what it takes
        except WorkerFailed as error:
            self.close()
            raise Unavailable(f"captioner 'lavis': its process {error}") from error
        if not isinstance(ready := answer.get("ready"), dict):
            self.close()
            reason = answer.get("error", f"its first word was {answer}")
            raise Unavailable(f"captioner 'lavis': LAVIS cannot load {self.model}: {reason}; see {self._log}")
        self.parameters = ready
        return self._worker

    def close(self) -> None:
        """End the worker; the next picture starts another."""
        if self._worker:
            self._worker.close()
            self._worker = None


def _is_file(kind: str) -> bool:
    return kind.endswith((".yaml", ".yml"))


def _png(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)
    return base64.b64encode(buffer.getvalue()).decode()
