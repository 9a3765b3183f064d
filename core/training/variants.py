"""Augmentations as training examples: labels from the variant, knowledge from its parent where it still holds."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.augmentation import files
from core.augmentation.files import Variant
from core.augmentation.inheritance import inherited
from core.corpora import Row
from core.training.config import Variants


def variant_rows(variants: Variants, root: Path, parents: Mapping[str, Row]) -> list[Row]:
    """The chosen variants of these parents, by sample id, in the order of the parents.

    Each has its parent's caption, or that of the picture imagined for it, and what it has `inherited` of the thoughts.

    Raises:
        BadInput: the file cannot be read.
    """
    made = defaultdict(list)
    for variant in files.read(root / variants.path):
        if _is_chosen(variant, variants) and variant.augmentation.parent_id in parents:
            made[variant.augmentation.parent_id].append(variant)
    return [
        row
        for parent_id, parent in parents.items()
        for each in sorted(made[parent_id], key=_turn)[: variants.times]
        for row in _rows(each, parent)
    ]


def _is_chosen(variant: Variant, variants: Variants) -> bool:
    if variant.augmentation.kind not in variants.kinds:
        return False
    match variants.which:
        case "approved":
            return variant.approved
        case "all":
            return variant.usable
        case "with implausible":
            return variant.usable_if_possible


def _turn(variant: Variant) -> tuple[int, bytes]:
    """First draws before second ones; which kind comes first differs from parent to parent."""
    augmentation = variant.augmentation
    lot = hashlib.sha256(f"{augmentation.parent_id} {augmentation.kind}".encode()).digest()
    nth = augmentation.maker.parameters.get("nth", 0)
    return (nth if isinstance(nth, int) else 0), lot


def _rows(variant: Variant, parent: Row) -> Iterator[Row]:
    augmentation = variant.augmentation
    if augmentation.variant is None:
        return
    knowledge = inherited(augmentation.kind, parent.knowledge)
    yield Row(sample=augmentation.variant, caption=augmentation.caption or parent.caption, knowledge=knowledge)
