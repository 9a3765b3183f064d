"""The commands that explain and compare, run as a user runs them, on the tiny student."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from core.cli import app
from core.corpora import Row
from core.domain import Answer, Caption, Entity, Grain, Knowledge, Maker, Sample
from core.errors import BadInput
from core.explanation.case import explain
from core.explanation.cases import CaseList
from core.explanation.counterfactuals import Flip
from core.explanation.page import left_out, render
from core.identity import local
from core.prediction import Predictor
from core.review import remark
from core.settings import Settings
from core.store import Store

HOSTILE = "</p><script>alert(1)</script> {{7*7}} \u202eevil"


def run(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> Any:
    """Run a command with --json; gives its answer, or the error's line."""
    with pytest.raises(SystemExit) as ended:
        app([str(each) for each in arguments] + ["--json"])
    out, error = capsys.readouterr()
    assert (ended.value.code or 0) == status, error
    return json.loads(out) if status == 0 else error


@pytest.fixture
def case(tmp_path: Path) -> Sample:
    """A stored case whose tweet, caption and thought are hostile."""
    sample = Sample.from_text(f"ana goes to paris {HOSTILE}")
    labelled = sample.model_copy(update={"entities": (Entity(start=0, end=1, type="PER"),)})
    maker = Maker(model=f"by {HOSTILE}", created="2026-01-01T00:00:00Z")
    with Store(tmp_path / "workspace") as store:
        store.add(
            labelled,
            Caption(sample_id=labelled.id, text=f"a city {HOSTILE}", maker=maker),
            Knowledge(sample_id=labelled.id, grain="noun", text=f"ana is a person . {HOSTILE}", maker=maker),
        )
        remark(store, labelled.id, HOSTILE, by=local("Ana"))
    return labelled


def test_a_case_becomes_a_page_on_which_nothing_hostile_takes_effect_and_json_that_says_the_same(
    capsys: pytest.CaptureFixture[str], student: Path, case: Sample, tmp_path: Path
) -> None:
    home = ("--workspace", tmp_path / "workspace", "--student", student)
    tried = run(capsys, "whatif", case.id, "--without", "caption", *home)
    assert tried["caption"] is None
    assert tried["case_id"] == case.id
    answer = run(capsys, "explain", case.id, "--out", tmp_path / "out", *home)
    page = (tmp_path / "out" / f"{case.id}.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{7*7}}" in page
    assert "\u202e" not in page
    assert "default-src 'none'" in page
    assert "http:" not in page.replace("http-equiv", "")
    document = json.loads((tmp_path / "out" / f"{case.id}.json").read_text())
    assert answer["cases"] == [document]
    assert document["counterfactuals"][0]["sample"]["text"] == case.text
    assert document["notes"][0]["text"] == HOSTILE
    assert {each["view"] for each in document["explained"][0]["reasons"]} == {"without_knowledge", "with_knowledge"}


def test_a_try_is_made_from_a_try_and_a_note_stays_with_the_case(
    capsys: pytest.CaptureFixture[str], student: Path, case: Sample, tmp_path: Path
) -> None:
    home = ("--workspace", tmp_path / "workspace")
    who = ("--student", student)
    first = run(capsys, "whatif", case.id, "--without", "caption", *home, *who)
    halves = ("--entities", "1. ana (person) ", "--reasoning", "Reasoning: ana travels .")
    second = run(capsys, "whatif", case.id, "--after", first["id"], *halves, *home, *who)
    assert (second["parent_id"], second["caption"]) == (first["id"], None)
    assert second["knowledge"]["mixed"] == "1. ana (person) Reasoning: ana travels ."
    refused = run(capsys, "whatif", case.id, "--after", "abc", *home, *who, status=2)
    assert f"there is no try 'abc' on case '{case.id}'; there are: {first['id']}, {second['id']}" in refused
    kept = run(capsys, "note", case.id, "mind the second name", "--author", "Bo", *home)
    assert (kept["author"], kept["text"]) == ("Bo", "mind the second name")
    with Store(tmp_path / "workspace") as store:
        assert [each.text for each in store.notes(case.id)] == [HOSTILE, "mind the second name"]
    assert "there is no case 'abc'" in run(capsys, "note", "abc", "x", "--author", "Bo", *home, status=2)
    assert "1 to 2,000 characters" in run(capsys, "note", case.id, " ", "--author", "Bo", *home, status=2)


def test_commands_say_what_is_wrong(
    capsys: pytest.CaptureFixture[str], student: Path, case: Sample, tmp_path: Path
) -> None:
    home = ("--workspace", tmp_path / "workspace", "--student", student)
    assert "name one case, or a list" in run(capsys, "explain", *home, status=2)
    assert "there is no case 'abc'" in run(capsys, "explain", "abc", *home, status=2)
    assert "'picture' is no part" in run(capsys, "whatif", case.id, "--without", "picture", *home, status=2)
    assert "there is no view 'both'" in run(
        capsys, "compare", "--path", tmp_path / "x.txt", "--view", "both", *home, status=2
    )


def test_two_views_are_compared_and_the_most_telling_cases_are_listed_without_their_words_and_rebuilt(
    capsys: pytest.CaptureFixture[str], student: Path, corpora: Path, tmp_path: Path
) -> None:
    listed, words = tmp_path / "cases.toml", (corpora / "dev.txt").read_text()
    wrong = corpora / "wrong.txt"
    wrong.write_text(words.replace("B-LOC", "B-PER"))  # so that knowledge has something to be wrong about
    home = ("--workspace", tmp_path / "workspace", "--student", student)
    told = ("--captions", corpora / "captions.txt", "--knowledge", corpora / "dev.knowledge.txt")
    answer = run(capsys, "compare", "--path", wrong, *told, "--cases", listed, "--data", corpora, *home)
    assert answer["samples"] == 9
    assert [line["name"] for line in answer["errors"]["lines"]][-1] == "all"
    cases = CaseList.read(listed)
    assert str(cases.split.path) == "wrong.txt"
    assert CaseList.read(listed).toml() == listed.read_text()
    assert not any(word in listed.read_text() for word in ("goes", "ana", "oslo"))


def test_a_split_of_the_workspace_is_compared_as_its_file_is(
    capsys: pytest.CaptureFixture[str], student: Path, corpora: Path, tmp_path: Path
) -> None:
    home = ("--workspace", tmp_path / "workspace", "--student", student)
    told = ("--captions", corpora / "captions.txt", "--knowledge", corpora / "dev.knowledge.txt")
    by_file = run(capsys, "compare", "--path", corpora / "dev.txt", *told, *home)
    part = ("--corpus", "tiny", "--split", "dev")
    run(capsys, "import", "--path", corpora / "dev.txt", *told, *part, "--workspace", tmp_path / "workspace")
    assert run(capsys, "compare", *part, *home) == {**by_file, "path": "tiny/dev"}
    assert "--captions and --knowledge are of a file" in run(capsys, "compare", *part, *told, *home, status=2)
    both = ("--path", corpora / "dev.txt", "--corpus", "tiny")
    assert "name either a labelled split with --path" in run(capsys, "compare", *both, *home, status=2)


def test_studied_cases_are_listed_the_latest_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    samples = [Sample.from_text(f"ana goes {where}") for where in ("there", "here")]
    with Store(tmp_path / "workspace") as store:
        for sample in samples:
            store.study(sample)
    found = run(capsys, "cases", "--workspace", tmp_path / "workspace")["cases"]
    assert [(each["id"], each["text"]) for each in found] == [(each.id, each.text) for each in samples[::-1]]


def test_a_list_of_cases_is_rebuilt_from_the_corpus_and_refused_for_another(
    capsys: pytest.CaptureFixture[str], student: Path, corpora: Path, tmp_path: Path
) -> None:
    from core import corpora as forms

    row = forms.find("twitter").read(corpora / "dev.txt")[2]
    lines = [f'student = "{student}"', "[split]", 'path = "dev.txt"', "[[case]]", "position = PLACE"]
    text = "\n".join([*lines, f'sample = "{row.sample.id}"', 'effect = "helped"\n'])
    listed = tmp_path / "cases.toml"
    listed.write_text(text.replace("PLACE", "2"))
    home = ("--data", corpora, "--workspace", tmp_path / "workspace")
    run(capsys, "explain", "--ids", listed, "--out", tmp_path / "out", *home)
    page, document = sorted((tmp_path / "out").iterdir())
    assert (page.suffix, document.suffix) == (".html", ".json")
    document.write_text("as it was")
    again = run(capsys, "explain", "--ids", listed, "--out", tmp_path / "out", *home)
    assert again == {"cases": [], "written_before": [row.sample.id]}
    assert document.read_text() == "as it was"
    document.unlink()
    assert len(run(capsys, "explain", "--ids", listed, "--out", tmp_path / "out", *home)["cases"]) == 1
    listed.write_text(text.replace("PLACE", "3"))
    assert "sentence 3 of" in run(capsys, "explain", "--ids", listed, *home, status=2)
    listed.write_text("student = ")
    assert "is not TOML" in run(capsys, "explain", "--ids", listed, *home, status=2)


def test_a_page_says_that_nothing_was_found(student: Path) -> None:
    predictor = Predictor.load(Settings.read(student=str(student)))
    page = render(explain(predictor, Row(Sample.from_text("! ? ."))), None)
    assert "What the student finds" in page


def test_a_page_marks_head_and_tail_and_has_every_grain(relation_student: Path) -> None:
    predictor = Predictor.load(Settings.read(student=str(relation_student)))
    pair = Sample.from_text("ana says the acme !").of_pair("ana", "acme")
    told = [Row(pair, "a person", {grain: f"The {grain} of it."}) for grain in get_args(Grain)]
    for row in told:
        page = render(explain(predictor, row), None)
        assert all(text in page for text in row.knowledge.values())
        assert page.count("<b>head</b>") == page.count("<b>tail</b>") == 2
        assert "ana → acme: <b>member of (per, org)</b>" in page
        assert "Gold" not in page
    labelled = Sample.from_text("ana says the acme !").of_pair("ana", "acme", "None")
    assert "ana → acme: no relation" in render(explain(predictor, Row(labelled)), None)


def test_a_page_names_all_sets_of_parts_that_flip_an_answer() -> None:
    flips = [Flip(without=parts, answer=Answer()) for parts in (("caption", "noun"), ("caption", "reasoning"))]
    words = "the caption and special words, or the caption and the published reasoning"
    assert left_out(flips) == words


@pytest.mark.parametrize(("text", "author"), [("", "Ana"), ("x" * 2001, "Ana"), ("fine", " ")])
def test_a_note_needs_words_and_a_name(tmp_path: Path, case: Sample, text: str, author: str) -> None:
    with Store(tmp_path / "workspace") as store, pytest.raises(BadInput):
        remark(store, case.id, text, by=local(author))
