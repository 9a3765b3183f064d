"""Thinking: a teacher explains a sample at the paper's three grains (section 3.3).

Small models are asked each grain on its own, so that the grains can run side by side; hosted ones are asked in turn,
in one dialogue a sample. The prompt set says which. Either way, `dialogues` gives what can run side by side:

    for dialogue in dialogues(sample, teacher):       # each in a thread of its own
        for grain in dialogue.grains:                 # in this order
            knowledge = dialogue.think(grain, caption=…, hear=…)
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from core import prompts
from core.domain import Grain, Knowledge, Maker, Sample
from core.errors import BadInput, TeacherError
from core.teachers import Message, Teacher

_REFUSAL = re.compile(r"(i['’]?m sorry|i am sorry|sorry,|i can(no|['’])t |as an ai)", re.IGNORECASE)


def dialogues(sample: Sample, teacher: Teacher) -> list["Dialogue"]:
    """The conversations a sample needs, independent of each other. Without a picture there is no multimodality grain.

    Raises:
        BadInput: the teacher's prompt set does not exist.
    """
    grains: tuple[Grain, ...] = ("noun", "sentence", "multimodality") if sample.image else ("noun", "sentence")
    if prompts.is_dialogue(teacher.prompts):
        return [Dialogue(sample, teacher, grains)]
    return [Dialogue(sample, teacher, (grain,)) for grain in grains]


class Dialogue:
    """One conversation with a teacher about a sample: each of its `grains` is asked after the ones before it."""

    def __init__(self, sample: Sample, teacher: Teacher, grains: tuple[Grain, ...]) -> None:
        self.grains = grains
        self._sample = sample
        self._teacher = teacher
        self._turns: list[Message] = []

    def think(
        self, grain: Grain, *, caption: str | None = None, hear: Callable[[str], None] | None = None
    ) -> Knowledge:
        """Ask for one thought; `hear` gets each piece of it as it arrives, and may raise to end it.

        An answer that is no thought is not kept, in the dialogue neither.

        Raises:
            BadInput: the multimodality grain is asked for without a caption.
            TeacherError: no usable answer came, and why.
        """
        prompt = prompts.load(self._teacher.prompts, grain)
        question = prompt.messages(**self._values(grain, caption))
        created = datetime.now(UTC)
        answer = self._teacher.ask([*self._turns, *question], max_tokens=prompt.max_tokens, hear=hear)
        _check(answer.text, self._sample.text, question[-1]["content"], self._teacher.model)
        self._turns += [*question, Message(role="assistant", content=answer.text)]
        maker = Maker(
            model=self._teacher.model,
            prompt_version=prompt.version,
            parameters=self._teacher.parameters,
            created=created,
            seconds=answer.seconds,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
        )
        return Knowledge(sample_id=self._sample.id, grain=grain, text=answer.text, maker=maker)

    def recall(self, knowledge: Knowledge, *, caption: str | None = None) -> None:
        """Take up a thought that the store already has, so that the thoughts after it see it.

        Raises:
            BadInput: a multimodality thought is recalled without its caption.
        """
        prompt = prompts.load(self._teacher.prompts, knowledge.grain)
        self._turns += prompt.messages(**self._values(knowledge.grain, caption))
        self._turns.append(Message(role="assistant", content=knowledge.text))

    def _values(self, grain: Grain, caption: str | None) -> dict[str, str]:
        if grain != "multimodality":
            return {"text": self._sample.text}
        if not caption:
            raise BadInput("there is no picture to relate to the tweet: attach one, or wait for its caption")
        return {"text": self._sample.text, "caption": caption}


def _check(answer: str, tweet: str, question: str, model: str) -> None:
    """Refuse what small models give instead of a thought."""
    said = _bare(answer)
    if said in (_bare(tweet), _bare(question)):
        raise TeacherError(f"{model} answered with the question itself. Ask again, or choose a larger teacher")
    if _REFUSAL.match(answer):
        raise TeacherError(
            f"{model} refused to explain the tweet ({answer[:80]!r}). Choose another teacher or prompt set"
        )


def _bare(words: str) -> str:
    """The letters and digits alone: an echo often changes case, quotes or spaces."""
    return "".join(character for character in words.casefold() if character.isalnum())
