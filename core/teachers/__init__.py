"""Teachers explain samples and make new ones. Each file of this folder is a way to get one; its name is the way's.

A file holds two functions: `unusable(settings)` says why it can't work here (None where it can, without loading
weights), and `load(settings)` gives a `Teacher`.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypedDict, cast

from pydantic import JsonValue

from core import registry
from core.settings import Settings


class Message(TypedDict):
    """One turn of a dialogue."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Answer:
    """What the teacher said. `margin` is log p(yes) − log p(no) of the first word, where log-probabilities came."""

    text: str
    seconds: float
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    margin: float | None = None


class Sampling(NamedTuple):
    """How an answer other than the likeliest is drawn. The same seed gives the same one, as far as a server can."""

    temperature: float
    seed: int


class Teacher(Protocol):
    """A chat model. `model` and `parameters` go into the record of every answer; `prompts` names its prompt set."""

    model: str
    prompts: str
    parameters: dict[str, JsonValue]

    def ask(
        self,
        dialogue: Sequence[Message],
        *,
        max_tokens: int,
        hear: Callable[[str], None] | None = None,
        sampling: Sampling | None = None,
    ) -> Answer:
        """Answer the last turn, at temperature 0 or as `sampling` says; `hear` gets each piece of text as it arrives.

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
