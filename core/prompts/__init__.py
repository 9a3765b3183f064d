"""The prompts a teacher is asked with (paper section 3.3): versioned files, one folder a set, one TOML file a prompt.

`paper` holds the paper's words, for hosted models; `local` asks small local models the same with one worked example
(the paper's footnote 3). The two questions of an extraction, `extract_entities` and `extract_relation` (table 1's LLM
rows), are in words of our own in both: the paper doesn't print its. So are `multimodality_seen`, which asks with the
picture itself, for models that see, `summary`, for knowledge that is longer than a student can read, and `names`, which
asks for names to put in the place of others. A set is named, or given as the path of a folder. Its `set.toml` may say
`dialogue = true`: then a sample's thoughts are asked in turn, in one dialogue; otherwise each on its own. A prompt file
holds:

    version = 1                     # raised when the words change
    max_tokens = 200                # the longest answer, in the teacher's tokens
    question = "Explain … {text}"   # {text}: the tweet; {caption}: its picture in words; others as `PLACES` has them
    system = "…"                    # optional
    [example]                       # optional: the question's values, and the answer to give
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BadInput, complaint
from core.teachers import Message

SETS = Path(__file__).parent

NAMES = ("noun", "sentence", "multimodality", "style", "entity", "image")
"""The paper's six prompts."""


class Places(NamedTuple):
    """Which values a prompt's question must have a place for, and which it may."""

    must: frozenset[str]
    may: frozenset[str] = frozenset({"caption"})


PLACES = {
    **dict.fromkeys(NAMES, Places(frozenset({"text"}))),
    "multimodality_seen": Places(frozenset({"text"}), frozenset()),
    "summary": Places(frozenset({"text", "knowledge", "words"}), frozenset()),
    "extract_entities": Places(frozenset({"text", "types"})),
    "extract_relation": Places(frozenset({"text", "head", "tail", "relations"})),
    "names": Places(frozenset({"type", "letter"}), frozenset()),
}
"""The places of every prompt, by its name."""

_PLACE = re.compile(r"\{(\w+)\}")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PromptSet(_Strict):
    """What a set's `set.toml` holds."""

    dialogue: bool = False


class Example(BaseModel):
    """One worked answer, with the values of the question it answers; those that the question has no place for are
    refused where it is filled. What is not among the fields came later: as a field it would change every version."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, str]

    text: str | None = None
    caption: str | None = None
    type: str | None = None
    letter: str | None = None
    types: str | None = None
    head: str | None = None
    tail: str | None = None
    relations: str | None = None
    answer: str


class Template(_Strict):
    """What a prompt file holds."""

    version: int = Field(ge=1)
    max_tokens: int = Field(ge=1)
    question: str = Field(min_length=1)
    system: str | None = None
    example: Example | None = None


class Prompt:
    """A template under its name.

    `version` is `set/name@number+hash`, so that no edit goes unnoticed; `places` are the values the question needs.
    """

    def __init__(self, set_name: str, name: str, template: Template) -> None:
        digest = hashlib.sha256(template.model_dump_json().encode()).hexdigest()[:8]
        self.name = name
        self.version = f"{set_name}/{name}@{template.version}+{digest}"
        self.max_tokens = template.max_tokens
        self.places = frozenset(_PLACE.findall(template.question))
        self._template = template
        self._opening: list[Message] = []
        if template.system:
            self._opening.append(Message(role="system", content=template.system))
        if example := template.example:
            values = example.model_dump(exclude={"answer"}, exclude_none=True)
            self._opening.append(Message(role="user", content=self._fill(values)))
            self._opening.append(Message(role="assistant", content=example.answer))

    def messages(self, **values: str) -> list[Message]:
        """The dialogue to ask, ending with the question. Braces in the values are only text.

        Raises:
            BadInput: a value that the question needs is missing, or it has no place for one that is given.
        """
        return [*self._opening, Message(role="user", content=self._fill(values))]

    def _fill(self, values: dict[str, str]) -> str:
        if missing := self.places - values.keys():
            raise BadInput(f"prompt {self.version} needs {_listed(missing)}, which nobody gave")
        if unknown := values.keys() - self.places:
            raise BadInput(
                f"prompt {self.version} has no place for {_listed(unknown)}; it takes {_listed(self.places)}"
            )
        return _PLACE.sub(lambda place: values[place[1]], self._template.question)


def load(set_name: str, name: str) -> Prompt:
    """One prompt of a set; the set is a name in this folder, or the path of a folder of one's own.

    Raises:
        BadInput: there is no such set or prompt, or its file is not as described above.
    """
    file = _folder(set_name) / f"{name}.toml"
    if not file.is_file():
        raise BadInput(f"prompt set {set_name!r} has no prompt {name!r}: {file} does not exist")
    return _loaded(set_name, name, file, file.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _loaded(set_name: str, name: str, file: Path, changed: int) -> Prompt:
    template = _read(file, Template)
    places, found = PLACES[name], set(_PLACE.findall(template.question))
    if not places.must <= found <= places.must | places.may:
        raise BadInput(
            f"{file}: question: it must have a place for {_listed(places.must)}, and may have one for "
            f"{_listed(places.may)}; found {_listed(found)}"
        )
    return Prompt(Path(set_name).name, name, template)


def is_dialogue(set_name: str) -> bool:
    """Whether a sample's thoughts are asked in turn, in one dialogue.

    Raises:
        BadInput: there is no such set, or its `set.toml` is not as described above.
    """
    file = _folder(set_name) / "set.toml"
    return file.is_file() and _set(file, file.stat().st_mtime_ns).dialogue


@lru_cache(maxsize=16)
def _set(file: Path, changed: int) -> PromptSet:
    return _read(file, PromptSet)


def _folder(set_name: str) -> Path:
    for folder in (SETS / set_name, Path(set_name).expanduser()):
        if set_name and folder.is_dir():
            return folder
    named = ", ".join(sorted(folder.parent.name for folder in SETS.glob("*/noun.toml")))
    raise BadInput(f"no prompt set is called {set_name!r}; there are {named}, or name a folder of your own")


_Content = TypeVar("_Content", bound=_Strict)


def _read(file: Path, kind: type[_Content]) -> _Content:
    try:
        return kind.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise BadInput(f"{file}: {complaint(error)}") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from error


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "nothing"
