"""One case with everything that explains it: answers, what differs, why, and what was tried."""

from collections.abc import Sequence

from core.comparison import Change, Effect, answer_changes, at_head
from core.corpora import Row
from core.domain import Answer, Counterfactual, Entity, Note, Sample, View
from core.domain.record import Value
from core.evaluation.mre import in_words
from core.evaluation.views import VIEWS
from core.explanation.attribution import Attribution, integrated_gradients
from core.explanation.counterfactuals import Flip, answers, smallest_flips
from core.explanation.occlusion import Hidden, occlusion
from core.explanation.reading import PromptAttention, Reading
from core.prediction import Predictor
from core.progress import Progress
from core.store import Store
from core.stored import known_of, stored_case, stored_row, summary_read


class Judged(Value):
    """A difference, and whether it was for the better; None where no gold is known."""

    change: Change
    effect: Effect | None


class Reason(Value):
    """Why a mention or a relation has the score that it has in one view."""

    view: View
    attribution: Attribution
    hidden: tuple[Hidden, ...]


class Explained(Value):
    """A mention or a relation that some answer or the gold labels have: its reasons in each view, and what flips it."""

    target: Entity | str
    reasons: tuple[Reason, ...]
    flips: tuple[Flip, ...]


class CaseStudy(Value):
    """A case, explained. `probabilities` are what each label is worth at each word, (n × labels) for each view."""

    student: str
    sample: Sample
    caption: str | None
    knowledge: dict[str, str]
    makers: dict[str, str]
    answers: dict[View, Answer]
    differences: tuple[Judged, ...]
    labels: tuple[str, ...]
    probabilities: dict[View, tuple[tuple[float, ...], ...]]
    explained: tuple[Explained, ...]
    prompt_attention: PromptAttention | None
    counterfactuals: tuple[Counterfactual, ...] = ()
    notes: tuple[Note, ...] = ()


def explain(predictor: Predictor, row: Row, progress: Progress | None = None) -> CaseStudy:
    """Explain every mention (or relation) that either view finds, and every gold one.

    Raises:
        BadInput: the tweet is longer than the encoder can read, or has no relation where one is asked for.
    """
    found = {view: answers(predictor, [row], view)[0] for view in VIEWS}
    readings = {view: Reading(predictor, row, view) for view in VIEWS}
    targets = targets_of(row.sample, list(found.values()), predictor)
    explained = []
    for done, target in enumerate(targets):
        if progress:
            progress(done, len(targets))
        explained.append(explain_target(predictor, row, target))
    return CaseStudy(
        student=predictor.name,
        sample=row.sample,
        caption=row.caption,
        knowledge=dict(row.knowledge),
        makers={},
        answers=found,
        differences=judge(row.sample, found["without_knowledge"], found["with_knowledge"]),
        labels=predictor.student.config.labels,
        probabilities={view: tuple(map(tuple, reading.probabilities())) for view, reading in readings.items()},
        explained=tuple(explained),
        prompt_attention=readings["without_knowledge"].prompt_attention(),
    )


def explain_target(predictor: Predictor, row: Row, target: Entity | str) -> Explained:
    """Why a mention or a relation has its score in each view, and what would flip it.

    Raises:
        BadInput: the student has no such label, the mention lies outside the tweet, or the tweet cannot be read.
    """
    reasons = []
    for view in VIEWS:
        reading = Reading(predictor, row, view)
        attribution, hidden = integrated_gradients(reading, target), occlusion(reading, target)
        reasons.append(Reason(view=view, attribution=attribution, hidden=tuple(hidden)))
    return Explained(target=target, reasons=tuple(reasons), flips=tuple(smallest_flips(predictor, row, target)))


def explain_stored(predictor: Predictor, store: Store, case_id: str, progress: Progress | None = None) -> CaseStudy:
    """Explain a case of the workspace, with what was tried on it and remarked about it.

    Raises:
        BadInput: there is no such case, or its tweet cannot be read.
        StoreError: the workspace cannot be read.
    """
    case = stored_case(store, case_id)
    known = known_of(store, case_id)
    makers: dict[str, str] = {grain: thought.maker.model for grain, thought in known.thoughts.items()}
    if known.caption:
        makers["caption"] = known.caption.maker.model
    if summary := summary_read(store, case_id, predictor.name):
        makers["summary"] = summary.maker.model
    study = explain(predictor, stored_row(store, case.sample, predictor.name), progress)
    tried, notes = store.counterfactuals(case_id), store.notes(case_id)
    return study.model_copy(update={"makers": makers, "counterfactuals": tuple(tried), "notes": tuple(notes)})


def targets_of(sample: Sample, found: Sequence[Answer], predictor: Predictor) -> list[Entity | str]:
    """What there is to explain: the mentions (or relations) of any answer and of the gold labels, in order.

    Gold types that the student does not know are left out.
    """
    labels = predictor.student.config.labels
    if predictor.task == "mre":
        relations = [answer.relation.label for answer in found if answer.relation]
        gold = [sample.relation.label] if sample.relation and sample.relation.label in labels else []
        return list(dict.fromkeys([*relations, *gold]))
    mentions = [entity for answer in found for entity in answer.entities]
    spans = {(each.start, each.end, each.type) for each in [*mentions, *(sample.entities or ())]}
    known = sorted(span for span in spans if f"B-{span[2]}" in labels)
    return [Entity(start=start, end=end, type=kind) for start, end, kind in known]


def judge(sample: Sample, before: Answer, after: Answer) -> tuple[Judged, ...]:
    """What differs between two answers about the same tweet or pair, and whether it is for the better."""
    gold = sample.entities
    if before.relation and sample.relation:
        gold = (at_head(sample.relation, sample.relation.label),) if sample.relation.label else None
    return tuple(
        Judged(change=change, effect=None if gold is None else change.effect(gold))
        for change in answer_changes(sample, before, after)
    )


def name_of(sample: Sample, target: Entity | str) -> str:
    """A mention or a relation in words."""
    return f"“{sample.mention(target)}” ({target.type})" if isinstance(target, Entity) else in_words(target)
