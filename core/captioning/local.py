"""Captions made in this process: while the captioner is busy with one batch, the pictures of the next are decoded."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from PIL import Image

from core import captioners, images
from core.captioners import Captioner
from core.captioning import Described, Engine
from core.errors import BadInput
from core.settings import Settings

DECODERS = 2


@contextmanager
def running(settings: Settings) -> Iterator[Engine]:
    """An engine with the captioner's weights in memory; see `EngineFile.running`."""
    yield Local(captioners.find(settings.captioner).load(settings))


class Local:
    """Runs a captioner batch by batch."""

    def __init__(self, captioner: Captioner) -> None:
        self.model = captioner.model
        self.parameters = captioner.parameters
        self._captioner = captioner

    def describe(self, pictures: Sequence[Path]) -> Iterator[list[Described]]:
        """Caption the pictures in these files, in their order; see `Engine.describe`."""
        batch: list[tuple[Path, Image.Image]] = []
        for picture, decoded in _decoded(pictures, ahead=2 * self._captioner.batch):
            if isinstance(decoded, BadInput):
                yield [Described(picture, decoded, datetime.now(UTC), 0.0)]
                continue
            batch.append((picture, decoded))
            if len(batch) >= self._captioner.batch:
                yield describe_batch(self._captioner, batch)
                batch = []
        if batch:
            yield describe_batch(self._captioner, batch)


def describe_batch(captioner: Captioner, batch: Sequence[tuple[Path, Image.Image]]) -> list[Described]:
    """What becomes of decoded pictures in one call of the captioner."""
    created, begun = datetime.now(UTC), perf_counter()
    made = captioner.describe_all([image for _, image in batch])
    share = (perf_counter() - begun) / len(batch)
    return [Described(picture, each, created, share) for (picture, _), each in zip(batch, made, strict=True)]


def _decoded(pictures: Sequence[Path], *, ahead: int) -> Iterator[tuple[Path, Image.Image | BadInput]]:
    """Each picture, or why it can't be read, in order; up to `ahead` of them are decoded before they are asked for."""
    with ThreadPoolExecutor(DECODERS) as pool:
        coming: deque[tuple[Path, Future[Image.Image | BadInput]]] = deque()
        for picture in pictures:
            coming.append((picture, pool.submit(_read, picture)))
            if len(coming) > ahead:
                first, decoded = coming.popleft()
                yield first, decoded.result()
        for last, decoded in coming:
            yield last, decoded.result()


def _read(picture: Path) -> Image.Image | BadInput:
    try:
        return images.read(picture)
    except BadInput as error:
        return error
