"""The one who writes to the store while many ask."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from core.store import Store
from core.store.rows import Stored


class Writer:
    """Keeps records from a thread of its own. What comes while it writes is kept together, in the next transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._waiting: list[tuple[Sequence[Stored], asyncio.Future[None] | None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._failed: Exception | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._writing:
            await self._writing
        self._thread.shutdown()
        if self._failed and error is None:
            raise self._failed

    async def keep(self, *records: Stored) -> None:
        """Keep records; they are on disk when this returns. Cancelling the wait doesn't keep them from it.

        Raises:
            StoreError: the store cannot be written, or could not since.
        """
        if self._failed:
            raise self._failed
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue(records, kept)
        await kept

    def keep_soon(self, *records: Stored) -> None:
        """Keep records that can be made again from what is on disk, so that nobody has to wait for them.

        They are on disk when the writer is left. Where they cannot be kept, that says so, or the next `keep` does.
        """
        self._queue(records, None)

    def _queue(self, records: Sequence[Stored], kept: asyncio.Future[None] | None) -> None:
        self._waiting.append((records, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            records = [record for each, _ in batch for record in each]
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._store.add, *records)
            except Exception as error:  # noqa: BLE001 - raised again in those who wait, and in those who come
                self._failed = error
            for kept in (each for _, each in batch if each and not each.done()):  # others were cancelled
                if self._failed:
                    kept.set_exception(self._failed)
                else:
                    kept.set_result(None)
