"""How far reviewers agree beyond chance: Cohen's κ for two, Krippendorff's α for all."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import krippendorff
import numpy as np

from core.store import Store


@dataclass(frozen=True)
class Agreement:
    """A coefficient over so many variants: 1 is perfect, 0 what chance gives; None where `undefined` says why."""

    value: float | None
    variants: int
    undefined: str = ""


def kappas(store: Store) -> dict[tuple[str, str], Agreement]:
    """Cohen's κ of each pair of reviewers, over the variants that both voted on."""
    tables: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    for first, second, said, replied, count in store.queue.crossings():
        tables.setdefault((first, second), Counter())[said, replied] += count
    names = sorted(store.queue.voters())
    pairs = [(a, b) for at, a in enumerate(names) for b in names[at + 1 :]]
    return {pair: cohen_kappa(tables.get(pair, Counter())) for pair in pairs}


def cohen_kappa(table: Mapping[tuple[str, str], int]) -> Agreement:
    """Cohen's κ from how often the first of two reviewers said one thing and the second another."""
    total = sum(table.values())
    if total == 0:
        return Agreement(None, 0, "the two have voted on no variant in common")
    said, replied = Counter[str](), Counter[str]()
    for (a, b), count in table.items():
        said[a] += count
        replied[b] += count
    observed = sum(count for (a, b), count in table.items() if a == b) / total
    expected = sum(said[choice] * replied[choice] for choice in said) / total**2
    if len(said) == 1 and said.keys() == replied.keys():
        (choice,) = said
        return Agreement(None, total, f"both said “{choice}” of every variant: no chance to disagree, so κ is 0 / 0")
    return Agreement((observed - expected) / (1 - expected), total)


def alpha(store: Store) -> Agreement:
    """Krippendorff's α (nominal) over all variants that have two votes or more."""
    units: dict[str, Counter[str]] = {}
    for variant, choice, count in store.queue.ballots():
        units.setdefault(variant, Counter())[choice] += count
    return krippendorff_alpha(list(units.values()))


def krippendorff_alpha(units: list[Counter[str]]) -> Agreement:
    """Krippendorff's α from how often each choice was given to each variant; lone votes say nothing about agreement."""
    paired = [unit for unit in units if unit.total() > 1]
    if not paired:
        return Agreement(None, 0, "no variant has votes of two reviewers")
    choices = sorted({choice for unit in paired for choice in unit})
    if len(choices) == 1:
        why = f"every vote says “{choices[0]}”: no chance to disagree, so α is 0 / 0"
        return Agreement(None, len(paired), why)
    counts = np.array([[unit[choice] for choice in choices] for unit in paired])
    return Agreement(float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")), len(paired))
