"""Ctrl-C that waits for the end of a step, since weights that moved half-way fit no checkpoint."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopping_between_steps() -> Iterator[Callable[[], bool]]:
    """Inside the block, SIGINT and SIGTERM only leave a note; what it gives says whether there is one.

    Outside the main thread, where no signal arrives, there never is one.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    handlers = {number: signal.signal(number, lambda *_: asked.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
