"""The samples that tell most about a comparison: where the second side is better than the first, and where worse."""

from collections.abc import Iterator

from core.analysis.compared import Compared
from core.comparison import Effect
from core.explanation.cases import ListedCase, bare


def telling(compared: Compared, count: int) -> list[ListedCase]:
    """So many samples that the second side got better, and so many that it got worse, the plainest first.

    Plain is a sample with many mentions that changed in the one direction and none in the other; of equal ones, the
    shorter tweet. Samples in which both happened are left out.
    """
    return [*_most(compared, "helped", "hurt", count), *_most(compared, "hurt", "helped", count)]


def _most(compared: Compared, effect: Effect, opposite: Effect, count: int) -> Iterator[ListedCase]:
    found = []
    for at, (changes, gold) in enumerate(zip(compared.changes, compared.gold, strict=True)):
        effects = [change.effect(gold) for change in changes]
        if effect in effects and opposite not in effects:
            found.append((-effects.count(effect), len(compared.rows[at].sample.tokens), at))
    for *_, at in sorted(found)[:count]:
        row = compared.rows[at]
        yield ListedCase(
            position=at,
            sample=row.sample.id,
            image=row.sample.image,
            effect=effect,
            gold=bare(compared.gold[at]),
            first=bare(compared.found[0][at]),
            second=bare(compared.found[1][at]),
        )
