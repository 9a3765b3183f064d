"""Captioning a corpus: each picture described once, each batch kept when it comes, nothing asked twice.

Where the captioner runs is an engine's affair. Each file of this folder is one; its name is the engine's.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, cast

from pydantic import JsonValue

from core import registry
from core.captioners import Description
from core.domain import Caption, Maker, Sample
from core.errors import CotpdError
from core.settings import Settings
from core.store import Store

Progress = Callable[[int, int, int], None]
"""Called with how many samples are done, of how many, and how many of these failed."""


@dataclass(frozen=True)
class Described:
    """What became of one picture: a description, or why there is none. `seconds` is its share of its batch's time."""

    picture: Path
    made: Description | CotpdError
    created: datetime
    seconds: float


class Engine(Protocol):
    """Runs one captioner, whose name and parameters these are."""

    model: str
    parameters: dict[str, JsonValue]

    def describe(self, pictures: Sequence[Path]) -> Iterator[list[Described]]:
        """Caption the pictures in these files, a batch at a time, in any order; a broken one stops no other.

        Raises:
            Unavailable: the captioner cannot be used any more, for any picture.
        """
        ...


class EngineFile(Protocol):
    """What a file of this folder offers."""

    def running(self, settings: Settings) -> AbstractContextManager[Engine]:
        """The engine with the captioner that the settings name, until the block ends.

        Raises:
            BadInput: there is no captioner of that name.
            Unavailable: the engine or the captioner cannot be used here.
        """
        ...


def names() -> list[str]:
    """The engines there are."""
    return registry.names(sys.modules[__name__])


def find(name: str) -> EngineFile:
    """The file of one engine.

    Raises:
        BadInput: there is none of that name.
    """
    return cast(EngineFile, registry.find(sys.modules[__name__], "engine", name))


@dataclass
class Report:
    """Captions and failures by the samples' ids; `kept` of the captions were in the store already."""

    captions: dict[str, Caption]
    kept: int
    failures: dict[str, str] = field(default_factory=dict)


def caption_all(
    store: Store, engine: Engine, pictured: Sequence[tuple[Sample, Path]], progress: Progress = lambda *_: None
) -> Report:
    """Caption samples by the pictures in these files; those that share a picture share its description.

    A failure is not kept, so that a later call asks again. Whatever ends this call, the batches before it are kept.

    Raises:
        Unavailable: the captioner cannot be used any more, for any picture.
        StoreError: the workspace cannot be written.
    """
    samples = {sample.id: (sample, picture) for sample, picture in pictured}
    captions = store.bulk.captions(samples, model=engine.model, parameters=engine.parameters)
    report = Report(captions, kept=len(captions))
    wanted: dict[Path, list[Sample]] = {}
    for sample, picture in samples.values():
        if sample.id not in captions:
            wanted.setdefault(picture, []).append(sample)
    progress(len(captions), len(samples), 0)
    for batch in engine.describe(list(wanted)) if wanted else ():
        keeping: list[Sample | Caption] = []
        for described in batch:
            for sample in wanted[described.picture]:
                if isinstance(described.made, CotpdError):
                    report.failures[sample.id] = str(described.made)
                else:
                    captions[sample.id] = described.made.of(sample, _maker(engine, described))
                    keeping += [sample, captions[sample.id]]
        store.add(*keeping)
        progress(len(captions) + len(report.failures), len(samples), len(report.failures))
    return report


def _maker(engine: Engine, described: Described) -> Maker:
    return Maker(model=engine.model, parameters=engine.parameters, created=described.created, seconds=described.seconds)
