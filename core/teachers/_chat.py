"""A teacher behind any OpenAI-compatible endpoint, hosted or on this machine: one code path for all of them."""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_token_logprob import ChatCompletionTokenLogprob
from pydantic import JsonValue

from core.errors import TeacherError
from core.teachers import Answer, Message, Sampling

_TOP = 20  # alternatives asked for at each token of a yes-or-no answer: the most that OpenAI's protocol gives
_CAN_DO_WITHOUT = ("logprobs", "stream_options", "temperature", "seed", "max_tokens")
_SENTENCE_END = re.compile(r"(?<!\d)[.!?…]+[\"'”’)\]]*(?=\s|$)")


@dataclass
class _Reply:
    """What has been heard of one answer so far."""

    text: str = ""
    finish: str | None = None
    tokens: list[ChatCompletionTokenLogprob] = field(default_factory=list)
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class ChatTeacher:
    """Asks one model at one base URL, word by word, at temperature 0.

    `model` is its name on screens and in the store, `served_as` its name at the endpoint, `timeout` the seconds without
    a word after which an answer is given up. The key is never shown: every message passes through `_clean`.
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
        http_client: openai.DefaultHttpxClient | None = None,
    ) -> None:
        self.model = model
        self.prompts = prompts
        self._served_as = served_as
        self._key = key
        self._timeout = timeout
        self._client = openai.OpenAI(
            base_url=base_url, api_key=key, timeout=timeout, max_retries=0, http_client=http_client
        )
        self._place = shown(str(self._client.base_url))
        self._refused: set[str] = set()
        self.parameters: dict[str, JsonValue] = {"temperature": 0, **(parameters or {"endpoint": self._place})}

    def ask(
        self,
        dialogue: Sequence[Message],
        *,
        max_tokens: int,
        hear: Callable[[str], None] | None = None,
        sampling: Sampling | None = None,
    ) -> Answer:
        """Answer the last turn. An answer cut off by `max_tokens` ends with its last whole sentence, if it has one.

        Raises:
            TeacherError: no usable answer came, and why.
        """
        return self._answer(dialogue, {"max_tokens": max_tokens, **(sampling._asdict() if sampling else {})}, hear)

    def ask_yes_or_no(self, dialogue: Sequence[Message]) -> Answer:
        """Answer in one word, with the margin between yes and no where the endpoint gives log-probabilities.

        Raises:
            TeacherError: no usable answer came, and why.
        """
        return self._answer(dialogue, {"max_tokens": 2, "logprobs": True, "top_logprobs": _TOP}, None)

    def close(self) -> None:
        """Hang up, in the middle of an answer too."""
        self._client.close()

    def _answer(
        self, dialogue: Sequence[Message], options: dict[str, Any], hear: Callable[[str], None] | None
    ) -> Answer:
        began = time.monotonic()
        reply = _Reply()
        with self._open(dialogue, options) as stream:
            for piece in self._pieces(stream, reply):
                if hear:
                    hear(piece)
        text = reply.text.strip()
        self._check(text, reply.finish)
        return Answer(
            text=_whole_sentences(text) if reply.finish == "length" else text,
            seconds=time.monotonic() - began,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            margin=_margin(reply.tokens),
        )

    def _open(self, dialogue: Sequence[Message], options: dict[str, Any]) -> openai.Stream[ChatCompletionChunk]:
        """Send the request; what the endpoint refuses by name and an answer can do without is left out from then on."""
        while True:
            wanted = {"temperature": 0, "stream_options": {"include_usage": True}, **options}
            try:
                return cast(
                    openai.Stream[ChatCompletionChunk],
                    self._client.chat.completions.create(
                        model=self._served_as, messages=cast(Any, dialogue), stream=True, **self._allowed(wanted)
                    ),
                )
            except openai.BadRequestError as error:
                refused = {name for name in _CAN_DO_WITHOUT if name in error.message} - self._refused
                if not refused:
                    raise self._failure(error) from None
                self._refused |= refused
                if "temperature" in refused:
                    self.parameters["temperature"] = None
            except (openai.OpenAIError, ValueError) as error:
                raise self._failure(error) from None

    def _allowed(self, wanted: dict[str, Any]) -> dict[str, Any]:
        allowed = {name: value for name, value in wanted.items() if name.removeprefix("top_") not in self._refused}
        if "max_tokens" in self._refused:  # newer hosted models know it by this name only
            allowed["max_completion_tokens"] = wanted["max_tokens"]
        return allowed

    def _pieces(self, stream: Iterable[ChatCompletionChunk], reply: _Reply) -> Iterator[str]:
        """The text as it comes; everything else of the answer is noted in `reply`."""
        try:
            for chunk in stream:
                if chunk.usage:
                    reply.prompt_tokens = chunk.usage.prompt_tokens
                    reply.completion_tokens = chunk.usage.completion_tokens
                for choice in chunk.choices:
                    reply.finish = choice.finish_reason or reply.finish
                    if choice.logprobs and choice.logprobs.content:
                        reply.tokens += choice.logprobs.content
                    if piece := choice.delta.content:
                        reply.text += piece
                        yield piece
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            # The SDK builds chunks without validating them, so nonsense shows as a ValueError or a wrong attribute.
            raise self._failure(error) from None

    def _check(self, text: str, finish: str | None) -> None:
        if finish == "content_filter":
            raise TeacherError(
                f"{self._who} withheld its answer: its content filter stopped it. Try another tweet or model"
            )
        if finish is None and not text:
            raise self._failure(ValueError("no chunk of a chat completion came"))
        if finish is None:
            raise TeacherError(
                f"{self._who} broke off in the middle of its answer ({len(text)} characters came). Ask again"
            )
        if not text:
            raise TeacherError(f"{self._who} gave an empty answer. Ask again, or choose another teacher or prompt set")

    @property
    def _who(self) -> str:
        return f"{self.model} at {self._place}"

    def _failure(self, error: Exception) -> TeacherError:
        return TeacherError(self._clean(f"{self._who} {self._reason(error)}"))

    def _reason(self, error: Exception) -> str:  # noqa: PLR0911 — one line an error
        match error:
            case openai.APITimeoutError():
                return f"said nothing for {self._timeout:g} seconds. Ask again, or raise COTPD_TEACHER_TIMEOUT"
            case openai.APIConnectionError():
                return "cannot be reached, or hung up. Check that it runs and that COTPD_TEACHER_URL is right"
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return f"refused the key ({error.status_code}). Set OPENAI_API_KEY to a key that may use this model"
            case openai.NotFoundError():
                return (
                    f"was not found (404): there is no model {self._served_as!r}, or the URL is not the API's. "
                    "Check COTPD_TEACHER_MODEL, and that COTPD_TEACHER_URL ends in /v1"
                )
            case openai.RateLimitError():
                wait = error.response.headers.get("retry-after")
                return f"is overloaded or your quota is used up (429). Try again {f'in {wait} s' if wait else 'later'}"
            case openai.InternalServerError():
                return f"failed ({error.status_code}). That is the endpoint's fault: try again later"
            case openai.APIStatusError():
                return f"refused the request ({error.status_code}): {error.message}"
            case openai.APIError():
                return f"reported an error: {error.message}"
            case _:
                return "answered with something that is not a chat completion. Check that COTPD_TEACHER_URL ends in /v1"

    def _clean(self, words: str) -> str:
        """One line of bounded length, without the key, whatever the endpoint put into its message."""
        return " ".join(words.replace(self._key, "[key]").split())[:400]


def shown(url: str) -> str:
    """A URL without user name, password and query, which may hold secrets."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def _whole_sentences(text: str) -> str:
    """The text up to the last end of a sentence or of a line, or all of it where there is none."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    end = max([*ends, text.rfind("\n")])
    return text[:end].rstrip() if end > 0 else text


def _margin(tokens: Sequence[ChatCompletionTokenLogprob]) -> float | None:
    """log p(yes) − log p(no) at the first token that is a word, each summed over its spellings.

    A side that is not among the alternatives is given the probability of the least of them: the most it can have.
    None where neither is among them, or no log-probabilities came.
    """
    first = next((token for token in tokens if token.token.strip()), None)
    if first is None:
        return None
    chances = {"yes": 0.0, "no": 0.0}
    for alternative in first.top_logprobs:
        word = alternative.token.strip().strip(".,!*\"'").casefold()
        if word in chances:
            chances[word] += math.exp(alternative.logprob)
    if not any(chances.values()):
        return None
    least = math.exp(min(alternative.logprob for alternative in first.top_logprobs))
    return math.log(chances["yes"] or least) - math.log(chances["no"] or least)
