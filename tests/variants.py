"""Variants to review, as a teacher would have made them, in any number."""

import random
from datetime import UTC, datetime, timedelta

from core.domain import Augmentation, Entity, Maker, Replacement, Sample, Verdict
from core.store import Store

PEOPLE = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Tim Cook", "Serena Williams")
PLACES = ("Paris", "London", "New York City", "Oslo", "Nairobi")
MODELS = ("gpt-4", "qwen2.5-coder-1.5b")
FIRST = datetime(2026, 5, 1, tzinfo=UTC)


def sentence(*parts: str | tuple[str, str], image: str | None = None) -> Sample:
    """A sample of plain parts and of mentions, which are (words, type)."""
    tokens: list[str] = []
    entities = []
    for part in parts:
        words = (part if isinstance(part, str) else part[0]).split()
        if isinstance(part, tuple):
            entities.append(Entity(start=len(tokens), end=len(tokens) + len(words), type=part[1]))
        tokens += words
    return Sample.from_tokens(tuple(tokens), image=image, entities=tuple(entities))


def variant(number: int, kind: str | None = None, image: str | None = None) -> tuple[Sample, Augmentation]:
    """A parent and one variant of it, told apart from others by the number; the kinds take turns."""
    chance = random.Random(number)  # noqa: S311 - no secret
    person, other, place = chance.choice(PEOPLE), chance.choice(PEOPLE), chance.choice(PLACES)
    rest = f"with {number} friends today !"
    parent = sentence((person, "PER"), "is having coffee in", (place, "LOC"), rest, image=image)
    kind = kind or ("style", "entity", "image")[number % 3]
    values: dict[str, object] = {}
    made = parent
    if kind == "style":
        made = sentence("OMG", (person, "PER"), "had coffee in", (place, "LOC"), f"w/ {number} pals 😍 !", image=image)
    elif kind == "entity":
        made = sentence((other, "PER"), "is having coffee in", (place, "LOC"), rest, image=image)
        values = {
            "replacements": (Replacement(old=person, new=other, type="PER"),),
            "verdict": Verdict(answer="yes", margin=round(chance.gauss(1, 1), 2)),
        }
    else:
        values = {"caption": f"{person} sits in a street café in {place}, {number} people around."}
    maker = Maker(
        model=MODELS[number % 2],
        prompt_version="paper-1",
        parameters={"number": number},
        created=FIRST + timedelta(seconds=number),
    )
    return parent, Augmentation.model_validate(
        {"parent_id": parent.id, "kind": kind, "answer": made.text, "variant": made, "maker": maker, **values}
    )


def fill(store: Store, count: int) -> list[str]:
    """Keep so many variants; gives their ids in the order of the queue."""
    ids: list[str] = []
    for first in range(0, count, 10_000):
        pairs = [variant(number) for number in range(first, min(first + 10_000, count))]
        store.add(*(record for pair in pairs for record in pair))
        ids += [made.id for _, made in pairs]
    return ids


def state(store: Store, augmentation_id: str) -> str:
    found = store.queue.find(augmentation_id)
    assert found is not None
    return found.state


def approved(store: Store) -> list[str]:
    return [each.augmentation.id for each in store.approved()]
