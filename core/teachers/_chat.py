"""A teacher behind any OpenAI-compatible endpoint, hosted or on this machine: one code path for all of them."""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import openai
from openai.types.chat import ChatCompletionChunk
from pydantic import JsonValue

from core.printable import mended
from core.teachers import Answer, Ask, Line, Message, Reply
from core.teachers._access import YES_OR_NO, Access, shown
from core.teachers._completion import LONGEST, check, heard_margin, heard_usage, read, whole_sentences
from core.teachers._line import ChatLine


@dataclass
class _Heard:
    """What has been heard of one answer so far."""

    text: str = ""
    finish: str | None = None
    tokens: list[object] = field(default_factory=list)
    usage: object = None


class ChatTeacher:
    """Asks one model at one base URL at temperature 0: word by word for a person, or on a line for many asks at once.

    `model` is its name on screens and in the store, `served_as` its name at the endpoint, `timeout` the seconds without
    a word after which an answer is given up, `patience` those after which a whole answer is, on a line. `settings` is
    how the names of its settings begin, for messages that say what to mend.
    """

    def __init__(
        self,
        *,
        model: str,
        served_as: str,
        base_url: str | None,
        key: str,
        prompts: str,
        timeout: float,
        parameters: dict[str, JsonValue] | None = None,
        concurrency: int = 16,
        patience: float | None = None,
        is_paid: bool = True,
        by_proxy: bool = True,
        settings: str = "COTPD_TEACHER",
    ) -> None:
        self.model = model
        self.prompts = prompts
        self.concurrency = concurrency
        self.is_paid = is_paid
        self._key = key
        self._patience = patience or timeout
        self._by_proxy = by_proxy
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=key,
            timeout=timeout,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(trust_env=by_proxy),
        )
        place = shown(str(self._client.base_url))
        self._access = Access(
            model=model,
            served_as=served_as,
            place=place,
            key=key,
            timeout=timeout,
            parameters={"endpoint": place} if parameters is None else parameters,
            settings=settings,
        )
        self.parameters = self._access.parameters

    def ask(self, dialogue: Sequence[Message], *, max_tokens: int, hear: Callable[[str], None] | None = None) -> Answer:
        """Answer the last turn. An answer cut off by `max_tokens` ends with its last whole sentence, if it has one.

        Raises:
            TeacherError: no usable answer came, and why.
        """
        return self._answer(dialogue, {"max_tokens": max_tokens}, hear)

    def ask_yes_or_no(self, dialogue: Sequence[Message]) -> Answer:
        """Answer in one word, with the margin between yes and no where the endpoint gives log-probabilities.

        Raises:
            TeacherError: no usable answer came, and why.
        """
        return self._answer(dialogue, YES_OR_NO, None)

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A line to this teacher, for the running event loop."""
        client = openai.AsyncOpenAI(
            base_url=self._client.base_url,
            api_key=self._key,
            timeout=self._patience,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(trust_env=self._by_proxy),
        )
        async with client:
            yield ChatLine(self._access, client, self._patience)

    def request(self, ask: Ask) -> dict[str, Any]:
        """The body of the request that asks this."""
        return self._access.body(ask)

    def read(self, ask: Ask, response: str, *, seconds: float) -> Reply:
        """The reply in a whole response that came before, or by another way."""
        return read(self._access, ask, self.request(ask), response, seconds)

    def close(self) -> None:
        """Hang up, in the middle of an answer too."""
        self._client.close()

    def _answer(
        self, dialogue: Sequence[Message], options: dict[str, Any], hear: Callable[[str], None] | None
    ) -> Answer:
        began = time.monotonic()
        heard = _Heard()
        with self._open(dialogue, options) as stream:
            for piece in self._pieces(stream, heard):
                if hear:
                    hear(piece)
        text = mended(heard.text).strip()
        check(self._access, text, heard.finish)
        usage = heard_usage(heard.usage)
        return Answer(
            text=whole_sentences(text) if heard.finish == "length" else text,
            seconds=time.monotonic() - began,
            prompt_tokens=usage.prompt_tokens if usage else None,
            completion_tokens=usage.completion_tokens if usage else None,
            margin=heard_margin(heard.tokens),
        )

    def _open(self, dialogue: Sequence[Message], options: dict[str, Any]) -> openai.Stream[ChatCompletionChunk]:
        """Send the request, again without what the endpoint refuses by name and an answer can do without."""
        while True:
            body = self._access.request(dialogue, stream_options={"include_usage": True}, **options)
            try:
                created = self._client.chat.completions.create(stream=True, **body)
                return cast(openai.Stream[ChatCompletionChunk], created)
            except openai.BadRequestError as error:
                if not self._access.learn(error, body):
                    raise self._access.failure(error) from None
            except (openai.OpenAIError, ValueError) as error:
                raise self._access.failure(error) from None

    def _pieces(self, stream: Iterable[ChatCompletionChunk], heard: _Heard) -> Iterator[str]:
        """The text as it comes; everything else of the answer is noted in `heard`."""
        try:
            for chunk in stream:
                heard.usage = chunk.usage or heard.usage
                for choice in chunk.choices:
                    heard.finish = choice.finish_reason or heard.finish
                    if choice.logprobs and choice.logprobs.content:
                        heard.tokens += choice.logprobs.content
                    if piece := choice.delta.content:
                        heard.text += piece
                        if len(heard.text) > LONGEST:
                            raise self._access.too_long(len(heard.text))
                        yield piece
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            # The SDK builds chunks without validating them, so nonsense shows as a ValueError or a wrong attribute.
            raise self._access.failure(error) from None
