"""How often a teacher's yes or no on another name in a tweet is that of a person.

    python -m bench.verdicts --data FOLDER [--teacher qwen2.5-coder-0.5b]

`verdicts.json` holds one person's judgement of 100 training tweets of Twitter-2017, drawn at random, by the samples'
ids: whether the tweet is possible with the name that the first draw puts in a mention's place, of all names of the
training set. It was given before any teacher was asked.
"""

import argparse
import json
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from core import corpora, prompts
from core.augmentation import FIRST, EntityPool, entity
from core.domain import Augmentation
from core.settings import Settings
from core.teachers import Teacher, embedded

JUDGED: dict[str, bool] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


def verdicts(teacher: Teacher, data: Path) -> list[Augmentation]:
    """The judged variants, as `core augment --kind entity` makes them with this teacher."""
    rows = corpora.find("twitter").read(data / "twitter2017/train.txt")
    samples = {row.sample.id: row.sample for row in rows}
    pool = EntityPool.from_samples(samples.values(), "the training set")
    prompt = prompts.load(teacher.prompts, "entity")
    return [entity.replace(samples[id_], teacher, prompt, pool, FIRST).ask_now(teacher) for id_ in JUDGED]


def area(scores: Sequence[float], truths: Sequence[bool]) -> float:
    """Chance that a score of a true one is above that of a false one: 0.5 says nothing."""
    true, false = (
        [score for score, is_true in zip(scores, truths, strict=True) if is_true is want] for want in (True, False)
    )
    wins = sum((high > low) + (high == low) / 2 for high in true for low in false)
    return wins / (len(true) * len(false))


def main() -> None:
    """Ask one embedded teacher about all, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", default="qwen2.5-coder-1.5b")
    options = parser.parse_args()
    teacher = embedded.load(Settings(embedded_teacher=options.teacher))
    made = verdicts(teacher, options.data)
    kept = [each.dropped is None for each in made]
    truths = list(JUDGED.values())
    right = sum(one == other for one, other in zip(kept, truths, strict=True))
    good = sum(one and other for one, other in zip(kept, truths, strict=True))
    margins = [each.verdict.margin or 0.0 for each in made if each.verdict]
    print(f"{date.today()}, {platform.machine()}, {teacher.model}: {sum(truths)} of {len(truths)} are possible")
    print(f"a clear yes: {sum(kept)}, of which possible {good}; judged rightly {right} of {len(made)}")
    print(
        f"yes rather than no: {sum(margin > 0 for margin in margins)}; area under the curve {area(margins, truths):.2f}"
    )


if __name__ == "__main__":
    main()
