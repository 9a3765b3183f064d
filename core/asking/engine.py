"""Many conversations with one teacher, side by side."""

import asyncio
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from core.asking.budget import Budget, Spent
from core.asking.estimate import tokens
from core.asking.failing import ATTEMPTS, SMALLER, Breaker
from core.asking.forms import FEWER, key_of, smaller
from core.asking.keeping import without_pictures
from core.asking.limits import Limits
from core.asking.pace import Pace, Stopped
from core.asking.prices import Price
from core.asking.tally import Tally
from core.asking.writer import Writer
from core.domain import Attempt
from core.errors import TeacherError
from core.store import Store
from core.store.rows import Stored
from core.teachers import Answer, Ask, Later, Line, Reply, Teacher

Conversation = Generator[Ask | Stored, Answer | None, None]
"""Yields asks, to which it is sent the answers, or thrown a TeacherError; and yields records, which are kept."""

GRACE = 5.0
"""Seconds that answers on their way are waited for when the run is to end."""


class Engine:
    """Has one run's conversations with a teacher; `tally` says at any time what became of them.

    Each request's raw answer is kept before anything is made of it, and an ask whose answer is kept is not sent again:
    what is made of it need not be waited for.
    With a `line` that is none to the teacher itself, such as a file, every ask is sent once, and no failure stops it.
    """

    def __init__(
        self,
        teacher: Teacher,
        store: Store,
        limits: Limits,
        price: Price | None,
        *,
        planned: int,
        line: Line | None = None,
    ) -> None:
        self._given = line
        self.tally = Tally(planned, cost=0.0 if price else None)
        self._teacher = teacher
        self._store = store
        self._limits = limits
        self._price = price
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._failed: dict[str, TeacherError | Later] = {}
        self._breaker = Breaker()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, conversations: Iterable[Conversation]) -> Tally:
        """Have all conversations, until they are over or something stops the run: `tally.stopped` says what.

        Raises:
            StoreError: an answer, or what was made of it, cannot be kept.
        """
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self.tally.stopped:
            self._stop.set()
        self._pace = Pace(self._stop, self._limits.requests_per_minute, self._limits.tokens_per_minute)
        self._budget = Budget(self._limits.budget, self._price)
        self._places = asyncio.Semaphore(self._limits.concurrency)
        feed = iter(conversations)
        try:
            async with self._open() as self._line, Writer(self._store) as self._writer:
                workers = [asyncio.create_task(self._work(feed)) for _ in range(self._limits.conversations)]
                await self._finish(workers)
        finally:
            self.tally.ended = time.monotonic()
            self._loop = None
        return self.tally

    def stop(self, reason: str) -> None:
        """End the run soon, from any thread: nothing new is asked, and answers on their way get a short grace.

        A run that is over stays as it ended.
        """
        if self.tally.ended is not None:
            return
        self.tally.stopped = self.tally.stopped or reason
        if loop := self._loop:
            with suppress(RuntimeError):  # it has just been closed
                loop.call_soon_threadsafe(self._stop.set)

    def _open(self) -> AbstractAsyncContextManager[Line]:
        return nullcontext(self._given) if self._given else self._teacher.line()

    async def _finish(self, workers: list[asyncio.Task[None]]) -> None:
        over = asyncio.create_task(asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION))
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([over, stop], return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                await asyncio.wait(workers, timeout=GRACE)
        finally:
            for worker in (over, stop, *workers):
                worker.cancel()
            results = await asyncio.gather(*workers, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _work(self, feed: Iterator[Conversation]) -> None:
        for conversation in feed:
            if self.tally.stopped:
                return
            try:
                await self._hold(conversation)
            except Later:
                continue
            except Stopped:
                return
            except Spent:
                self.stop(f"the budget of ${self._limits.budget:g} does not allow another request")
                return
            finally:
                conversation.close()

    async def _hold(self, conversation: Conversation) -> None:
        """Have one conversation to its end."""
        item = _next(lambda: next(conversation))
        while item is not None:
            if isinstance(item, Ask):
                item = await self._settle(conversation, item)
            else:
                self._writer.keep_soon(item)
                await asyncio.sleep(0)  # many in a row that ask nothing would keep the loop from all else
                item = _next(lambda: conversation.send(None))

    async def _settle(self, conversation: Conversation, ask: Ask) -> Ask | Stored | None:
        """Get an ask's answer, or the error in place of it, to its conversation; gives what that yields then."""
        try:
            answer = await self._answer(ask)
        except TeacherError as failure:
            error = failure
            self.tally.fail(ask, error)
            return _next(lambda: conversation.throw(error))
        return _next(lambda: conversation.send(answer))

    async def _answer(self, ask: Ask) -> Answer:
        key = key_of(ask, self._teacher)
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with lock:  # of samples that ask the same, the first asks, and the others find what came of it
            if failed := self._failed.get(key):
                raise failed.with_traceback(None)
            last = self._store.attempts.latest(key)
            if last and last.failure is None and last.response is not None:
                reply = self._teacher.read(ask, last.response, seconds=last.seconds)
                if reply.error or reply.answer is None:
                    raise reply.error or RuntimeError("a reply without an error has an answer")
                self.tally.found += 1
                return replace(reply.answer, at=last.at, ask=key)
            try:
                answer = await self._ask(key, ask, last)
            except (TeacherError, Later) as error:
                self._failed[key] = error
                raise
            self.tally.answered += 1
            return answer

    async def _ask(self, key: str, ask: Ask, last: Attempt | None) -> Answer:
        """Send an ask until there is an answer, or a reason not to send it again."""
        number = last.number if last else 0
        is_small = last is not None and last.failure in SMALLER
        failures = 0
        error: TeacherError | None = None
        while True:
            number += 1
            async with AsyncExitStack() as place:
                await place.enter_async_context(self._places)
                try:
                    reply = await (self._send(smaller(ask), f"{key}{FEWER}") if is_small else self._send(ask, key))
                except Later:
                    if error:
                        raise error from None
                    raise
                if self._given and reply.error and last and last.response == reply.response:
                    raise reply.error  # a line that was read in before
                attempt = self._attempt(key, number, ask, reply)
                if reply.error is None:
                    await place.aclose()  # the next ask need not wait until this answer is on disk
                await self._writer.keep(attempt)
                if reply.error is None and reply.answer:
                    self._breaker.answered()
                    return replace(reply.answer, at=attempt.at, ask=key)
                error = reply.error or TeacherError("no answer", "nonsense")
                if error.reason in SMALLER and not is_small:
                    is_small = True
                    continue
                failures += 1
                if self._given:
                    raise error
                if failures >= ATTEMPTS.get(error.reason, 1):
                    if reason := self._breaker.failed(error):
                        self.stop(reason)  # a failure keeps its place, so that nobody asks in between
                    raise error
            await self._pace.back_off(failures, error.retry_after)

    async def _send(self, ask: Ask, key: str) -> Reply:
        """One request, within budget and pace, and what it took."""
        reserved = await self._budget.reserve(ask)
        expected = tokens(ask.dialogue, self._price) + ask.max_tokens
        cost = 0.0
        try:
            await self._pace.turn(expected)
            self.tally.requests += 1
            cost = reserved  # until it is known, a request may have cost what it can
            try:
                reply = await self._line.send(ask, key)
            except Later:  # what was written to a file is sent by somebody else, and may cost what it can
                self.tally.requests -= 1
                raise
            cost = self._count(reply, reserved)
        finally:
            await self._budget.settle(reserved, cost)
        if reply.answer and reply.answer.prompt_tokens is not None:
            self._pace.settle(expected - reply.answer.prompt_tokens - (reply.answer.completion_tokens or 0))
        return reply

    def _count(self, reply: Reply, reserved: float) -> float:
        """Add a reply's tokens and their cost to the tally; gives what the budget must take it for."""
        if reply.answer is None:
            is_billed = reply.error is not None and reply.error.reason in ("silent", "cut short", "nonsense")
            return reserved if is_billed else 0.0
        if reply.answer.prompt_tokens is None or reply.answer.completion_tokens is None:
            self.tally.unpriced += 1
            return reserved
        self.tally.prompt_tokens += reply.answer.prompt_tokens
        self.tally.completion_tokens += reply.answer.completion_tokens
        cost = self._cost(reply) or 0.0
        if self.tally.cost is not None:
            self.tally.cost += cost
        return cost

    def _cost(self, reply: Reply) -> float | None:
        answer = reply.answer
        if not (answer and self._price) or answer.prompt_tokens is None or answer.completion_tokens is None:
            return None
        return self._price.of(answer.prompt_tokens, answer.completion_tokens)

    def _attempt(self, key: str, number: int, ask: Ask, reply: Reply) -> Attempt:
        return Attempt(
            key=key,
            number=number,
            sample_id=ask.sample_id,
            model=self._teacher.model,
            prompt_version=ask.prompt_version,
            request=without_pictures(reply.request),
            response=reply.response,
            finish=reply.finish,
            failure=reply.error.reason if reply.error else None,
            problem=str(reply.error) if reply.error else None,
            prompt_tokens=reply.answer.prompt_tokens if reply.answer else None,
            completion_tokens=reply.answer.completion_tokens if reply.answer else None,
            cost=self._cost(reply),
            seconds=reply.seconds,
            at=datetime.now(UTC),
        )


def _next(step: Callable[[], Ask | Stored]) -> Ask | Stored | None:
    """What a conversation yields next; None where it is over, or ended by the error that was thrown into it."""
    try:
        return step()
    except (StopIteration, TeacherError):
        return None
