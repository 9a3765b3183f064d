"""A run in a background thread, so that a page or a command can watch and stop it."""

import asyncio
import threading
from collections.abc import Iterable

from core.asking.engine import Conversation, Engine
from core.asking.tally import Tally


class Job:
    """One run of an engine. `tally` says at any time what became of it."""

    def __init__(self, engine: Engine, conversations: Iterable[Conversation]) -> None:
        self._engine = engine
        self._conversations = conversations
        self._error: BaseException | None = None
        self._ended = threading.Event()  # joining a thread is no way to wait for it: Ctrl-C ends a join for good
        self._thread = threading.Thread(target=self._run, daemon=True, name="asking")

    @property
    def tally(self) -> Tally:
        """What has become of the run so far."""
        return self._engine.tally

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it soon; what came is kept, and answers on their way get a short grace."""
        self._engine.stop("you stopped it")

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, no longer than this; gives whether it has ended."""
        return self._ended.wait(seconds)

    def result(self) -> Tally:
        """What became of it, when it has ended.

        Raises:
            CotpdError: what broke it off; what came before that is kept.
        """
        self.wait()
        if self._error:
            raise self._error
        return self.tally

    def _run(self) -> None:
        try:
            asyncio.run(self._engine.run(self._conversations))
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error
        finally:
            self._ended.set()
