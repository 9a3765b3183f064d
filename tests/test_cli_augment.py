"""`core augment` with names of a teacher: what they cost, and what is made without them."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from core.domain import Entity, Sample
from core.store import Store
from tests.commands import core, document
from tests.loopback import Loopback

pytestmark = pytest.mark.usefixtures("workspace")


def augment_with_names(*options: object) -> Result:
    return core("augment", "--corpus", "names", "--kind", "entity", "--names", "teacher", "--json", *options)


@pytest.fixture
def named(workspace: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """A labelled corpus, and a teacher with a price who knows a person for every letter."""
    entities = (Entity(start=0, end=1, type="PER"),)
    with Store(workspace) as store:
        store.add_corpus(
            "names", "all", [Sample.from_tokens((name, "waves"), entities=entities) for name in ("Ana", "Bo", "Cy")]
        )
    monkeypatch.setenv("COTPD_TEACHER_MODEL", "gpt-4o-mini")

    def answer(body: dict[str, Any]) -> str:
        question = body["messages"][-1]["content"]
        letter = question.partition("letter ")[2][:1]
        return "Yes" if not letter else f"{letter}ilbert" if "persons" in question else "nothing"

    loopback.answer = answer


@pytest.mark.usefixtures("named")
def test_nothing_is_asked_on_a_dry_run_or_for_a_batch_not_even_for_names(loopback: Loopback, tmp_path: Path) -> None:
    for options in (("--dry-run",), ("--batch-out", tmp_path / "requests.jsonl")):
        result = augment_with_names(*options)
        assert (result.exit_code, loopback.requests) == (2, [])
        assert "104 of the 104 questions for names have no answer yet" in result.stderr
    document(augment_with_names("--limit", "1"))
    asked = len(loopback.requests)
    assert asked == 104 + 1
    forecast = document(augment_with_names("--dry-run"))["forecast"]
    assert forecast["calls"] >= 2
    assert len(loopback.requests) == asked


@pytest.mark.usefixtures("named")
def test_no_name_of_a_corpus_other_splits_nor_of_those_to_keep_apart_is_put_in(workspace: Path) -> None:
    entities = (Entity(start=0, end=1, type="PER"),)
    with Store(workspace) as store:
        apart = {("names", "dev"): "Ana", ("names", "test"): "Ailbert", ("others", "test"): "Bilbert"}
        for (corpus, split), name in apart.items():
            store.add_corpus(corpus, split, [Sample.from_tokens((name, "stays"), entities=entities)])
        store.add_corpus("names", "train", store.samples("names", "all")[:3], replace=True)
    made = document(augment_with_names("--split", "train", "--times", "26", "--not-in", "others/test"))["variants"]
    new = {each["new"] for variant in made for each in variant["replacements"]}
    assert new
    assert new.isdisjoint(apart.values())


@pytest.mark.usefixtures("named")
def test_names_and_variants_share_a_budget_and_both_are_reported(loopback: Loopback) -> None:
    spent = document(augment_with_names())
    names, variants = spent["names"], spent["report"]
    assert (names["requests"], variants["requests"]) == (104, 3)
    assert min(names["cost_usd"], variants["cost_usd"]) > 0


@pytest.mark.usefixtures("named")
def test_what_names_cost_is_taken_off_the_budget() -> None:
    budget = 0.003
    result = augment_with_names("--kind", "style", "--times", "50", "--budget", budget)
    assert result.exit_code == 1
    got = json.loads(result.stdout)
    names, variants = got["names"], got["report"]
    assert names["stopped"] is None
    assert "the budget" in variants["stopped"]
    assert budget / 2 < names["cost_usd"] + variants["cost_usd"] <= budget


@pytest.mark.usefixtures("named")
def test_a_list_of_names_that_lacks_one_answer_makes_no_variants(loopback: Loopback) -> None:
    loopback.fault = lambda body: "filter" if "letter Q" in body["messages"][-1]["content"] else None
    result = augment_with_names()
    assert result.exit_code == 2
    assert "the list of names is not whole: 4 questions failed" in result.stderr
    loopback.fault = None
    assert document(augment_with_names())["names"]["requests"] == 4
