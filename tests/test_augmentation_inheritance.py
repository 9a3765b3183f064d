"""What a variant has of its parent's thoughts."""

import pytest

from core.augmentation.inheritance import inherited
from core.domain import AugmentationKind, Grain

THOUGHTS: dict[Grain, str] = {"noun": "a", "sentence": "b", "multimodality": "c", "mixed": "d"}


@pytest.mark.parametrize(("kind", "kept"), [("style", "abcd"), ("entity", ""), ("image", "ab")])
def test_a_variant_keeps_what_still_holds_for_it(kind: AugmentationKind, kept: str) -> None:
    assert "".join(inherited(kind, THOUGHTS).values()) == kept
