"""Somebody's words in places that take no markup."""

import pytest

from app import inert


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\t=1+1", "\x1b=1"])
def test_no_cell_begins_like_a_formula(text: str) -> None:
    shown = inert.cell(text)
    assert shown.lstrip("\N{ZERO WIDTH SPACE} \t")[0] in "=+-@"
    assert shown.strip()[0] not in "=+-@"


def test_other_words_stay_as_they_are_in_a_cell() -> None:
    assert inert.cell("Adele = @adele", 9) == "Adele = …"
