"""A job on a whole corpus, in the background: captions, thoughts or new samples; to start, watch, stop and go on.

What a job makes is kept as it comes, and looked up before anything is asked: a job that was stopped, or that failed,
goes on when the same one is started again. The batch door has the same work as `caption`, `think` and `augment`.
"""

import asyncio
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.asking import Engine, Limits, Work
from core.asking.estimate import Forecast
from core.asking.prices import price_of, price_within
from core.augmentation import EntityPool
from core.augmenting import Augmenting, Wish, names_of_other_splits
from core.captioning import caption_all
from core.captioning.local import Local
from core.domain import Sample
from core.errors import BadInput, CotpdError
from core.identity import Person
from core.progress import Progress
from core.store import Store
from core.stored import stored_samples
from core.thinking import Thinking
from core.workbench import Workbench

Product = Literal["captions", "thoughts", "variants"]

_log = logging.getLogger(__name__)

STOPPED = "you stopped it"


@dataclass(frozen=True)
class Order:
    """What a job makes, of which samples, and within what. A `wish` says which variants; `budget` is in USD."""

    product: Product
    corpus: str
    split: str
    limit: int | None = None
    wish: Wish | None = None
    concurrency: int | None = None
    budget: float | None = None


@dataclass
class Standing:
    """How far a job is: done of planned, of these failed; cost in USD, None where the price is unknown.

    What was kept before is not of these. `uncaptioned` samples have a picture that nothing is asked about. Until it is
    known what is to be asked, nothing is planned, and `seen` of `to_see` samples have been looked at.
    """

    planned: int = 0
    seen: int = 0
    to_see: int = 0
    done: int = 0
    failed: int = 0
    kept_before: int = 0
    uncaptioned: int = 0
    cost: float | None = None
    seconds: float = 0.0
    stopped: str | None = None
    failures: dict[str, int] = field(default_factory=dict)

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far."""
        return self.seconds / self.done * (self.planned - self.done) if self.done else None


class _Stopped(Exception):
    """Ends a captioning between two batches, or a look at the samples."""


class CorpusJob:
    """One order being carried out. Safe to watch and stop from any thread."""

    def __init__(self, bench: Workbench, order: Order) -> None:
        self.order = order
        self.problem: str | None = None
        self._bench = bench
        self._standing = Standing()
        self._asking: Engine | None = None
        self._before = self._uncaptioned = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="job")

    @property
    def running(self) -> bool:
        """Whether it has begun and not ended."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it was told to end."""
        return self._stop.is_set()

    def start(self, *, by: Person) -> None:
        """Begin.

        Raises:
            Forbidden: their role does not let them.
        """
        by.must("run jobs")
        self._thread.start()

    def stop(self, *, by: Person) -> None:
        """End it soon: what came is kept.

        Raises:
            Forbidden: their role does not let them.
        """
        by.must("run jobs")
        self._stop.set()
        if self._asking:
            self._asking.stop(STOPPED)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, no longer than this; gives whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def standing(self) -> Standing:
        """How far it is."""
        if self._asking is None:
            return self._standing
        tally = self._asking.tally
        return Standing(
            planned=tally.planned,
            done=tally.done,
            failed=len(tally.failures),
            kept_before=self._before,
            uncaptioned=self._uncaptioned,
            cost=tally.cost,
            seconds=tally.seconds,
            stopped=tally.stopped,
            failures=tally.report()["failed_by_reason"],
        )

    def _run(self) -> None:
        try:
            if self.order.product == "captions":
                self._caption()
            else:
                self._ask()
        except _Stopped:
            self._standing.stopped = STOPPED
        except CotpdError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours: logged whole, said in short
            _log.exception("the job for %s of %s/%s failed", self.order.product, self.order.corpus, self.order.split)
            self.problem = (
                f"something unforeseen went wrong ({type(error).__name__}); the server's log says more. "
                "What came is kept: start the job again, and it goes on from there"
            )

    def _caption(self) -> None:
        store, began = self._bench.store, time.monotonic()

        kept: int | None = None

        def show(done: int, total: int, failed: int) -> None:
            nonlocal kept
            kept = done if kept is None else kept  # the first call is made before anything is
            seconds = time.monotonic() - began
            self._standing = Standing(
                planned=total - kept, done=done - kept, failed=failed, kept_before=kept, cost=0.0, seconds=seconds
            )
            if self._stop.is_set():
                raise _Stopped

        pictured = _pictured(self._bench, samples_of(store, self.order))
        engine = Local(self._bench.models.captioner(self._bench.settings))
        report = caption_all(store, engine, pictured, show)
        pictures = {sample.id: str(picture) for sample, picture in pictured}
        reasons = (_short(words, pictures[sample_id]) for sample_id, words in report.failures.items())
        self._standing.failures = dict(Counter(reasons).most_common())

    def _ask(self) -> None:
        def show(seen: int, to_see: int) -> None:
            self._standing = Standing(seen=seen, to_see=to_see)
            if self._stop.is_set():
                raise _Stopped

        work = work_of(self._bench, self.order, show)
        teacher = self._bench.models.teacher(self._bench.settings)
        price = price_within(teacher, self._bench.settings, self.order.budget)
        limits = Limits(self.order.concurrency or teacher.concurrency, budget=self.order.budget)
        self._before, self._uncaptioned = len(work.kept), _uncaptioned(work)
        self._asking = Engine(teacher, self._bench.store, limits, price, planned=work.missing)
        if self._stop.is_set():
            self._asking.stop(STOPPED)
        asyncio.run(self._asking.run(work.conversations()))


def forecast(bench: Workbench, order: Order, show: Progress, *, by: Person) -> tuple[Forecast, int]:
    """What an order for thoughts or variants will take; and of how many samples the picture cannot be asked about.

    For variants of an unlabelled corpus the student labels all of it, and `show` is told how many samples of how many.

    Raises:
        Forbidden: their role does not let them run jobs.
        CotpdError: the teacher cannot be used, or there are no such samples.
    """
    by.must("run jobs")
    price = price_of(bench.models.teacher(bench.settings), bench.settings)
    work = work_of(bench, order, show)
    return work.forecast(price), _uncaptioned(work)


def work_of(bench: Workbench, order: Order, show: Progress) -> Work:
    """The thoughts or variants that an order is for: those that are kept, and what gets the others.

    A picture is shown to a teacher that sees, and spoken of by its newest caption to others. Names come from the corpus
    itself, where it is labelled, but for those of its other splits; else the student labels the samples. For variants,
    `show` is told how many samples of how many are looked at.

    Raises:
        BadInput: there are no such samples.
        Unavailable: the teacher, or the student that labels samples, cannot be used.
    """
    samples = samples_of(bench.store, order)
    teacher = bench.models.teacher(bench.settings)
    if order.wish is None:
        return Thinking(bench.store, teacher, samples, bench.abouts((sample, None) for sample in samples))
    is_labelled = any(sample.entities for sample in samples)
    name = f"{order.corpus}/{order.split}"
    pool = EntityPool.from_samples(samples, name) if is_labelled else EntityPool.of_the_project()
    pool = pool.without(names_of_other_splits(bench.store, order.corpus, order.split))
    return Augmenting(bench.store, teacher, bench.labelled(samples, show), order.wish, pool)


def _uncaptioned(work: Work) -> int:
    return work.uncaptioned if isinstance(work, Thinking) else 0


def samples_of(store: Store, order: Order) -> list[Sample]:
    """The samples that an order is about.

    Raises:
        BadInput: there are none.
    """
    return stored_samples(store, order.corpus, order.split)[: order.limit]


def _short(problem: str, picture: str) -> str:
    """What is wrong with a picture in words that fit others too: without its name, details and advice."""
    return re.split(r": | \(", problem.replace(repr(picture), "the picture"), maxsplit=1)[0]


def _pictured(bench: Workbench, samples: Sequence[Sample]) -> list[tuple[Sample, Path]]:
    """The samples whose picture the workspace has."""
    found = ((sample, bench.store.image(sample.image)) for sample in samples if sample.image)
    pictured = [(sample, path) for sample, path in found if path]
    if not pictured:
        raise BadInput(
            "none of these samples has a picture in the workspace: `caption --images` takes them of a folder"
        )
    return pictured
