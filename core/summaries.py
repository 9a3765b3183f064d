"""Knowledge that is longer than a student can read, summarised by a teacher (paper, section 3.3).

The summary stands in place of all thoughts about a sample; the tweet and the caption stay as they are. A summary that
is still too long is cut by sentence like any knowledge, and where no teacher summarises, the thoughts themselves are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from core import prompts
from core.asking import Conversation
from core.corpora import Row
from core.domain import Caption, Knowledge, Sample
from core.errors import TeacherError
from core.knowledge import check
from core.store import Asked, Store, canonical
from core.student.views import GRAIN_ORDER, ViewBuilder
from core.teachers import Answer, Ask, Teacher, kept_forms

WORDS_A_PIECE = 0.65
"""Words that a sub-word is worth; in tweets' knowledge, full of names, some 0.7 (all-MiniLM's vocabulary)."""

TOKENS_A_WORD = 2
"""Of a teacher, at most, as long as a summary is no list of rare names: one of the words asked for is not cut off."""

STEP = 10
LEAST = 20
"""Words: summaries are asked for in steps, and not at all where so little fits that names alone would fill it."""


@dataclass(frozen=True)
class Overlong:
    """Thoughts about a sample, in order, that are too long for a student, and how many words would do."""

    sample: Sample
    thoughts: tuple[Knowledge, ...]
    words: int


class Summariser:
    """One teacher, who summarises."""

    def __init__(self, teacher: Teacher) -> None:
        """Raises BadInput where the teacher's prompt set has no prompt for it."""
        self.model = teacher.model
        self._teacher = teacher
        self._prompt = prompts.load(teacher.prompts, "summary")
        self.prompt_version = self._prompt.version

    def asked(self, overlong: Overlong) -> Asked:
        """What the maker of this summary will say: a stored one that says the same need not be asked for again."""
        ids: list[JsonValue] = [thought.id for thought in overlong.thoughts]
        return {
            "model": self.model,
            "prompt_version": self.prompt_version,
            "parameters": {**self._teacher.parameters, "knowledge": ids, "words": overlong.words},
        }

    def ask(self, overlong: Overlong) -> Ask:
        """What asks for the summary."""
        knowledge = "\n".join(thought.text for thought in overlong.thoughts)
        question = self._prompt.messages(text=overlong.sample.text, knowledge=knowledge, words=str(overlong.words))
        return Ask(
            dialogue=tuple(question),
            max_tokens=max(self._prompt.max_tokens, overlong.words * TOKENS_A_WORD),
            prompt_version=self.prompt_version,
            sample_id=overlong.sample.id,
            check=partial(check, tweet=overlong.sample.text, question=question[-1]["content"], model=self.model),
        )

    def summary(self, overlong: Overlong, answer: Answer) -> Knowledge:
        """The summary that an answer is."""
        maker = answer.maker(self.asked(overlong))
        return Knowledge(sample_id=overlong.sample.id, grain="summary", text=answer.text, maker=maker)


def too_long(
    views: ViewBuilder, sample: Sample, caption: Caption | None, thoughts: Sequence[Knowledge]
) -> Overlong | None:
    """What to summarise for a student that reads rows like these; None where all fits, or next to nothing does.

    Raises:
        BadInput: the tweet is longer than the student can read.
    """
    in_order = tuple(sorted(thoughts, key=lambda thought: GRAIN_ORDER.index(thought.grain)))
    room = views.room(sample) - (views.length([caption.text]) if caption else 0)
    words = int((room - 1) * WORDS_A_PIECE) // STEP * STEP
    if words < LEAST or views.length(thought.text for thought in in_order) <= room:
        return None
    return Overlong(sample, in_order, words)


class Fitting:
    """The rows of samples as a student can read them, seen once: those that lack a summary are asked about.

    Of each grain it is the newest thought that counts, and the newest caption.
    """

    def __init__(self, store: Store, teacher: Teacher, views: ViewBuilder, samples: Sequence[Sample]) -> None:
        """Raises BadInput where a tweet is longer than the student can read."""
        self._store = store
        self._summariser = Summariser(teacher)
        self._samples = samples
        ids = [sample.id for sample in samples]
        self._captions = store.bulk.captions(ids)
        self._thoughts = store.bulk.explained(ids)
        found = (
            too_long(views, sample, self._captions.get(sample.id), self._thoughts.get(sample.id, []))
            for sample in {sample.id: sample for sample in samples}.values()
        )
        self._overlong = {each.sample.id: each for each in found if each}

    @property
    def overlong(self) -> int:
        """How many samples have knowledge that is too long."""
        return len(self._overlong)

    def missing(self) -> list[Overlong]:
        """What no kept summary is of."""
        kept = self._kept()
        return [each for sample_id, each in self._overlong.items() if sample_id not in kept]

    def conversations(self) -> Iterator[Conversation]:
        """What gets the missing summaries, side by side."""
        return (self._conversation(each) for each in self.missing())

    def rows(self) -> list[Row]:
        """The samples in their order: with their summary or, where there is none, with their thoughts."""
        kept = self._kept()
        rows = []
        for sample in self._samples:
            caption = self._captions.get(sample.id)
            known = [kept[sample.id]] if sample.id in kept else self._thoughts.get(sample.id, [])
            knowledge = {thought.grain: thought.text for thought in known}
            rows.append(Row(sample, caption.text if caption else None, knowledge))
        return rows

    def _conversation(self, overlong: Overlong) -> Conversation:
        try:
            answer = yield self._summariser.ask(overlong)
        except TeacherError:  # counted by who asked; the thoughts are there as they were
            return
        if answer:
            yield self._summariser.summary(overlong, answer)

    def _kept(self) -> dict[str, Knowledge]:
        """The summaries that are kept, by the sample's id."""
        model, version = self._summariser.model, self._summariser.prompt_version
        found = self._store.bulk.thoughts(self._overlong, model=model, prompt_versions=[version])
        keys = [
            (sample_id, version, canonical(parameters))
            for sample_id, each in self._overlong.items()
            for parameters in kept_forms(self._summariser.asked(each)["parameters"])
        ]
        records = self._store.bulk.records(Knowledge, [found[key] for key in keys if key in found])
        return {record.sample_id: record for record in records}
