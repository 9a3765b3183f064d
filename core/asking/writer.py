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
        self._waiting: list[tuple[Sequence[Stored], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writing:
            await self._writing
        self._thread.shutdown()

    async def keep(self, *records: Stored) -> None:
        """Keep records; they are on disk when this returns. Cancelling the wait doesn't keep them from it.

        Raises:
            StoreError: the store cannot be written.
        """
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((records, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await kept

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            records = [record for each, _ in batch for record in each]
            error: Exception | None = None
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._store.add, *records)
            except Exception as caught:  # noqa: BLE001 - raised again in those who wait
                error = caught
            for _, kept in batch:
                if kept.done():  # cancelled
                    continue
                if error:
                    kept.set_exception(error)
                else:
                    kept.set_result(None)
