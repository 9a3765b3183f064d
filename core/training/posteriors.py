"""What a teacher that stands still has said of the samples of a training, on disk until the training is over."""

import logging
import time
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.files import replacing

_log = logging.getLogger(__name__)

NAME = "posteriors.safetensors"

WRITE_EVERY = 60.0
"""Seconds between writes: what a kill can cost at most."""


class Kept:
    """Posteriors by the number of their sample, (n, C) each."""

    def __init__(self, folder: Path, *, may_write: bool) -> None:
        """`folder` is the training's; of its processes one may write."""
        self._path, self._may_write = folder / NAME, may_write
        self._of, self._count, self._written = "", 0, time.monotonic()

    def read(self, of: str) -> dict[int, Tensor]:
        """Those on disk; none where they are `of` another teacher or other samples."""
        self._of, found = of, dict[int, Tensor]()
        try:
            with safe_open(self._path, framework="pt") as file:
                if (file.metadata() or {}).get("of") == of:
                    found = {int(name): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        except (OSError, SafetensorError):
            found = {}  # not there, or broken: they can be computed
        self._count = len(found)
        return found

    def write_now_and_then(self, found: dict[int, Tensor]) -> None:
        """Write, if the last time is a while ago."""
        if time.monotonic() - self._written >= WRITE_EVERY:
            self.write(found)

    def write(self, found: dict[int, Tensor]) -> None:
        """Write what there is more than on disk; the old file stands until the new one is whole."""
        if self._may_write and len(found) > self._count:
            tensors = {str(at): values.contiguous() for at, values in found.items()}
            try:
                with replacing(self._path) as part:
                    save_file(tensors, part, metadata={"of": self._of})
                self._count = len(found)
            except (OSError, SafetensorError) as error:  # they can be computed again: no reason to stop
                _log.warning("%s cannot be written: %s", self._path, error)
        self._written = time.monotonic()

    def remove(self) -> None:
        """A finished training needs them no more."""
        if self._may_write:
            self._path.unlink(missing_ok=True)
