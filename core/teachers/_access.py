"""One model at one address: what a request to it says, and what its failures mean. Shared by all ways of asking."""

import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
from pydantic import JsonValue

from core import images
from core.errors import BadInput, Reason, TeacherError
from core.teachers import Ask, Message, is_version

TOP = 20  # alternatives asked for at each token of a yes-or-no answer: the most that OpenAI's protocol gives
YES_OR_NO: dict[str, Any] = {"max_tokens": 2, "logprobs": True, "top_logprobs": TOP}

LONG_KEY = 12
"""Characters that a key has at least. A server of one's own is often given a word, such as "ollama" or "EMPTY"."""

PAYMENT_REQUIRED = 402

_CAN_DO_WITHOUT = ("logprobs", "stream_options", "temperature", "seed", "max_tokens")


class Access:
    """`model` is its name on screens and in the store, `served_as` its name at `place`, the endpoint's URL.

    `parameters` go into the record of every answer; `settings` is how the names of the settings begin that messages
    speak of. The key is never shown: every message passes through `clean`; see `without_key` for what counts as one.
    """

    def __init__(
        self,
        *,
        model: str,
        served_as: str,
        place: str,
        key: str,
        timeout: float,
        parameters: dict[str, JsonValue],
        settings: str,
    ) -> None:
        self.model = model
        self.served_as = served_as
        self.who = f"{model} at {place}"
        self.parameters: dict[str, JsonValue] = {"temperature": 0, **parameters}
        self._key = key
        self.settings = settings
        self._timeout = timeout
        self._refused: set[str] = set()

    def request(self, dialogue: Sequence[Message], **options: Any) -> dict[str, Any]:
        """The body of a request at temperature 0, without what this endpoint has refused.

        Raises:
            TeacherError: a picture that belongs to it cannot be read.
        """
        wanted = {"temperature": 0, **options}
        allowed = {name: value for name, value in wanted.items() if name.removeprefix("top_") not in self._refused}
        if "max_tokens" in self._refused:  # newer hosted models know it by this name only
            allowed["max_completion_tokens"] = wanted["max_tokens"]
        return {"model": self.served_as, "messages": [self._as_sent(turn) for turn in dialogue], **allowed}

    def body(self, ask: Ask) -> dict[str, Any]:
        """The body of the request that asks this, and whose answer comes as a whole."""
        drawn = ask.sampling._asdict() if ask.sampling else {}
        return self.request(ask.dialogue, **(YES_OR_NO if ask.yes_or_no else {"max_tokens": ask.max_tokens}), **drawn)

    def learn(self, error: openai.BadRequestError, body: dict[str, Any]) -> bool:
        """Whether the endpoint refused, by name, something in `body` that an answer can do without.

        It is left out from then on. Of requests that are on their way together each is refused, and may be sent again.
        """
        refused = {name for name in _CAN_DO_WITHOUT if name in error.message and name in body}
        self._refused |= refused
        if "temperature" in refused:
            self.parameters["temperature"] = None
        return bool(refused)

    def failure(self, error: Exception) -> TeacherError:
        """An error of the client in words, with its reason."""
        reason, words = self._explained(error)
        response = getattr(error, "response", None)
        wait = seconds_to_wait(response.headers.get("retry-after")) if response is not None else None
        return TeacherError(self.clean(f"{self.who} {words}"), reason, retry_after=wait)

    def fault(self, reason: Reason, words: str) -> TeacherError:
        """A fault of an answer in words."""
        return TeacherError(self.clean(f"{self.who} {words}"), reason)

    def too_long(self, length: int) -> TeacherError:
        """That of an answer without end."""
        return self.fault("nonsense", f"answered with {length:,} characters, which is no answer. Ask again")

    def is_another(self, model: str | None) -> bool:
        """Whether an answer names a model that was not asked for; a dated version of the one asked for is that one.

        llama.cpp serves one model and answers by the name of its file, whatever it is asked for.
        """
        return bool(model) and not str(model).endswith(".gguf") and not is_version(str(model), self.served_as)

    def clean(self, words: str) -> str:
        """One line of bounded length, without the key, whatever the endpoint put into its message."""
        return " ".join(self.without_key(words).split())[:400]

    def without_key(self, words: str) -> str:
        """The words as they came, but for the key.

        One of fewer than 12 characters is no secret but a word that may stand in any answer, and stays.
        """
        return words.replace(self._key, "[key]") if len(self._key) >= LONG_KEY else words

    def _as_sent(self, turn: Message) -> dict[str, Any]:
        """A turn in OpenAI's form: text alone or, with a picture, a list of both."""
        if "picture" not in turn:
            return {"role": turn["role"], "content": turn["content"]}
        picture = turn["picture"]
        try:
            url = picture if isinstance(picture, str) else images.data_url(images.read(Path(picture.file)))
        except BadInput as error:
            raise self.fault("request refused", f"was not asked: {error}") from error
        words = {"type": "text", "text": turn["content"]}
        return {"role": turn["role"], "content": [words, {"type": "image_url", "image_url": {"url": url}}]}

    def _explained(self, error: Exception) -> tuple[Reason, str]:  # noqa: PLR0911 — one line an error
        match error:
            case openai.APITimeoutError() | TimeoutError():
                return (
                    "silent",
                    f"said nothing for {self._timeout:g} seconds. Ask again, or raise COTPD_TEACHER_TIMEOUT",
                )
            case openai.APIConnectionError() if _broke_off(error.__cause__):
                return "cut short", "broke off in the middle of its answer. Ask again"
            case openai.APIConnectionError():
                return (
                    "unreachable",
                    f"cannot be reached, or hung up. Check that it runs and that {self.settings}_URL is right",
                )
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return (
                    "key refused",
                    f"refused the key ({error.status_code}). Set OPENAI_API_KEY to a key that may use this model",
                )
            case openai.NotFoundError():
                return "not found", (
                    f"was not found (404): there is no model {self.served_as!r}, or the URL is not the API's. "
                    f"Check {self.settings}_MODEL, and that {self.settings}_URL ends in /v1"
                )
            case openai.APIStatusError() if error.code == "insufficient_quota" or error.status_code == PAYMENT_REQUIRED:
                return (
                    "quota used up",
                    f"says that your quota is used up ({error.status_code}). Raise it, or choose another teacher",
                )
            case openai.RateLimitError():
                wait = error.response.headers.get("retry-after")
                when = f"in {wait} s" if wait and wait.isdecimal() else "later"
                return "overloaded", f"is overloaded or your quota is used up (429). Try again {when}"
            case openai.InternalServerError():
                return (
                    "server error",
                    f"failed ({error.status_code}). That is the endpoint's fault: try again later",
                )
            case openai.APIStatusError():
                return "request refused", f"refused the request ({error.status_code}): {error.message}"
            case openai.APIError():
                return "server error", f"reported an error: {error.message}"
            case _:
                return (
                    "nonsense",
                    "answered with something that is not a chat completion. "
                    f"Check that {self.settings}_URL ends in /v1",
                )


def seconds_to_wait(header: str | None) -> float | None:
    """What a Retry-After header asks for: seconds, or a date. None where it is missing or neither."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _broke_off(cause: BaseException | None) -> bool:
    """Whether an endpoint was heard before it hung up, or may have been: what it has begun, it may charge for."""
    # By name: httpx's and its successor's, of which the SDK takes either, have no class in common.
    return type(cause).__name__ == "ReadError" or "message body" in str(cause)


def shown(url: str) -> str:
    """A URL without user name, password and query, which may hold secrets."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")
