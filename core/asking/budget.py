"""Money that is spent, and money that is spoken for by requests on their way."""

import asyncio

from core.asking.estimate import most_tokens
from core.asking.prices import Price
from core.teachers import Ask


class Spent(Exception):
    """The next request could cost more than is left."""


class Budget:
    """Lets a request go only if its worst case, with those of all others on their way, fits into what is left."""

    def __init__(self, limit: float | None, price: Price | None) -> None:
        self._limit = limit if price else None
        self._price = price
        self._spent = 0.0
        self._reserved: list[float] = []
        self._freed = asyncio.Condition()

    async def reserve(self, ask: Ask) -> float:
        """Put aside what an ask can cost at most, in USD; waits while that depends on requests on their way.

        Raises:
            Spent: it does not fit into the budget, and nothing is on its way that might cost less than feared.
        """
        if self._limit is None or self._price is None:
            return 0.0
        most = self._price.of(most_tokens(ask.dialogue, self._price), ask.max_tokens)
        async with self._freed:
            while self._spent + sum(self._reserved) + most > self._limit:
                if not self._reserved:
                    raise Spent
                await self._freed.wait()
            self._reserved.append(most)
        return most

    async def settle(self, reserved: float, cost: float) -> None:
        """Give back what was put aside, less what was spent."""
        if self._limit is not None:
            async with self._freed:
                self._reserved.remove(reserved)
                self._spent += cost
                self._freed.notify_all()
