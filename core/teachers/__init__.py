"""Teachers explain samples and make new ones. Each file of this folder is a way to get one; its name is the way's.

A file holds two functions: `unusable(settings)` says why it can't work here (None where it can, without loading
weights), and `load(settings)` gives a `Teacher`.
"""

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, NotRequired, Protocol, TypedDict, cast

from pydantic import JsonValue

from core import registry
from core.domain import Maker
from core.errors import TeacherError
from core.settings import Settings
from core.store import Asked


class Picture(NamedTuple):
    """A picture that a teacher is shown: its name in the sample, and its file, read when the question is sent."""

    name: str
    file: str


class Message(TypedDict):
    """One turn of a dialogue. For models that see, `picture` is shown with its text: a file, or a data URL."""

    role: Literal["system", "user", "assistant"]
    content: str
    picture: NotRequired[Picture | str]


@dataclass(frozen=True)
class Answer:
    """What the teacher said. `margin` is log p(yes) − log p(no) of the first word, where log-probabilities came.

    `at` is when it came, `ask` the key of its attempts, where the store has them.
    """

    text: str
    seconds: float
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    margin: float | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)
    ask: str | None = None

    def maker(self, asked: Asked) -> Maker:
        """Who made the record that this answer becomes, asked with this, and at what cost."""
        return Maker(
            **asked,
            created=self.at,
            seconds=self.seconds,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            ask=self.ask,
        )


class Sampling(NamedTuple):
    """How an answer other than the likeliest is drawn. The same seed gives the same one, as far as a server can."""

    temperature: float
    seed: int


@dataclass(frozen=True)
class Ask:
    """What is asked of a teacher for a record: to answer the last turn of a dialogue, at temperature 0.

    `prompt_version` names the prompt, `sample_id` the sample that it is about. A `yes_or_no` is answered in one word,
    with a margin. With `sampling` the answer is drawn, and not the likeliest one. `check` raises TeacherError where
    the text is no answer to this.
    """

    dialogue: tuple[Message, ...]
    max_tokens: int
    prompt_version: str
    sample_id: str | None = None
    yes_or_no: bool = False
    sampling: Sampling | None = None
    check: Callable[[str], None] = field(default=lambda _: None, compare=False)


@dataclass(frozen=True)
class Reply:
    """What came of one request: its body, the response as it came (if one did), and the answer in it, or an error.

    An answer may stand beside an error: then it cannot be used, but its tokens were spent.
    """

    request: dict[str, Any]
    seconds: float
    response: str | None = None
    answer: Answer | None = None
    finish: str | None = None
    error: TeacherError | None = None


class Line(Protocol):
    """A way to ask a teacher many things at once, from one event loop."""

    async def send(self, ask: Ask, key: str) -> Reply:
        """Send one request, once, and wait for the whole answer; `key` tells it from all other requests.

        What goes wrong is told in the reply.

        Raises:
            Later: the answer comes another way, if it does.
        """
        ...


class Later(Exception):
    """There is no answer to an ask for now: it is left open."""


class Teacher(Protocol):
    """A chat model. `model` and `parameters` go into the record of every answer; `prompts` names its prompt set.

    `concurrency` is how many requests at once it profits from; `is_paid`, whether asking it may cost money.
    """

    model: str
    prompts: str
    parameters: dict[str, JsonValue]
    concurrency: int
    is_paid: bool

    def ask(self, dialogue: Sequence[Message], *, max_tokens: int, hear: Callable[[str], None] | None = None) -> Answer:
        """Answer the last turn at temperature 0; `hear` gets each piece of text as it arrives.

        Raising from `hear` ends the request. Safe to call from several threads.

        Raises:
            TeacherError: no usable answer came, and why.
        """
        ...

    def ask_yes_or_no(self, dialogue: Sequence[Message]) -> Answer:
        """Answer in one word, with the margin between yes and no.

        Raises:
            TeacherError: no usable answer came, and why.
        """
        ...

    def line(self) -> AbstractAsyncContextManager[Line]:
        """A line to this teacher, for the running event loop."""
        ...

    def request(self, ask: Ask) -> dict[str, Any]:
        """The body of the request that asks this, as OpenAI's protocol has it."""
        ...

    def read(self, ask: Ask, response: str, *, seconds: float) -> Reply:
        """The reply in a whole response that came before, or by another way."""
        ...


class TeacherFile(Protocol):
    """What a file of this folder offers."""

    def unusable(self, settings: Settings) -> str | None:
        """Why this teacher cannot be used here, or None."""
        ...

    def load(self, settings: Settings) -> Teacher:
        """The teacher, ready to answer.

        Raises:
            Unavailable: it cannot be used here.
        """
        ...


def kept_forms(parameters: dict[str, JsonValue]) -> list[dict[str, JsonValue]]:
    """Parameters as stored records may have them: the temperature is None where the endpoint has refused it.

    It may have done so before this was asked or after, or in another run.
    """
    return [parameters, *({**parameters, "temperature": temperature} for temperature in (0, None))]


_VERSION = re.compile(r"[-:@](\d[\w.-]*|latest)")


def is_version(model: str, asked: str) -> bool:
    """Whether a model's name is the one asked for, or a version of it: gpt-4-0613 of gpt-4, llama3.1:latest."""
    model, asked = model.casefold(), asked.casefold()
    return model.startswith(asked) and (model == asked or bool(_VERSION.fullmatch(model.removeprefix(asked))))


def names() -> list[str]:
    """The ways to get a teacher, usable here or not."""
    return registry.names(sys.modules[__name__])


def choose(settings: Settings) -> str:
    """The teacher that the settings ask for: named, else an endpoint if one is configured, else embedded."""
    return settings.teacher or ("endpoint" if settings.teacher_model or settings.teacher_url else "embedded")


def find(name: str) -> TeacherFile:
    """The file of one teacher.

    Raises:
        BadInput: there is none of that name.
    """
    return cast(TeacherFile, registry.find(sys.modules[__name__], "teacher", name))
