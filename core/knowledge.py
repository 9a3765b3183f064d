"""Thinking: a teacher explains a sample at the paper's three grains (section 3.3).

Small models are asked each grain on its own, so that the grains can run side by side; hosted ones are asked in turn,
in one dialogue a sample. The prompt set says which. Either way, `dialogues` gives what can run side by side:

    for dialogue in dialogues(sample, teacher):       # each in a thread of its own
        for grain in dialogue.grains:                 # in this order
            knowledge = dialogue.think(grain, about=…, hear=…)
"""

import re
from collections.abc import Callable
from functools import partial

from pydantic import JsonValue

from core import prompts
from core.domain import GRAINS, Caption, Grain, Knowledge, Sample
from core.errors import BadInput, TeacherError
from core.refusals import is_refusal
from core.store import Asked
from core.teachers import Answer, Ask, Message, Picture, Teacher

_SENTENCE = re.compile(r"[^.!?\n]{10,}")


About = Caption | Picture
"""What the relation between text and picture is asked with: the picture in words, or the picture itself."""


def prompt_of(grain: Grain, about: About | None = None) -> str:
    """The name of the prompt that asks for a thought; with the picture itself, it is another."""
    return "multimodality_seen" if grain == "multimodality" and isinstance(about, Picture) else grain


def noted(about: About | None) -> dict[str, JsonValue]:
    """How the maker of a thought names what it was about."""
    match about:
        case Caption():
            return {"caption": about.id}
        case Picture():
            return {"image": about.name}
        case None:
            return {}


def dialogues(sample: Sample, teacher: Teacher) -> list["Dialogue"]:
    """The conversations a sample needs, independent of each other. Without a picture there is no multimodality grain.

    Raises:
        BadInput: the teacher's prompt set does not exist.
    """
    grains = GRAINS if sample.image else tuple(grain for grain in GRAINS if grain != "multimodality")
    if prompts.is_dialogue(teacher.prompts):
        return [Dialogue(sample, teacher, grains)]
    return [Dialogue(sample, teacher, (grain,)) for grain in grains]


class Dialogue:
    """One conversation with a teacher about a sample: each of its `grains` is asked after the ones before it."""

    def __init__(self, sample: Sample, teacher: Teacher, grains: tuple[Grain, ...]) -> None:
        self.sample = sample
        self.grains = grains
        self._teacher = teacher
        self._turns: list[Message] = []

    def asked(self, grain: Grain, about: About | None = None) -> Asked:
        """What the maker of this thought will say: a stored thought that says the same need not be asked for again."""
        return {
            "model": self._teacher.model,
            "prompt_version": prompts.load(self._teacher.prompts, prompt_of(grain, about)).version,
            "parameters": {**self._teacher.parameters, **noted(about)},
        }

    def think(
        self, grain: Grain, *, about: About | None = None, hear: Callable[[str], None] | None = None
    ) -> Knowledge:
        """Ask for one thought; `hear` gets each piece of it as it arrives, and may raise to end it.

        An answer that is no thought is kept nowhere, not even in the dialogue.

        Raises:
            BadInput: the multimodality grain is asked for without a caption.
            TeacherError: no usable answer came, and why.
        """
        ask = self.ask(grain, about)
        answer = self._teacher.ask(ask.dialogue, max_tokens=ask.max_tokens, hear=hear)
        ask.check(answer.text)
        return self.thought(grain, answer, about)

    def ask(self, grain: Grain, about: About | None = None) -> Ask:
        """What asks for a thought, after those that are known.

        Raises:
            BadInput: the multimodality grain is asked for without a caption.
        """
        prompt = prompts.load(self._teacher.prompts, prompt_of(grain, about))
        question = self._question(grain, about)
        return Ask(
            dialogue=(*self._turns, *question),
            max_tokens=prompt.max_tokens,
            prompt_version=prompt.version,
            sample_id=self.sample.id,
            check=partial(check, tweet=self.sample.text, question=question[-1]["content"], model=self._teacher.model),
        )

    def thought(self, grain: Grain, answer: Answer, about: About | None = None) -> Knowledge:
        """The thought that an answer is; those after it see it."""
        maker = answer.maker(self.asked(grain, about))
        knowledge = Knowledge(sample_id=self.sample.id, grain=grain, text=_without_circles(answer.text), maker=maker)
        self.recall(knowledge, about)
        return knowledge

    def recall(self, knowledge: Knowledge, about: About | None = None) -> None:
        """Take up a thought that is known already, so that the thoughts after it see it.

        Raises:
            BadInput: a multimodality thought is recalled without its caption.
        """
        self._turns += self._question(knowledge.grain, about)
        self._turns.append(Message(role="assistant", content=knowledge.text))

    def _question(self, grain: Grain, about: About | None) -> list[Message]:
        values = {"text": self.sample.text}
        if grain == "multimodality" and not isinstance(about, Picture):
            if about is None or not about.text:
                raise BadInput("there is no picture to relate to the tweet: attach one, or wait for its caption")
            values["caption"] = about.text
        asked = prompts.load(self._teacher.prompts, prompt_of(grain, about)).messages(**values)
        if grain == "multimodality" and isinstance(about, Picture):
            asked[-1]["picture"] = about
        return asked


def check(answer: str, tweet: str, question: str, model: str) -> None:
    """Refuse what small models give instead of a thought.

    Raises:
        TeacherError: the answer is an echo or a refusal.
    """
    advice = "Choose another teacher or prompt set"
    if _bare(answer) in (_bare(tweet), _bare(question)):
        raise TeacherError(f"{model} answered with the question itself. {advice}", "echo")
    if is_refusal(answer):
        raise TeacherError(f"{model} refused to explain the tweet ({answer[:80]!r}). {advice}", "refusal")


def _without_circles(answer: str) -> str:
    """The answer up to the first sentence that it says a second time: small models get caught in loops."""
    said = set()
    for sentence in _SENTENCE.finditer(answer):
        words = sentence.group().strip()
        if words in said:
            return answer[: sentence.start()].rstrip()
        said.add(words)
    return answer


def _bare(words: str) -> str:
    """The letters and digits alone: an echo often changes case, quotes or spaces."""
    return "".join(character for character in words.casefold() if character.isalnum())
