"""What if: the student asked again with something changed, and the smallest change that changes its mind."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import SequenceMatcher
from itertools import combinations

from core.comparison import Change, answer_changes
from core.corpora import Row
from core.domain import Answer, Counterfactual, Entity, Maker, Sample, ScoredRelation, View
from core.domain.record import Value
from core.errors import BadInput
from core.evaluation.views import VIEWS
from core.identity import Person
from core.prediction import Labelled, Predictor
from core.store import Store
from core.training.sections import keep, kept_sections, parts_of, tell


def answers(predictor: Predictor, rows: Sequence[Row], view: View) -> list[Answer]:
    """What the student finds in each row, seen in one view.

    Raises:
        BadInput: a tweet is longer than the encoder can read, or has no relation where one is asked for.
    """
    items = [(row.sample, kept_sections(row, ())) for row in rows]
    return [answer_of(predictor, labelled) for labelled in predictor.label(items, view)]


def answer_of(predictor: Predictor, labelled: Labelled) -> Answer:
    """Labels as mentions, or as the one relation that they are."""
    if predictor.task == "mner":
        return Answer(entities=labelled.entities())
    return Answer(relation=ScoredRelation(label=labelled.labels[0], score=min(1.0, labelled.probabilities[0])))


def edit(row: Row, text: str, parts: Mapping[str, str]) -> Row:
    """A row with another tweet, and with these parts of caption and knowledge alone. Gold labels go with the old words.

    Raises:
        BadInput: the tweet is empty or too long, or it is one of a pair whose mentions could not be found again.
    """
    sample = row.sample
    if text.strip() != sample.text.strip():
        if sample.relation:
            raise BadInput("the tweet of a pair cannot be edited: where its two mentions stand would be lost")
        sample = Sample.from_text(text, image=sample.image)
    return tell(replace(row, sample=sample), {part: text for part, text in parts.items() if text.strip()})


def ask_again(
    predictor: Predictor,
    store: Store,
    case_id: str,
    changed: Row,
    parent: Counterfactual | None = None,
    *,
    by: Person,
) -> Counterfactual:
    """Both views' answers about a changed row, kept as a child of the case or of another counterfactual.

    Raises:
        Forbidden: their role does not let them study tweets.
        BadInput: the tweet is longer than the encoder can read, or has no relation where one is asked for.
        StoreError: the workspace cannot be written.
    """
    by.must("study tweets")
    begun = time.perf_counter()
    found = {view: answers(predictor, [changed], view)[0] for view in VIEWS}
    seconds = time.perf_counter() - begun
    maker = Maker(model=predictor.name, parameters=predictor.asked, created=datetime.now(UTC), seconds=seconds)
    record = Counterfactual(
        case_id=case_id,
        parent_id=parent.id if parent else None,
        sample=changed.sample,
        caption=changed.caption,
        knowledge=changed.knowledge,
        answers=found,
        maker=maker,
    )
    store.add(record)
    return record


def row_of(tried: Counterfactual) -> Row:
    """What the student was asked about in a try."""
    return Row(sample=tried.sample, caption=tried.caption, knowledge=tried.knowledge)


def differences(before: tuple[Sample, Answer], after: tuple[Sample, Answer]) -> list[Change]:
    """What differs between two answers, also where the tweet was edited between them.

    Mentions all of whose words are still there are compared where they stand now; a mention that lost a word is one
    that went.
    """
    (old, was), (new, is_) = before, after
    if old.tokens == new.tokens:
        return answer_changes(new, was, is_)
    place = {
        block.a + step: block.b + step
        for block in SequenceMatcher(None, old.tokens, new.tokens, autojunk=False).get_matching_blocks()
        for step in range(block.size)
    }
    carried, gone = [], []
    for entity in was.entities:
        places = [place.get(word) for word in range(entity.start, entity.end)]
        if places[0] is not None and places == list(range(places[0], places[0] + len(places))):
            carried.append(entity.model_copy(update={"start": places[0], "end": places[0] + len(places)}))
        else:
            sentence = f"“{old.mention(entity)}” ({entity.type}) went with its words"
            gone.append(Change(kind="lost", before=entity, sentence=sentence))
    return gone + answer_changes(new, was.model_copy(update={"entities": tuple(carried)}), is_)


class Flip(Value):
    """Parts that must be left out together for the student to change its mind, and what it then answers."""

    without: tuple[str, ...]
    answer: Answer


def smallest_flips(predictor: Predictor, row: Row, target: Entity | str) -> list[Flip]:
    """The fewest parts of caption and knowledge without which a mention or a relation, seen with knowledge, flips.

    A mention that is found flips when it is no longer found with these bounds and this type, and the other way round.
    All sets of the smallest size that do are given; none where even without all of them nothing changes.

    Raises:
        BadInput: the tweet is longer than the encoder can read, or has no relation where one is asked for.
    """
    (now,) = answers(predictor, [row], "with_knowledge")
    was = holds(now, target)
    for sets in _by_size(list(parts_of(row))):
        changed = answers(predictor, [keep(row, left_out) for left_out in sets], "with_knowledge")
        flips = [
            Flip(without=left_out, answer=answer)
            for left_out, answer in zip(sets, changed, strict=True)
            if holds(answer, target) != was
        ]
        if flips:
            return flips
    return []


def holds(answer: Answer, target: Entity | str) -> bool:
    """Whether an answer has just this mention, or just this relation."""
    if isinstance(target, Entity):
        return any((e.start, e.end, e.type) == (target.start, target.end, target.type) for e in answer.entities)
    return answer.relation is not None and answer.relation.label == target


def _by_size(parts: Sequence[str]) -> Iterator[list[tuple[str, ...]]]:
    for size in range(1, len(parts) + 1):
        yield list(combinations(parts, size))
