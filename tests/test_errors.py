"""A validation that failed, in words: one line for whatever was read, be it a table or a tweet."""

from collections.abc import Callable

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import LONGEST_VALUE, complaint


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid")

    seeds: tuple[int, ...] = Field((1,), min_length=1)
    words: str = Field("", max_length=3)
    epochs: int

    @model_validator(mode="after")
    def _fits(self) -> "Section":
        if self.epochs > 5:
            raise ValueError("more epochs than five, and no patience")
        return self


class Form(BaseModel):
    section: Section


def said(check: Callable[[], object]) -> str:
    with pytest.raises(ValidationError) as failure:
        check()
    return complaint(failure.value)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (
            {"epochs": "x"},
            "section.epochs = 'x': Input should be a valid integer",
        ),
        ({"epochs": None}, "section.epochs = None: Input should be a valid integer"),
        ({"epochs": 1, "seeds": [1, "x"]}, "section.seeds.1 = 'x': Input should be a valid integer"),
        ({"epochs": 1, "seeds": []}, "section.seeds = []: Tuple should have at least 1 item"),
        ({"epochs": {"of": 3}}, "section.epochs: Input should be a valid integer"),
        ({"epochs": [{"of": 3}]}, "section.epochs: Input should be a valid integer"),
        ({"epochs": 6}, "section: more epochs than five, and no patience"),
        ({}, "section.epochs: Field required"),
        ({"epocs": 3}, "section.epocs = 3: Extra inputs are not permitted"),  # and not what is missing for it
        ({"epochs": 1, "words": "\n" * 4}, r"section.words = '\n\n\n\n': String should have at most 3 characters"),
        ({"epochs": 1, "words": "x" * LONGEST_VALUE}, "section.words: String should have at most 3 characters"),
        ({"epochs": 1, "words": 10**5000}, "section.words: Input should be a valid string"),  # more than Python writes
        ({"epochs": 1, "a\nb\x1b[31m\u202e": 3}, "section.a b[31m = 3: Extra inputs are not permitted"),
        ({"epochs": 1, "x" * 300: 3}, f"section.{'x' * (LONGEST_VALUE - 8)} = 3: Extra inputs are not permitted"),
    ],
)
def test_field_value_and_reason_are_told_in_one_line(section: dict[str, object], words: str) -> None:
    found = said(lambda: Form.model_validate({"section": section}))
    assert found.startswith(words)
    assert "\n" not in found


def test_what_concerns_the_whole_is_told_without_a_place() -> None:
    assert said(lambda: Section(epochs=6)) == "more epochs than five, and no patience"
    assert said(lambda: Form.model_validate_json("{")).startswith("Invalid JSON: ")
