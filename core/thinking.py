"""The thoughts of a whole corpus: which are kept, which are missing, what they will cost, and how to get them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from core import prompts
from core.asking import Conversation
from core.asking.estimate import tokens
from core.asking.prices import Price
from core.domain import Caption, Grain, Knowledge, Sample
from core.errors import TeacherError
from core.knowledge import Dialogue, dialogues
from core.store import Store, canonical
from core.teachers import Teacher

GRAINS: tuple[Grain, ...] = ("noun", "sentence", "multimodality")

AT_ONCE = 500
"""Samples that one look into the store is about."""


@dataclass(frozen=True)
class Forecast:
    """What a run will take. Tokens are estimated (see `core.asking.estimate`), answers as long as they were so far.

    `most_completion_tokens` is for answers as long as they may be. Costs are in USD, None where the price is unknown.
    """

    calls: int
    prompt_tokens: int
    completion_tokens: int
    most_completion_tokens: int
    cost: float | None
    most_cost: float | None


@dataclass(frozen=True)
class _Case:
    """A sample that lacks thoughts; `kept` has the ids of those that it has."""

    sample: Sample
    caption: Caption | None
    grains: tuple[Grain, ...]
    kept: Mapping[Grain, str]


class Thinking:
    """The thoughts of samples by one teacher, seen once, at the beginning, a few hundred samples a query.

    `kept` are the ids of those that the store has, in the order of the samples; `uncaptioned` counts samples with a
    picture but no caption, whose relation to the picture cannot be asked about.
    """

    def __init__(
        self, store: Store, teacher: Teacher, samples: Sequence[Sample], captions: Mapping[str, Caption]
    ) -> None:
        self.kept: list[str] = []
        self.uncaptioned = 0
        self._store = store
        self._teacher = teacher
        self._versions = {grain: prompts.load(teacher.prompts, grain).version for grain in GRAINS}
        self._cases: list[_Case] = []
        once = list({sample.id: sample for sample in samples}.values())
        for start in range(0, len(once), AT_ONCE):
            self._look_up(once[start : start + AT_ONCE], captions)

    @property
    def missing(self) -> int:
        """How many thoughts are to be asked for."""
        return sum(len(case.grains) - len(case.kept) for case in self._cases)

    def conversations(self) -> Iterator[Conversation]:
        """What gets the missing thoughts, side by side."""
        for case in self._cases:
            for dialogue in dialogues(case.sample, self._teacher):
                if set(dialogue.grains) & set(case.grains) - case.kept.keys():
                    yield self._conversation(dialogue, case)

    def forecast(self, price: Price | None) -> Forecast:
        """What asking for the missing thoughts will take."""
        lengths = self._store.attempts.mean_answer(self._teacher.model, list(self._versions.values()))
        read = written = most = 0
        for case in self._cases:
            for dialogue in dialogues(case.sample, self._teacher):
                before = 0  # tokens of the turns so far
                for grain in case.grains:
                    if grain not in dialogue.grains:
                        continue
                    ask = dialogue.ask(grain, case.caption)
                    answer = round(lengths.get(ask.prompt_version, ask.max_tokens))
                    if grain not in case.kept:
                        read += before + tokens(ask.dialogue)
                        written += answer
                        most += ask.max_tokens
                    before += tokens(ask.dialogue) + answer
        return Forecast(
            calls=self.missing,
            prompt_tokens=read,
            completion_tokens=written,
            most_completion_tokens=most,
            cost=price.of(read, written) if price else None,
            most_cost=price.of(read, most) if price else None,
        )

    def _look_up(self, samples: Sequence[Sample], captions: Mapping[str, Caption]) -> None:
        found = self._store.bulk.thoughts(
            [sample.id for sample in samples], model=self._teacher.model, prompt_versions=list(self._versions.values())
        )
        plain = _either(self._teacher.parameters)
        for sample in samples:
            caption = captions.get(sample.id) if sample.image else None
            if caption and not caption.text:
                caption = None
            grains = _grains_of(caption)
            self.uncaptioned += bool(sample.image and not caption)
            kept: dict[Grain, str] = {}
            for grain in grains:
                about = plain
                if grain == "multimodality" and caption:
                    about = _either({**self._teacher.parameters, "caption": caption.id})
                version = self._versions[grain]
                if id_ := next((found[key] for each in about if (key := (sample.id, version, each)) in found), None):
                    kept[grain] = id_
            self.kept += kept.values()
            if len(kept) < len(grains):
                self._cases.append(_Case(sample, caption, grains, kept))

    def _conversation(self, dialogue: Dialogue, case: _Case) -> Conversation:
        """Ask for each missing thought after the thoughts before it.

        Without an answer that has no use (a refusal, say) it goes on; what the endpoint failed ends it, since the
        thoughts after it are to see it when it comes.
        """
        known = {each.grain: each for each in self._store.bulk.records(Knowledge, case.kept.values())}
        for grain in dialogue.grains:
            if grain not in case.grains:
                continue
            about = case.caption if grain == "multimodality" else None
            if grain in known:
                dialogue.recall(known[grain], about)
                continue
            try:
                answer = yield dialogue.ask(grain, about)
            except TeacherError as error:
                if not error.is_about_the_answer:
                    return
                continue
            if answer:
                yield dialogue.thought(grain, answer, about)


def _grains_of(caption: Caption | None) -> tuple[Grain, ...]:
    return GRAINS if caption else GRAINS[:2]


def _either(parameters: dict[str, JsonValue]) -> tuple[str, str]:
    """Parameters as stored thoughts may have them: the temperature is None there if the endpoint refused it."""
    return canonical(parameters), canonical({**parameters, "temperature": None})
