"""When the next request may go: requests and tokens a minute, and what the endpoint asks for when it is full."""

import asyncio
import random
import time

BACKOFF = 0.5
"""Seconds before the second attempt at an ask; they double with each one."""

LONGEST_WAIT = 60.0
"""The longest pause that an endpoint is granted, whatever its Retry-After says."""


class Stopped(Exception):
    """The run is to end: nothing new is to be asked."""


class Pace:
    """Spaces requests out evenly, so that no minute ever holds more than the limits say."""

    def __init__(
        self, stop: asyncio.Event, requests_per_minute: float | None = None, tokens_per_minute: float | None = None
    ) -> None:
        self._stop = stop
        self._per_request = 60 / requests_per_minute if requests_per_minute else 0.0
        self._per_token = 60 / tokens_per_minute if tokens_per_minute else 0.0
        self._requests_from = 0.0
        self._tokens_from = 0.0
        self._closed_until = 0.0

    async def turn(self, tokens: int) -> None:
        """Wait until a request of so many tokens may go.

        Raises:
            Stopped: the run is to end.
        """
        while True:
            now = time.monotonic()
            at = max(now, self._closed_until, self._requests_from, self._tokens_from)
            self._requests_from = at + self._per_request
            self._tokens_from = at + tokens * self._per_token
            jitter = random.uniform(0, 0.1) if at == self._closed_until else 0  # noqa: S311 - not all come back at once
            await self._sleep(at - now + jitter)
            if self._closed_until <= time.monotonic():  # else its place was within the pause, and is no more
                return

    def settle(self, unused_tokens: int) -> None:
        """Give back tokens that a request was granted and did not take."""
        self._tokens_from -= unused_tokens * self._per_token

    async def back_off(self, failures: int, retry_after: float | None) -> None:
        """Wait before an ask is sent again, after so many failures of it. All requests keep a Retry-After.

        Raises:
            Stopped: the run is to end.
        """
        if retry_after is not None:
            wait = min(retry_after, LONGEST_WAIT)
            self._closed_until = max(self._closed_until, time.monotonic() + wait)
        else:
            wait = min(BACKOFF * 2 ** (failures - 1), LONGEST_WAIT) * random.uniform(0.5, 1)  # noqa: S311 - jitter
        await self._sleep(wait)

    async def _sleep(self, seconds: float) -> None:
        if self._stop.is_set():
            raise Stopped
        if seconds > 0:
            try:
                await asyncio.wait_for(self._stop.wait(), seconds)
            except TimeoutError:
                return
            raise Stopped
