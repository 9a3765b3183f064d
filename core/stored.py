"""What the workspace holds: one case, a split, and samples as rows that a student reads."""

from dataclasses import dataclass

from core.corpora import Row
from core.domain import Caption, Grain, Knowledge, Sample
from core.errors import BadInput
from core.store import Case, Store


def stored_case(store: Store, case_id: str) -> Case:
    """The case of that id.

    Raises:
        BadInput: the workspace has none.
    """
    case = store.case(case_id)
    if case is None:
        raise BadInput(f"there is no case {case_id!r} in this workspace: the id is of another one, or cut short")
    return case


def stored_samples(store: Store, corpus: str, split: str) -> list[Sample]:
    """An imported split of a corpus, in its order.

    Raises:
        BadInput: the workspace has no such split; the message names those it has.
        StoreError: the workspace cannot be read.
    """
    samples = store.samples(corpus, split)
    if not samples:
        known = ", ".join(map("/".join, store.corpora())) or "none yet"
        raise BadInput(f"the workspace has no corpus {corpus}/{split}; there are: {known}")
    return samples


@dataclass(frozen=True)
class Known:
    """A sample's newest caption, and its newest thought of each grain."""

    caption: Caption | None
    thoughts: dict[Grain, Knowledge]


def known_of(store: Store, sample_id: str) -> Known:
    """What the workspace knows about a sample.

    Raises:
        StoreError: the workspace cannot be read.
    """
    newest_last = reversed(store.knowledge(sample_id))
    thoughts = {thought.grain: thought for thought in newest_last}
    return Known(next(iter(store.captions(sample_id)), None), thoughts)


def stored_row(store: Store, sample: Sample, student: str | None = None) -> Row:
    """A sample with its newest caption, and its newest thought of each grain.

    Where the student read a summary in place of the thoughts when it was last asked, which were too long for it, the
    row has that summary.

    Raises:
        StoreError: the workspace cannot be read.
    """
    known = known_of(store, sample.id)
    knowledge = {grain: thought.text for grain, thought in known.thoughts.items()}
    if student and (summary := summary_read(store, sample.id, student)):
        knowledge = {"summary": summary.text}
    return Row(sample=sample, caption=known.caption.text if known.caption else None, knowledge=knowledge)


def summary_read(store: Store, sample_id: str, student: str) -> Knowledge | None:
    """The summary that a student read in place of the thoughts when it was last asked about a sample, if it did.

    Raises:
        StoreError: the workspace cannot be read.
    """
    asked = next(iter(store.predictions(sample_id, view="with_knowledge", model=student)), None)
    read = asked.maker.parameters.get("knowledge") if asked else None
    kept = store.knowledge(sample_id, grain="summary") if read else []
    return next((summary for summary in kept if [summary.id] == read), None)


def stored_rows(store: Store, corpus: str, split: str) -> list[Row]:
    """The samples of an imported split as rows, in its order; none where it was not imported.

    Raises:
        StoreError: the workspace cannot be read.
    """
    return [stored_row(store, sample) for sample in store.samples(corpus, split)]
