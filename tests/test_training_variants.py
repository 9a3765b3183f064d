"""Augmentations as training examples: which are taken, and what of their parent still holds for them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core import corpora
from core.augmentation import files
from core.augmentation.files import Variant
from core.corpora import Row
from core.domain import Augmentation, Choice, Entity, Grain, Maker, Replacement, Sample, Verdict
from core.errors import BadInput
from core.training.config import Split, TrainConfig, Variants
from core.training.data import read_examples

PARENTS = tuple(
    Sample.from_tokens((name, "is", "in", "Oslo"), image=str(at), entities=(Entity(start=0, end=1, type="PER"),))
    for at, name in enumerate(("Ana", "Bo", "Cy", "Di"))
)


def augmentation(kind: Any, parent: Sample, *, nth: int = 0, **fields: Any) -> Augmentation:
    tokens = (f"{kind}{nth}", *parent.tokens)
    variant = Sample.from_tokens(tokens, image=parent.image, entities=(Entity(start=1, end=2, type="PER"),))
    return Augmentation(
        parent_id=parent.id,
        kind=kind,
        answer="…",
        variant=variant,
        maker=Maker(model="t", parameters={"nth": nth}, created=datetime(2026, 1, 2, tzinfo=UTC)),
        **fields,
    )


def implausible(parent: Sample) -> Augmentation:
    no = Verdict(answer="no")
    swap = (Replacement(old="a", new="b", type="PER"),)
    return augmentation("entity", parent, verdict=no, replacements=swap, dropped="implausible")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rows = [
        Row(sample=parent, caption="a photo", knowledge={"noun": "a name", "multimodality": "the photo shows it"})
        for parent in PARENTS
    ]
    corpora.find("jsonl").write(rows, tmp_path / "train.jsonl")
    return tmp_path


def texts(root: Path, made: list[tuple[Augmentation, Choice | None]], **options: Any) -> list[str]:
    """What is trained on beside the parents."""
    files.write([Variant(augmentation=each, choice=choice) for each, choice in made], root / "variants.jsonl")
    variants = Variants.model_validate({"path": "variants.jsonl", **options})
    examples = read_examples(Split(format="jsonl", path=Path("train.jsonl")), root, "mner", variants)
    assert [example.sample for example in examples[: len(PARENTS)]] == list(PARENTS)
    return [" | ".join([example.sample.tokens[0], *example.sections]) for example in examples[len(PARENTS) :]]


def test_only_what_a_person_let_in_is_trained_on_unless_all_is_asked_for(root: Path) -> None:
    made = [
        (augmentation("style", PARENTS[0]), "approved"),
        (augmentation("style", PARENTS[1]), None),
        (augmentation("style", PARENTS[2]), "rejected"),
        (augmentation("style", PARENTS[2], nth=1), "edited"),
        (augmentation("style", PARENTS[2], nth=2), "flagged"),
        (augmentation("style", PARENTS[3]), "withdrawn"),
        (implausible(PARENTS[0]), None),
        (implausible(PARENTS[1]), "approved"),
        (implausible(PARENTS[2]), "rejected"),
    ]
    files.write([Variant(augmentation=each, choice=choice) for each, choice in made], root / "variants.jsonl")

    def parents(which: str) -> list[tuple[str, str]]:
        variants = Variants.model_validate({"path": "variants.jsonl", "which": which})
        examples = read_examples(Split(format="jsonl", path=Path("train.jsonl")), root, "mner", variants)
        return [(each.sample.tokens[0], each.sample.tokens[1]) for each in examples[len(PARENTS) :]]

    assert parents("approved") == [("style0", "Ana"), ("entity0", "Bo")]
    usable = [("entity0", "Bo"), ("style0", "Ana"), ("style0", "Bo"), ("style0", "Di")]
    assert sorted(parents("all")) == usable
    assert sorted(parents("with implausible")) == [("entity0", "Ana"), *usable]


def test_knowledge_of_the_parent_is_kept_where_it_still_holds(root: Path) -> None:
    made = [
        (augmentation("style", PARENTS[0]), None),
        (augmentation("entity", PARENTS[1]), None),
        (augmentation("image", PARENTS[2], caption="an imagined photo"), None),
    ]
    assert texts(root, made, which="all") == [
        "style0 | a photo | a name | the photo shows it",
        "entity0 | a photo",
        "image0 | an imagined photo | a name",
    ]


def test_thoughts_that_mix_words_and_picture_go_with_the_picture(root: Path) -> None:
    about_both: dict[Grain, str] = {"mixed": "Ana is a person. The photo shows her.", "summary": "Ana, in a photo"}
    rows = [Row(sample=parent, caption="a photo", knowledge=about_both) for parent in PARENTS]
    corpora.find("jsonl").write(rows, root / "train.jsonl")
    made = augmentation("image", PARENTS[0], caption="an imagined photo")
    assert texts(root, [(made, None)], which="all") == ["image0 | an imagined photo"]


def test_kinds_are_chosen_and_mixed_up_to_a_number_a_sample(root: Path) -> None:
    made = [
        (augmentation(kind, parent, nth=nth, **({"caption": "c"} if kind == "image" else {})), None)
        for parent in PARENTS
        for nth in (1, 0)
        for kind in ("style", "entity", "image")
    ]
    assert len(texts(root, made, which="all")) == 24
    assert len(texts(root, made, which="all", kinds=("style",))) == 8
    once = [line.split(" | ")[0] for line in texts(root, made, which="all", times=1)]
    assert len(once) == 4
    assert len(set(once)) > 1
    assert all(first.endswith("0") for first in once)  # first draws come first
    assert once == [line.split(" | ")[0] for line in texts(root, made[::-1], which="all", times=1)]


def test_variants_of_samples_that_are_not_trained_on_are_left_out(root: Path) -> None:
    files.write([Variant(augmentation=augmentation("style", parent)) for parent in PARENTS], root / "variants.jsonl")
    split = Split(format="jsonl", path=Path("train.jsonl"), limit=2, draw=3)
    examples = read_examples(split, root, "mner", Variants(path=Path("variants.jsonl"), which="all"))
    names = [example.sample.tokens for example in examples]
    assert [tokens[1] for tokens in names[2:]] == [tokens[0] for tokens in names[:2]]


def test_a_draw_under_a_seed_is_the_same_again_and_another_seeds_is_not(root: Path) -> None:
    def drawn(seed: int | None) -> list[str]:
        split = Split(format="jsonl", path=Path("train.jsonl"), limit=3, draw=seed)
        return [example.sample.tokens[0] for example in read_examples(split, root, "mner")]

    assert drawn(None) == ["Ana", "Bo", "Cy"]
    assert drawn(1) == drawn(1)
    assert len({tuple(drawn(seed)) for seed in range(8)}) > 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{}", "variants.jsonl:1: augmentation: Field required; `core augment --out` writes such files"),
        ("nothing", "variants.jsonl:1: Invalid JSON"),
    ],
)
def test_a_file_of_something_else_is_refused_with_its_line(root: Path, line: str, words: str) -> None:
    (root / "variants.jsonl").write_text(line + "\n")
    with pytest.raises(BadInput, match=words):
        read_examples(
            Split(format="jsonl", path=Path("train.jsonl")), root, "mner", Variants(path=Path("variants.jsonl"))
        )


def test_a_variant_that_was_dropped_whole_cannot_be_in_the_file(root: Path) -> None:
    gone = augmentation("style", PARENTS[0]).model_copy(update={"variant": None, "dropped": "span lost"})
    files.write([Variant(augmentation=gone)], root / "variants.jsonl")
    with pytest.raises(BadInput, match=r"variants.jsonl:1: the augmentation has no variant"):
        files.read(root / "variants.jsonl")


@pytest.mark.parametrize(
    ("augment", "words"),
    [
        ({"path": "v.jsonl", "kinds": ["colour"]}, r"augment.kinds.0 = 'colour'"),
        ({"path": "v.jsonl", "kinds": []}, r"augment.kinds = \[\]"),
        ({"path": "v.jsonl", "times": 0}, "augment.times = 0"),
        ({"path": "v.jsonl", "which": "some"}, "augment.which = 'some'"),
        ({}, "augment.path"),
    ],
)
def test_a_bad_choice_of_variants_is_refused_by_its_name(augment: dict[str, Any], words: str) -> None:
    config = {"train": {"path": "a"}, "dev": {"path": "b"}, "augment": augment}
    with pytest.raises(BadInput, match=words):
        TrainConfig.of(config, "a file")


def test_a_draw_without_a_limit_is_refused() -> None:
    with pytest.raises(BadInput, match="draw = 1 needs a limit"):
        TrainConfig.of({"train": {"path": "a", "draw": 1}, "dev": {"path": "b"}}, "a file")
