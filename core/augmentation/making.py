"""What every kind of variant shares: one question to a teacher, and how its answer becomes a record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from core.augmentation.wording import NoAnswer
from core.domain import Augmentation, AugmentationKind, DropReason, Maker, Sample
from core.prompts import Prompt
from core.store import Asked
from core.teachers import Answer, Ask, Sampling, Teacher

TEMPERATURE = 0.8
"""Of a sample's second variant of a kind, and any further one; the first is the likeliest answer."""


@dataclass(frozen=True)
class Draw:
    """The nth variant of a kind that is made of a sample, under a seed: the same draw gives the same variant.

    Mentions of the `spared` types get no other name.
    """

    seed: int = 0
    nth: int = 0
    spared: frozenset[str] = frozenset()

    @property
    def parameters(self) -> dict[str, JsonValue]:
        """For the maker of the variant."""
        return {"seed": self.seed, "nth": self.nth}


FIRST = Draw()


@dataclass(frozen=True)
class Plan:
    """A variant before its question is asked: either there is an `ask`, or `dropped` says why none is needed.

    `asked` is what its maker will say. `replaces` is the type of the mention that gets another name, if one does.
    `read` makes of the answer what is particular to the kind: the fields of an `Augmentation` beside its parent, kind,
    answer and maker. It raises NoAnswer where no variant can be made of it.
    """

    parent_id: str
    kind: AugmentationKind
    asked: Asked
    ask: Ask | None = None
    read: Callable[[Answer], dict[str, Any]] = lambda _: {}
    replaces: str | None = None
    dropped: DropReason | None = None

    def ask_now(self, teacher: Teacher, hear: Callable[[str], None] | None = None) -> Augmentation:
        """Ask the teacher, if there is something to ask, and read its answer; for a first draw, one at a time.

        Raises:
            TeacherError: no usable answer came, and why.
        """
        if self.ask is None:
            return self.result(None)
        if self.ask.yes_or_no:
            return self.result(teacher.ask_yes_or_no(self.ask.dialogue))
        return self.result(teacher.ask(self.ask.dialogue, max_tokens=self.ask.max_tokens, hear=hear))

    def result(self, answer: Answer | None) -> Augmentation:
        """The record that an answer makes; None where nothing had to be asked."""
        made: dict[str, Any] = {"dropped": self.dropped}
        if answer:
            try:
                made = self.read(answer)
            except NoAnswer as no:
                made = {"dropped": no.reason}
        return Augmentation(
            parent_id=self.parent_id,
            kind=self.kind,
            answer=answer.text if answer else "",
            maker=answer.maker(self.asked) if answer else Maker(**self.asked, created=datetime.now(UTC), seconds=0.0),
            **made,
        )


def asked_of(sample: Sample, teacher: Teacher, prompt: Prompt, parameters: dict[str, JsonValue]) -> Asked:
    """What the maker of a variant will say; `labels` is the id of the parent with the entities it was given."""
    return {
        "model": teacher.model,
        "prompt_version": prompt.version,
        "parameters": {**teacher.parameters, **parameters, "labels": sample.id},
    }


def sampled(draw: Draw) -> tuple[Sampling | None, dict[str, JsonValue]]:
    """How to sample an answer, or None for the likeliest one; and what the maker says of it."""
    if draw.nth == 0:
        return None, {"nth": 0}
    sampling = Sampling(TEMPERATURE, draw.seed * 1_000 + draw.nth)
    return sampling, {**draw.parameters, "temperature": TEMPERATURE}
