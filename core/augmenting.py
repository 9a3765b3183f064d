"""The variants of a whole corpus: which are kept, which are missing, what they will cost, and how to get them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core.asking import Conversation
from core.asking.estimate import Forecast, tokens
from core.asking.prices import Price
from core.augmentation import Draw, EntityPool, Plan, files, language, plan
from core.augmentation.files import Variant
from core.augmentation.pool import mentions_of
from core.augmentation.wording import squeezed
from core.domain import Augmentation, AugmentationKind, Entity, Sample
from core.errors import BadInput, TeacherError
from core.store import Store, canonical
from core.teachers import Ask, Teacher, kept_forms

AT_ONCE = 500
"""Samples that one look into the store is about."""

LabelledSample = tuple[Sample, tuple[Entity, ...] | None]
"""A sample with its entities: gold ones, or those that the student found; None where nobody looked."""


@dataclass(frozen=True)
class Wish:
    """What variants are wanted: `times` of each kind of every sample, drawn under a seed.

    `quotas` says of how many mentions of a type at most another name is put in place, in the order of the samples;
    where a type's is used up, a mention of another type is taken.
    """

    kinds: tuple[AugmentationKind, ...]
    times: int = 1
    seed: int = 0
    quotas: Mapping[str, int] | None = None


def read_quotas(given: Iterable[str]) -> dict[str, int]:
    """Quotas as a person writes them, each as `PER=200`.

    Raises:
        BadInput: one is no type and number.
    """
    quotas = {}
    for each in given:
        kind, _, number = each.partition("=")
        if not (kind and number.isascii() and number.isdecimal()):
            raise BadInput(f"the quota {each!r} must be a type and a number, such as PER=200")
        quotas[kind] = int(number)
    return quotas


def names_of_other_splits(store: Store, corpus: str, split: str) -> set[str]:
    """The mentions of a corpus' other splits, which no variant of this one is to name: a student is tested on them.

    Raises:
        StoreError: the workspace cannot be read.
    """
    others = [other for name, other in store.corpora() if name == corpus and "all" not in (split, other)]
    return mentions_of(sample for other in others if other != split for sample in store.samples(corpus, other))


class Augmenting:
    """The variants of samples of the store by one teacher, seen once, at the beginning, a few hundred a query.

    `kept` are the ids of those that the store has, the dropped ones too. The same wish for the same samples plans the
    same variants, so that a second run asks nothing.
    """

    def __init__(
        self,
        store: Store,
        teacher: Teacher,
        samples: Iterable[LabelledSample],
        wish: Wish,
        pool: EntityPool,
    ) -> None:
        """Plan all variants. Samples are taken as they are planned: who labels them meanwhile knows how far it is.

        Raises:
            BadInput: the teacher's prompt set does not exist, or a quota is of a type that no mention of these samples
                has.
        """
        self.kept: list[str] = []
        self._store = store
        self._teacher = teacher
        self._found: list[dict[int, str]] = []
        self._open: list[_Series] = []
        once = _once(samples)
        left = dict(wish.quotas or {})
        types: set[str] = set()
        while some := list(islice(once, AT_ONCE)):
            types.update(entity.type for _, entities in some for entity in entities or ())
            planned = [series for labelled in some for series in _planned(labelled, teacher, wish, pool, left)]
            self._look_up(planned)
            self._found += (series.kept for series in planned)
            self._open += (series for series in planned if not series.is_whole)
            if self._open:
                language.prepare()
        if "entity" in wish.kinds and (unknown := left.keys() - types):
            there = ", ".join(sorted(types)) or "none"
            raise BadInput(
                f"the quota of {min(unknown)!r}: no mention of these samples has that type; they have: {there}"
            )
        self._note_kept()

    @property
    def missing(self) -> int:
        """How many variants have to be asked for."""
        return sum(len(series.asks()) for series in self._open)

    def conversations(self) -> Iterator[Conversation]:
        """What gets the missing variants, side by side."""
        for series in self._open:
            yield self._conversation(series)

    def forecast(self, price: Price | None) -> Forecast:
        """What asking for the missing variants will take."""
        asks = [ask for series in self._open for ask in series.asks()]
        versions = {ask.prompt_version for ask in asks}
        lengths = self._store.attempts.mean_answer(self._teacher.model, list(versions))
        return Forecast.of(
            calls=len(asks),
            read=sum(tokens(ask.dialogue, price) for ask in asks),
            written=sum(round(lengths.get(ask.prompt_version, ask.max_tokens)) for ask in asks),
            most=sum(ask.max_tokens for ask in asks),
            price=price,
        )

    def refresh(self) -> None:
        """See what the store has got since; nothing is planned anew."""
        for start in range(0, len(self._open), AT_ONCE):
            self._look_up(self._open[start : start + AT_ONCE])
        self._open = [series for series in self._open if not series.is_whole]
        self._note_kept()

    def _note_kept(self) -> None:
        self.kept = [id_ for kept in self._found for _, id_ in sorted(kept.items())]

    def _look_up(self, planned: Sequence["_Series"]) -> None:
        found = self._store.bulk.variants({series.parent.id for series in planned}, model=self._teacher.model)
        for series in planned:
            for nth, each in enumerate(series.plans):
                version = each.asked["prompt_version"]
                keys = (
                    (series.parent.id, version, known) for known in map(canonical, kept_forms(each.asked["parameters"]))
                )
                if id_ := next((found[key] for key in keys if key in found), None):
                    series.kept[nth] = id_

    def _conversation(self, series: "_Series") -> Conversation:
        """Ask for each missing variant of one kind after the other; what says the same as one there is, is dropped."""
        kept = self._store.bulk.records(Augmentation, series.kept.values()) if series.kept else []
        said = {_saying(each) for each in kept}
        for nth, each in enumerate(series.plans):
            if nth in series.kept:
                continue
            answer = None
            if each.ask:
                try:
                    answer = yield each.ask
                except TeacherError as error:
                    if not error.is_about_the_answer:
                        return
                    continue
            made = each.result(answer)
            if made.variant and _saying(made) in said:
                again = {"variant": None, "caption": None, "replacements": (), "dropped": "duplicate"}
                made = made.model_copy(update=again)
            said.add(_saying(made))
            yield made


def _once(samples: Iterable[LabelledSample]) -> Iterator[LabelledSample]:
    """Each sample at the first of its places."""
    seen: set[str] = set()
    for sample, entities in samples:
        if sample.id not in seen:
            seen.add(sample.id)
            yield sample, entities


def variants_of(store: Store, ids: Sequence[str], path: Path) -> int:
    """Write the augmentations of these ids that have a variant, with where they stand; gives how many there are.

    What people made of one and approved stands behind it, as another variant of the same parent.

    Raises:
        BadInput: the file cannot be written.
    """
    states, edits = store.bulk.states(ids), store.bulk.edits(ids)
    variants = []
    for id_, made in zip(ids, store.bulk.records(Augmentation, ids), strict=True):
        if made.variant:
            state = states[id_]
            variants.append(Variant(augmentation=made, choice=None if state == "pending" else state))
            variants += (Variant(augmentation=_beside(made, edit), choice="approved") for edit in edits.get(id_, ()))
    return files.write(variants, path)


def _beside(made: Augmentation, edit: Augmentation) -> Augmentation:
    """An edit, which is kept as its original's child, as a further variant of that one's parent, of the same draw."""
    drawn = {"nth": made.maker.parameters.get("nth", 0), **edit.maker.parameters}
    maker = edit.maker.model_copy(update={"parameters": drawn})
    return edit.model_copy(update={"parent_id": made.parent_id, "maker": maker})


class _Series:
    """The variants of one kind of one sample, in the order of their draws; `kept` has the ids of those there are."""

    def __init__(self, parent: Sample, plans: Sequence[Plan]) -> None:
        self.parent = parent
        self.plans = plans
        self.kept: dict[int, str] = {}

    @property
    def is_whole(self) -> bool:
        """Whether none is missing."""
        return len(self.kept) == len(self.plans)

    def asks(self) -> list[Ask]:
        """What is still to be asked."""
        return [each.ask for nth, each in enumerate(self.plans) if each.ask and nth not in self.kept]


def _planned(
    labelled: LabelledSample, teacher: Teacher, wish: Wish, pool: EntityPool, left: dict[str, int]
) -> Iterator[_Series]:
    """A sample's series, one a kind; `left` is what the quotas still allow, and goes down."""
    sample, entities = labelled
    for kind in wish.kinds:
        plans = []
        for nth in range(wish.times):
            used_up = frozenset(name for name, number in left.items() if number <= 0)
            each = plan(kind, sample, entities, teacher, pool=pool, draw=Draw(wish.seed, nth, used_up))
            if each.replaces in left:
                left[each.replaces] -= 1
            plans.append(each)
        yield _Series(sample, plans)


def _saying(made: Augmentation) -> str:
    """What a variant says, however it is written."""
    return squeezed(made.caption or (made.variant.text if made.variant else ""))
