"""What came of making variants: how many there are, and how many were dropped, why."""

from collections import Counter
from collections.abc import Iterable, Mapping

from core.domain import Augmentation, AugmentationKind, DropReason
from core.domain.record import Value


class KindReport(Value):
    """One kind: all that were made are kept or dropped. `types` counts the kept new names by their entity type."""

    made: int
    kept: int
    dropped: Mapping[DropReason, int]
    types: Mapping[str, int]


def report(made: Iterable[Augmentation]) -> dict[AugmentationKind, KindReport]:
    """Counts by kind, the commonest reason first."""
    by_kind: dict[AugmentationKind, list[Augmentation]] = {}
    for each in made:
        by_kind.setdefault(each.kind, []).append(each)
    return {kind: _of_kind(records) for kind, records in sorted(by_kind.items())}


def _of_kind(records: list[Augmentation]) -> KindReport:
    dropped = Counter(each.dropped for each in records if each.dropped)
    kept = [each for each in records if each.dropped is None]
    types = Counter(swap.type for each in kept if each.kind == "entity" for swap in each.replacements)
    return KindReport(
        made=len(records), kept=len(kept), dropped=dict(dropped.most_common()), types=dict(types.most_common())
    )
