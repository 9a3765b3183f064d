"""The guidelines for reviewers, beside the database."""

from pathlib import Path

import pytest

from core.errors import BadInput, StoreError
from core.identity import local
from core.review import guidelines


def test_guidelines_are_the_projects_own_until_somebody_writes_others_and_old_ones_stay(tmp_path: Path) -> None:
    assert guidelines.read(tmp_path).startswith("Approve a variant")
    guidelines.write(tmp_path, "Approve 😍 only.", by=local("Cleo"))
    guidelines.write(tmp_path, "Approve nothing.", by=local("Cleo"))
    assert guidelines.read(tmp_path) == "Approve nothing."
    (before,) = tmp_path.glob("guidelines.*.md")
    assert before.read_text(encoding="utf-8") == "Approve 😍 only."
    with pytest.raises(BadInput, match="somebody changed the guidelines while you wrote: yours are not saved"):
        guidelines.write(tmp_path, "Approve all.", by=local("Ada"), instead_of="Approve 😍 only.")
    assert guidelines.read(tmp_path) == "Approve nothing."
    guidelines.write(tmp_path, "Approve all.", by=local("Ada"), instead_of="Approve nothing.")
    assert guidelines.read(tmp_path) == "Approve all."
    with pytest.raises(BadInput, match="shorten them"):
        guidelines.write(tmp_path, "x" * 50_001, by=local("Cleo"))


def test_guidelines_that_are_no_text_say_so(tmp_path: Path) -> None:
    (tmp_path / "guidelines.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match=r"guidelines\.md cannot be read"):
        guidelines.read(tmp_path)
