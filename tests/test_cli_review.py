"""The review desk from the batch door: all that the pages do, on ids."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.cli import app
from core.domain import Augmentation, Maker, Sample
from core.store import Store
from tests.variants import fill


@pytest.fixture
def ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COTPD_WORKSPACE", str(tmp_path))
    with Store(tmp_path) as store:
        return fill(store, 6)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["review", *map(str, arguments)])


def document(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_variants_are_listed_by_filter_and_order(ids: list[str]) -> None:
    listed = document("list", "--kind", "entity", "--limit", 1)
    assert (listed["total"], [each["id"] for each in listed["variants"]]) == (2, [ids[1]])
    assert {each["id"] for each in document("list", "--order", "random", "--seed", 3)["variants"]} == set(ids)


def test_decisions_are_made_shown_and_taken_back(ids: list[str]) -> None:
    document("decide", "rejected", *ids[:3], "--reviewer", "Ada", "--reason", "too\nloud")
    assert document("agreement")["states"]["rejected"] == 3
    shown = document("show", ids[0])
    assert [(each["reviewer"], each["old"], each["new"], each["reason"]) for each in shown["history"]] == [
        ("Ada", None, "rejected", "too\nloud")
    ]
    assert "Ada  nothing → rejected: too loud" in run("show", ids[0]).stdout
    assert [each["variant"] for each in document("undo", "--reviewer", "Ada")["undone"]] == ids[:3]
    assert document("agreement")["states"]["pending"] == 6


def test_a_variant_is_edited_with_spans_named_in_words(ids: list[str]) -> None:
    edited = document("edit", ids[0], "--reviewer", "Ada", "--text", "So Cher sang", "--span", "1:2:PER")
    shown = document("show", edited["variant"])
    assert (shown["text"], shown["state"], shown["before"]) == ("So Cher sang", "approved", [ids[0]])


def test_rules_are_shown_and_changed(ids: list[str]) -> None:
    assert document("rules") == {"votes": 1, "blind": False}
    assert document("rules", "--votes", 2, "--blind", "--reviewer", "Cleo") == {"votes": 2, "blind": True}
    assert document("rules") == {"votes": 2, "blind": True}


def test_guidelines_are_shown_and_others_put_in_their_place(ids: list[str], tmp_path: Path) -> None:
    assert run("guidelines").stdout.startswith("Approve a variant")
    (tmp_path / "new.md").write_text("Be kind 😍\x1b[31m\n", encoding="utf-8")
    written = run("guidelines", "--write", tmp_path / "new.md", "--reviewer", "Cleo")
    assert written.stdout == "Be kind 😍[31m\n"
    assert document("guidelines") == {"guidelines": "Be kind 😍\x1b[31m\n"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--order", "size"], "no order is called 'size'"),
        (["list", "--state", "done"], "no state is called 'done'"),
        (["decide", "liked", "x", "--reviewer", "Ada"], "no choice is called 'liked'"),
        (["decide", "approved", "x", "--reviewer", "Ada"], "no variant has the id 'x'"),
        (["show", "x"], "no variant has the id 'x'"),
        (["undo", "--reviewer", "Ada"], "nothing of yours"),
        (["undo", "--reviewer", " "], "needs your name"),
        (["rules", "--votes", "2"], "needs your name"),
        (["guidelines", "--write", "nowhere.md", "--reviewer", "Ada"], "nowhere.md cannot be read"),
        (["guidelines", "--write", __file__], "needs your name"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(ids: list[str], arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_relation_of_a_pair_is_corrected(ids: list[str], tmp_path: Path) -> None:
    parent = Sample.from_text("Ada works at Acme").of_pair("Ada", "Acme")
    variant = Sample.from_text("Ada is with Acme").of_pair("Ada", "Acme")
    maker = Maker(model="pen", created=datetime(2026, 1, 1, tzinfo=UTC))
    made = Augmentation(parent_id=parent.id, kind="style", answer="", variant=variant, maker=maker)
    with Store(tmp_path) as store:
        store.add(parent, made)
        corrected = document("edit", made.id, "--reviewer", "Ada", "--relation", "/per/org/member_of")["variant"]
        kept = store.augmentation(corrected)
    assert kept is not None
    assert kept.variant == Sample.from_text("Ada is with Acme").of_pair("Ada", "Acme", "/per/org/member_of")
    result = run("edit", ids[0], "--reviewer", "Ada", "--relation", "None")
    assert (result.exit_code, "has no head and tail" in result.stderr) == (2, True)


@pytest.mark.parametrize("span", ["0:2", "2:1:PER", "a:b:PER", "0:1:"])
def test_a_span_that_is_none_is_refused(ids: list[str], span: str) -> None:
    result = run("edit", ids[0], "--reviewer", "Ada", "--span", span)
    assert result.exit_code == 2
    assert "a span is START:END:TYPE" in result.stderr
