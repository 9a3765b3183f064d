"""Whether attributions say what matters, on real test tweets.

    python -m bench.attributions --data FOLDER [--samples 200] [--view without_knowledge]

For one mention of each of the first tweets in which the student finds any: how far the sum is from the difference that
it shares out (completeness); by how much the score falls when the three words with the largest shares are masked, and
when three random ones are; and, for some of them, how the map correlates with that of a student whose weights were
shuffled (model randomization; Adebayo et al., 2018).
"""

import argparse
import copy
import json
import os
import platform
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is imported

import numpy as np
import torch
from torch import nn

from core import corpora
from core.corpora import Row
from core.domain import Entity, View
from core.explanation.attribution import integrated_gradients
from core.explanation.counterfactuals import answers
from core.explanation.reading import Reading
from core.prediction import Predictor
from core.settings import Settings

TOP = 3
SHUFFLED = 20
"""Samples whose maps are compared with a shuffled student's."""


def read(data: Path) -> list[Row]:
    """The test tweets of Twitter-2017 with their published captions and knowledge."""
    return corpora.find("twitter").read(
        data / "twitter2017/test.txt",
        captions=data / "captions/twitter2017_blip2.txt",
        knowledge=data / "knowledge/twitter2017/test.txt",
    )


def shuffled(predictor: Predictor) -> Predictor:
    """The same student with the values of each trained weight in random order; norms and embeddings stay."""
    student = copy.deepcopy(predictor.student)
    chance = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for module in student.modules():
            if isinstance(module, nn.Linear):
                flat = module.weight.flatten()
                module.weight.copy_(flat[torch.randperm(len(flat), generator=chance)].view_as(module.weight))
    return Predictor(student, predictor.views, "shuffled")


def fall(reading: Reading, target: Entity, units: list[int]) -> float:
    """By how much the score falls when these words are masked."""
    is_hidden = torch.isin(reading.unit_of, torch.tensor(units))
    ids = torch.where(is_hidden, reading.blank, reading.ids)
    score = reading.score_of(target)
    with torch.inference_mode():
        whole, hidden = (float(score(reading.student.embed(each))) for each in (reading.ids, ids))
    return whole - hidden


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's correlation of two maps."""
    one, other = (np.argsort(np.argsort(np.array(each))) for each in (first, second))
    return float(np.corrcoef(one, other)[0, 1])


def measure(
    predictor: Predictor, other: Predictor | None, row: Row, view: View, chance: random.Random
) -> dict[str, Any] | None:
    """One tweet's figures, of a random one of the mentions found in it; None where there is none, or too few words."""
    (answer,) = answers(predictor, [row], view)
    reading = Reading(predictor, row, view)
    if not answer.entities or len(reading.units) <= TOP:
        return None
    found = chance.choice(answer.entities)
    target = Entity(start=found.start, end=found.end, type=found.type)
    attribution = integrated_gradients(reading, target)
    order = sorted(range(len(reading.units)), key=lambda at: -attribution.values[at])
    others = [at for at in range(len(reading.units)) if not target.start <= at < target.end]
    outside = [at for at in order if at in set(others)]
    figures: dict[str, Any] = {
        "error": attribution.error,
        "steps": attribution.steps,
        "top": fall(reading, target, order[:TOP]),
        "random": fall(reading, target, chance.sample(range(len(reading.units)), TOP)),
    }
    if len(others) > TOP:
        figures["top_outside"] = fall(reading, target, outside[:TOP])
        figures["random_outside"] = fall(reading, target, chance.sample(others, TOP))
    if other:
        again = integrated_gradients(Reading(other, row, view), target, steps=(16,))
        figures["correlation"] = rank_correlation(attribution.values, again.values)
    return figures


def summary(found: list[dict[str, Any]], view: View, seconds: float) -> dict[str, Any]:
    """What the figures of all tweets come to."""
    outside = [each for each in found if "top_outside" in each]
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "date": time.strftime("%Y-%m-%d"),
        "view": view,
        "samples": len(found),
        "seconds": round(seconds),
        "completeness_error_median": statistics.median(each["error"] for each in found),
        "completeness_error_largest": max(each["error"] for each in found),
        "within_5_percent": share([each["error"] <= 0.05 for each in found]),
        "steps": dict(sorted(Counter(each["steps"] for each in found).items())),
        "top_3_lower_more_than_random_3": share([each["top"] > each["random"] for each in found]),
        "the_same_without_the_mentions_own_words": share(
            [each["top_outside"] > each["random_outside"] for each in outside]
        ),
        "mean_fall": {name: statistics.mean(each[name] for each in found) for name in ("top", "random")},
        "mean_fall_outside": {
            name: statistics.mean(each[name] for each in outside) for name in ("top_outside", "random_outside")
        },
        "rank_correlation_with_shuffled_weights_mean": statistics.mean(
            each["correlation"] for each in found if "correlation" in each
        ),
    }


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--view", choices=["without_knowledge", "with_knowledge"], default="without_knowledge")
    options = parser.parse_args()
    predictor = Predictor.load(Settings.read())
    other, chance = shuffled(predictor), random.Random(1)  # noqa: S311 - choosing, not secrets
    found: list[dict[str, Any]] = []
    begun = time.perf_counter()
    for row in read(options.data):
        figures = measure(predictor, other if len(found) < SHUFFLED else None, row, options.view, chance)
        if figures:
            found.append(figures)
            if len(found) % 20 == 0:
                print(f"{len(found)} of {options.samples}", file=sys.stderr)
        if len(found) == options.samples:
            break
    print(json.dumps(summary(found, options.view, time.perf_counter() - begun), indent=2))


def share(held: list[bool]) -> float:
    """How many of them hold, as a share."""
    return round(sum(held) / len(held), 4)


if __name__ == "__main__":
    main()
