"""The thoughts of a whole corpus: which are kept, which are missing, what they will cost, and how to get them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core import prompts
from core.asking import Conversation
from core.asking.estimate import Forecast, tokens
from core.asking.prices import Price
from core.domain import GRAINS, Caption, Grain, Knowledge, Sample
from core.errors import TeacherError
from core.knowledge import About, Dialogue, dialogues, noted, prompt_of
from core.store import Store, canonical
from core.teachers import Teacher, kept_forms

AT_ONCE = 500
"""Samples that one look into the store is about."""


@dataclass(frozen=True)
class _Case:
    """A sample that lacks thoughts; `kept` has the ids of those that it has."""

    sample: Sample
    about: About | None
    grains: tuple[Grain, ...]
    kept: Mapping[Grain, str]


class Thinking:
    """The thoughts of samples by one teacher, seen once, at the beginning, a few hundred samples a query.

    `kept` are the ids of those that the store has, in the order of the samples; `uncaptioned` counts samples with a
    picture but no caption, whose relation to the picture cannot be asked about. `abouts` has what stands for pictures.
    """

    def __init__(self, store: Store, teacher: Teacher, samples: Sequence[Sample], abouts: Mapping[str, About]) -> None:
        self.kept: list[str] = []
        self.uncaptioned = 0
        self._store = store
        self._teacher = teacher
        names = dict.fromkeys(prompt_of(grain, abouts.get(sample.id)) for sample in samples for grain in GRAINS)
        self._versions = {name: prompts.load(teacher.prompts, name).version for name in names}
        self._cases: list[_Case] = []
        once = list({sample.id: sample for sample in samples}.values())
        for start in range(0, len(once), AT_ONCE):
            self._look_up(once[start : start + AT_ONCE], abouts)

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
                    ask = dialogue.ask(grain, case.about)
                    answer = round(lengths.get(ask.prompt_version, ask.max_tokens))
                    if grain not in case.kept:
                        read += before + tokens(ask.dialogue, price)
                        written += answer
                        most += ask.max_tokens
                    before += tokens(ask.dialogue, price) + answer
        return Forecast.of(calls=self.missing, read=read, written=written, most=most, price=price)

    def _look_up(self, samples: Sequence[Sample], abouts: Mapping[str, About]) -> None:
        found = self._store.bulk.thoughts(
            [sample.id for sample in samples], model=self._teacher.model, prompt_versions=list(self._versions.values())
        )
        plain = [canonical(each) for each in kept_forms(self._teacher.parameters)]
        for sample in samples:
            about = abouts.get(sample.id) if sample.image else None
            if isinstance(about, Caption) and not about.text:
                about = None
            grains = _grains_of(about)
            self.uncaptioned += bool(sample.image and not about)
            kept: dict[Grain, str] = {}
            for grain in grains:
                known = plain
                if grain == "multimodality":
                    known = [canonical(each) for each in kept_forms({**self._teacher.parameters, **noted(about)})]
                version = self._versions[prompt_of(grain, about)]
                if id_ := next((found[key] for each in known if (key := (sample.id, version, each)) in found), None):
                    kept[grain] = id_
            self.kept += kept.values()
            if len(kept) < len(grains):
                self._cases.append(_Case(sample, about, grains, kept))

    def _conversation(self, dialogue: Dialogue, case: _Case) -> Conversation:
        """Ask for each missing thought after the thoughts before it.

        Without an answer that has no use (a refusal, say) it goes on; what the endpoint failed ends it, since the
        thoughts after it are to see it when it comes.
        """
        known = {each.grain: each for each in self._store.bulk.records(Knowledge, case.kept.values())}
        for grain in dialogue.grains:
            if grain not in case.grains:
                continue
            about = case.about if grain == "multimodality" else None
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


def _grains_of(about: About | None) -> tuple[Grain, ...]:
    return GRAINS if about else GRAINS[:2]
