"""Asking many things at once: whole answers, from one event loop."""

import asyncio
import time
from typing import Any

import openai

from core.errors import TeacherError
from core.teachers import Ask, Reply
from core.teachers._access import Access
from core.teachers._completion import LONGEST, read


class ChatLine:
    """Requests to one endpoint. The SDK's own retries are off, so that whoever asks decides when to ask again.

    `patience` is the seconds after which a whole answer is given up, however slowly it trickles in.
    """

    def __init__(self, access: Access, client: openai.AsyncOpenAI, patience: float) -> None:
        self._access = access
        self._client = client
        self._patience = patience

    async def send(self, ask: Ask, key: str) -> Reply:
        """Send one request, again without what the endpoint refuses by name, and wait for the whole answer."""
        began = time.monotonic()
        while True:
            try:
                has_pictures = any("picture" in turn for turn in ask.dialogue)  # which are read and made smaller
                body = await asyncio.to_thread(self._access.body, ask) if has_pictures else self._access.body(ask)
            except TeacherError as error:
                return Reply({}, time.monotonic() - began, error=error)
            try:
                async with asyncio.timeout(self._patience):
                    # The body is whole already, so it goes as it is: the SDK's own way of making one costs as much
                    # time as all the rest.
                    got = await self._client.post(
                        "/chat/completions", body=body, cast_to=openai.HttpxBinaryResponseContent
                    )
                return read(self._access, ask, body, got.text, time.monotonic() - began)
            except openai.BadRequestError as error:
                if not self._access.learn(error, body):
                    return self._failed(body, began, error)
            except (openai.OpenAIError, TimeoutError, ValueError) as error:
                return self._failed(body, began, error)

    def _failed(self, body: dict[str, Any], began: float, error: Exception) -> Reply:
        response = getattr(error, "response", None)
        raw = None if response is None else self._access.without_key(response.text)[:LONGEST]
        return Reply(body, time.monotonic() - began, raw, error=self._access.failure(error))
