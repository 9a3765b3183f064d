"""Comparisons on a small set made by hand: every figure is one that can be counted on fingers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from core.analysis.answering import answer_all
from core.analysis.calibration import reliability
from core.analysis.compared import Compared
from core.analysis.differences import confusion, help_and_hurt, mcnemar, right_and_wrong
from core.analysis.mistakes import error_classes, label_errors
from core.analysis.relatedness import relatedness
from core.analysis.report import compare, report
from core.analysis.sides import Answered, Side
from core.analysis.slices import Known, overall, slices
from core.analysis.tables import Line, Number, Table
from core.corpora import Row
from core.domain import Relation, Sample, Span, View
from core.domain.bio import entities_from_tags
from core.errors import BadInput, Forbidden
from core.evaluation.mner import span_scores
from core.identity import Person, local
from core.models import Models
from core.settings import Settings

SIDES = (Side(student="s", view="without_knowledge"), Side(student="s", view="with_knowledge"))
GOLD = ["B-PER O O B-LOC", "B-PER I-PER O O", "O O B-ORG O", "B-PER O O O"]
FIRST = ["B-PER O O O", "B-PER O O O", "O O B-LOC B-PER", "B-LOC O O O"]
SECOND = ["B-PER O O B-LOC", "B-PER I-PER O O", "O O O B-PER", "B-LOC O O O"]
WORDS = ["ana goes to paris", "bob lee in rome", "at the acme #", "oslo is a city"]


def made(gold: Sequence[str], *answers: Sequence[str]) -> Compared:
    rows = [
        Row(Sample.from_tokens(tuple(words.split()), entities=entities_from_tags(tags.split())))
        for words, tags in zip(WORDS, gold, strict=True)
    ]
    first, second = ([Answered(labels=tuple(t.split()), probabilities=(0.9,) * 4) for t in each] for each in answers)
    return Compared("mner", rows, SIDES, (first, second))


COMPARED = made(GOLD, FIRST, SECOND)


def numbers(table: Table) -> dict[str, list[float | None]]:
    return {line.name: [number.value for number in line.numbers] for line in table.lines}


def behind(table: Table, name: str, column: int) -> tuple[int, ...]:
    return next(line for line in table.lines if line.name == name).numbers[column].rows


def test_help_and_hurt_are_counted_with_the_tweets_behind_them() -> None:
    table = help_and_hurt(COMPARED)
    assert numbers(table) == {
        "found as well": [1, 0, 0],
        "no longer found": [1, 0, 0],  # acme was found as a place, which it is not
        "another type": [0, 0, 0],
        "other bounds": [1, 0, 0],
        "all mentions": [3, 0, 0],
        "tweets: only better, only worse, both": [3, 0, 0],
    }
    assert behind(table, "found as well", 0) == (0,)
    assert behind(table, "other bounds", 0) == (1,)
    other_way_round = made(GOLD, SECOND, FIRST)
    assert numbers(help_and_hurt(other_way_round))["all mentions"] == [0, 3, 0]


def test_who_is_right_counts_gold_mentions_and_whole_tweets() -> None:
    table = right_and_wrong(COMPARED)
    assert numbers(table) == {"gold mentions": [1, 0, 2, 2, 0.5], "whole tweets": [0, 0, 2, 2, 0.5]}
    assert behind(table, "gold mentions", 2) == (0, 1)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)


def test_the_confusion_is_of_one_side_with_the_other() -> None:
    table = confusion(COMPARED)
    assert table.columns == ("LOC", "PER", "nothing")
    assert numbers(table) == {"LOC": [1, 0, 1], "PER": [0, 2, 1], "nothing": [1, 1, 0]}


def test_errors_are_missed_spurious_of_wrong_type_or_bounds() -> None:
    table = error_classes(COMPARED)
    assert numbers(table) == {
        "missed": [1, 1],
        "spurious": [1, 1],
        "wrong type": [2, 1],
        "wrong bounds": [1, 0],
        "all": [5, 3],
    }
    assert behind(table, "missed", 1) == (2,)


def test_likely_label_errors_are_those_that_both_sides_contradict_alike() -> None:
    found = label_errors(COMPARED)
    assert {(each.row, each.sentence) for each in found} == {
        (2, "gold nothing, both find “#” PER"),
        (3, "gold “oslo” PER, both find “oslo” LOC"),
    }
    assert all(each.confidence == pytest.approx(0.9) for each in found)


def test_the_whole_set_has_the_scores_of_the_evaluation_and_the_tweets_that_lower_them() -> None:
    table = overall(COMPARED)
    for line, answers in zip(table.lines, (FIRST, SECOND), strict=True):
        score = span_scores([t.split() for t in GOLD], [t.split() for t in answers])
        assert [number.value for number in line.numbers] == [score.precision, score.recall, score.f1]
    assert [behind(table, "s with knowledge", column) for column in range(3)] == [(2, 3), (2, 3), (2, 3)]
    assert behind(table, "s without knowledge", 1) == (0, 1, 2, 3)
    nothing = overall(made(["O O O O"] * 4, ["O O O O"] * 4, SECOND))
    assert numbers(nothing) == {"s without knowledge": [None] * 3, "s with knowledge": [0, None, 0]}


def test_the_head_says_how_many_samples_knowledge_is_there_for() -> None:
    assert report(COMPARED, None).head.endswith("4 samples; none of them has a caption or thoughts.")
    for said, rows in (("1 of them has", 1), ("2 of them have", 2), ("all of them have", 4)):
        told = [replace(row, caption="a stage") if at < rows else row for at, row in enumerate(COMPARED.rows)]
        assert f"; {said} a caption" in report(replace(COMPARED, rows=told), None).head


def test_slices_have_the_f1_of_their_mentions() -> None:
    tables = {table.title: table for table in slices(COMPARED, None)}
    for column, answers in ((1, FIRST), (2, SECOND)):
        scores = span_scores([t.split() for t in GOLD], [t.split() for t in answers]).by_type
        assert {line.name: line.numbers[column].value for line in tables["Type"].lines} == {
            kind: score.f1 for kind, score in scores.items()
        }
    assert "Seen in training" not in tables
    lengths = numbers(tables["Mention's length"])
    assert [lengths["1"][0], lengths["2"][0]] == [4, 1]


def test_seen_and_new_words_are_told_by_the_training_set() -> None:
    training = Row(Sample.from_tokens(("Ana", "saw", "Bob"), entities=entities_from_tags(["B-PER", "O", "B-PER"])))
    tables = {table.title: table for table in slices(COMPARED, Known.of([training]))}
    assert numbers(tables["Seen in training"])["seen"][0] == 1
    assert numbers(tables["Seen in training"])["unseen"][0] == 4
    assert numbers(tables["Out of vocabulary"])["all words known"][0] == 1


def test_calibration_compares_how_sure_with_how_often_right() -> None:
    table = reliability(COMPARED, 1)
    assert [line.name for line in table.lines] == ["0.9 to 1.0", "all"]
    count, sure, right, gap = (number.value for number in table.lines[0].numbers)
    assert (count, right) == (5, 3 / 5)
    assert sure == pytest.approx(0.9)
    assert gap == table.lines[-1].numbers[-1].value == pytest.approx(0.3)
    assert [number.rows for number in table.lines[-1].numbers] == [(0, 1, 2, 3)] * 4


@pytest.mark.parametrize(
    ("thought", "expected"),
    [
        ("The image of a man is unrelated to the sentence.", "unrelated"),
        ("The picture does not appear to be related to the text.", "unrelated"),
        ("The image of a dog has no direct connection to the tweet.", "unrelated"),
        ("The image may or may not be related to her visit.", "unclear"),
        ("The image of the man with the guitar is likely related to the concert.", "related"),
        ("The photo shows the singer.", "related"),
        ("She is not related to him. The picture shows both.", "related"),
        ("A tweet about a concert.", "not said"),
        ("", "not said"),
    ],
)
def test_relatedness_is_read_off_the_thought(thought: str, expected: str) -> None:
    sample = Sample.from_text("Radiohead plays")
    assert relatedness(Row(sample, None, {"mixed": thought})) == expected
    assert relatedness(Row(sample, None, {"multimodality": thought, "mixed": "The image is unrelated."})) == (
        expected if thought else "unrelated"
    )


def test_pairs_are_compared_by_their_relation_and_none_is_nothing() -> None:
    def row(label: str) -> Row:
        relation = Relation(head=Span(start=0, end=1), tail=Span(start=3, end=4), label=label)
        return Row(Sample.from_tokens(("ana", "works", "at", "acme"), task="mre", relation=relation))

    rows = [row("/per/org/member_of"), row("None"), row("/per/org/member_of")]
    said = (["None", "/per/per/peer", "/per/per/peer"], ["/per/org/member_of", "None", "/per/per/peer"])
    first, second = ([Answered(labels=(label,), probabilities=(0.8,)) for label in each] for each in said)
    found = report(Compared("mre", rows, SIDES, (first, second)), None)
    assert numbers(found.errors) == {
        "missed": [1, 0],
        "spurious": [1, 0],
        "wrong type": [1, 1],
        "wrong bounds": [0, 0],
        "all": [3, 1],
    }
    assert numbers(found.right)["gold mentions"][:4] == [0, 0, 1, 1]
    seen = {table.title: table for table in slices(Compared("mre", rows, SIDES, (first, second)), Known.of(rows))}
    assert numbers(seen["Seen in training"])["seen"][0] == 2


def test_a_set_without_gold_is_refused() -> None:
    rows = [Row(Sample.from_text("ana goes"))]
    answers = [Answered(labels=("O", "O"), probabilities=(1.0, 1.0))]
    with pytest.raises(BadInput, match="no gold labels"):
        report(Compared("mner", rows, SIDES, (answers, answers)), None)


@pytest.mark.parametrize(
    ("second", "words"), [("with_knowledge", "no gold labels"), ("without_knowledge", "both sides are .* without")]
)
def test_what_cannot_be_compared_is_refused_before_anything_is_labelled(
    student: Path, models: Models, tmp_path: Path, second: View, words: str
) -> None:
    settings = Settings.read(workspace=tmp_path, student=str(student))
    sides = (Side(student=str(student), view="without_knowledge"), Side(student=str(student), view=second))
    with pytest.raises(BadInput, match=words):
        compare(settings, models, [Row(Sample.from_text("ana goes"))], sides, lambda *_: None, by=local())
    assert not (tmp_path / "answers").exists()


def test_a_run_that_was_stopped_goes_on_and_one_that_was_done_asks_nothing(
    student: Path, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.read(workspace=tmp_path, student=str(student))
    rows = [Row(Sample.from_text(f"ana goes to oslo{' !' * (n % 50)}{' .' * (n // 50)}")) for n in range(150)]
    side = Side(student=str(student), view="without_knowledge")

    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer_all(settings, models, side, rows, stop, by=local())
    (file,) = (tmp_path / "answers").iterdir()
    assert len(file.read_text().split("\n")) == 1 + 128
    with file.open("a") as cut:
        cut.write('\nabc {"labels": ["O"')  # what a kill leaves
    seen: list[int] = []
    done = answer_all(settings, models, side, rows, lambda at, _: seen.append(at), by=local())
    assert seen == [128, 150]
    again: list[int] = []
    assert answer_all(settings, models, side, rows, lambda at, _: again.append(at), by=local()) == done
    assert again == [150]


def test_a_viewer_may_not_have_a_set_labelled(models: Models, tmp_path: Path) -> None:
    settings, eve = Settings.read(workspace=tmp_path), Person("Eve", "viewer")
    with pytest.raises(Forbidden, match="a viewer may not study tweets"):
        compare(settings, models, COMPARED.rows, SIDES, lambda *_: None, by=eve)
    with pytest.raises(Forbidden, match="a viewer may not study tweets"):
        answer_all(settings, models, SIDES[0], COMPARED.rows, lambda *_: None, by=eve)
    assert not (tmp_path / "answers").exists()


def test_two_views_of_a_trained_student_are_compared(
    student: Path, corpora: Path, models: Models, tmp_path: Path
) -> None:
    from core import corpora as forms

    rows = forms.find("twitter").read(
        corpora / "dev.txt", captions=corpora / "captions.txt", knowledge=corpora / "dev.knowledge.txt"
    )
    settings = Settings.read(workspace=tmp_path, student=str(student))
    first, second = (side.model_copy(update={"student": str(student)}) for side in SIDES)
    found = report(compare(settings, models, rows, (first, second), lambda *_: None, by=local()), Known.of(rows))
    assert found.samples == len(rows)
    assert sum(number.value or 0 for number in found.right.lines[0].numbers[:4]) == 2 * len(rows)
    places = {at for table in found.tables() for line in table.lines for number in line.numbers for at in number.rows}
    assert places <= set(range(len(rows)))


def test_a_table_as_text_stands_in_columns() -> None:
    line = Line(name="a", numbers=(Number(value=1234.0), Number(value=None), Number(value=0.25)))
    table = Table(title="T", note="", columns=("x", "y", "z"), lines=(line,))
    assert table.text() == ["T      x  y     z", "a  1,234  –  0.25"]
