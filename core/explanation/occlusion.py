"""Occlusion (Zeiler and Fergus, 2014): by how much a score falls when something is hidden. The check on gradients."""

import torch
from captum.attr import FeatureAblation

from core.domain import Entity
from core.domain.record import Value
from core.explanation.reading import Reading, Unit

ROWS_AT_ONCE = 16


class Hidden(Value):
    """A word of the tweet, or a whole caption or thought (whose `text` is then empty), and by how much the score falls
    without it, in mean log-odds."""

    unit: Unit
    fall: float


def occlusion(reading: Reading, target: Entity | str) -> list[Hidden]:
    """Hide each word of the tweet, and each caption and thought as a whole, behind [MASK]s.

    Raises:
        BadInput: the student has no such label, or the mention lies outside the tweet.
    """
    score = reading.score_of(target)
    groups: dict[Unit | int, int] = {}
    group_of = [0]  # of what is no word, and never hidden
    for at, unit in enumerate(reading.units):
        whole = at if unit.part == "tweet" else Unit(part=unit.part, text="")
        group_of.append(groups.setdefault(whole, len(groups) + 1))
    features = torch.tensor(group_of, device=reading.ids.device)[reading.unit_of + 1][None]
    method = FeatureAblation(lambda ids: score(reading.student.embed(ids)))
    with torch.no_grad():
        falls = method.attribute(
            reading.ids, baselines=reading.blank, feature_mask=features, perturbations_per_eval=ROWS_AT_ONCE
        )[0]
    hidden = []
    for whole, group in groups.items():
        unit = reading.units[whole] if isinstance(whole, int) else whole
        hidden.append(Hidden(unit=unit, fall=float(falls[features[0] == group][0])))
    return hidden
