"""Scores: what seqeval and scikit-learn count, whole or in parts, and what is taken for what."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import get_entities
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from core.domain.bio import entities_from_tags
from core.evaluation.confusion import Confusion, entity_confusion, relation_confusion
from core.evaluation.mner import span_counts, span_scores
from core.evaluation.mre import MNRE_23, NONE, in_words, relation_scores
from core.evaluation.scores import Score

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-far-off", "I-far-off")
LABELS = (NONE, "/per/per/peer", "/per/org/member_of", "/loc/loc/contain")
HALF_A_DIGIT = 0.005 + 1e-9

tag = st.sampled_from(TAGS)
label = st.sampled_from(LABELS)
sentences = st.lists(st.lists(st.tuples(tag, tag), max_size=8), max_size=8)
pairs = st.lists(st.tuples(label, label), min_size=1, max_size=40)


def in_two(tagged: list[list[tuple[str, str]]]) -> tuple[list[list[str]], list[list[str]]]:
    """Gold and predicted tags of sentences whose words have one of each."""
    gold, predicted = ([[word[side] for word in words] for words in tagged] for side in (0, 1))
    return gold, predicted


def agrees(score: Score, precision: float, recall: float, f1: float, support: int) -> bool:
    """Whether a score is an oracle's, which is a fraction and not rounded."""
    ours = (score.precision, score.recall, score.f1)
    theirs = (100 * precision, 100 * recall, 100 * f1)
    return score.support == support and ours == pytest.approx(theirs, rel=0, abs=HALF_A_DIGIT)


def test_span_scores_count_exact_matches_of_span_and_type() -> None:
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"]]
    predicted = [["B-PER", "I-PER", "O", "B-ORG"], ["B-ORG", "O"]]
    scores = span_scores(gold, predicted)
    assert (scores.precision, scores.recall, scores.f1, scores.support) == (66.67, 66.67, 66.67, 3)
    assert scores.by_type["PER"].f1 == 100
    assert scores.by_type["LOC"].recall == 0


def test_span_scores_of_nothing_found_are_zero_not_an_error() -> None:
    assert span_scores([["B-PER", "O"]], [["O", "O"]]).f1 == 0
    assert span_scores([["O"]], [["O"]]).support == 0


def test_orphan_inside_tags_are_read_as_seqeval_reads_them() -> None:
    gold = [["I-PER", "I-PER", "O", "I-LOC", "B-LOC"]]
    assert len(entities_from_tags(gold[0])) == span_scores(gold, gold).support == 3


@given(st.lists(tag, max_size=12))
def test_spans_are_seqevals(tags: list[str]) -> None:
    ours = [(entity.type, entity.start, entity.end - 1) for entity in entities_from_tags(tags)]
    assert ours == get_entities(tags)


@given(sentences)
def test_span_scores_are_seqevals_overall_and_by_type(tagged: list[list[tuple[str, str]]]) -> None:
    gold, predicted = in_two(tagged)
    scores = span_scores(gold, predicted)
    assume(scores.by_type)  # seqeval would average over nothing
    report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    oracle = {name: tuple(row.values()) for name, row in report.items()}
    assert agrees(scores, *oracle["micro avg"])
    assert list(scores.by_type) == [name for name in oracle if not name.endswith(" avg")]
    assert all(agrees(score, *oracle[name]) for name, score in scores.by_type.items())


def test_tags_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(ValueError, match="sentence 2 has 2 gold tags, but 1 predicted"):
        span_scores([["O"], ["O", "O"]], [["O"], ["O"]])
    with pytest.raises(ValueError, match="shorter"):
        span_scores([["O"], ["O"]], [["O"]])
    with pytest.raises(ValueError, match="shorter"):
        relation_scores([NONE, NONE], [NONE])


def test_a_pair_without_a_relation_counts_in_accuracy_alone() -> None:
    peer, contain = "/per/per/peer", "/loc/loc/contain"
    scores = relation_scores([NONE, NONE, peer, peer, contain], [NONE, peer, peer, NONE, contain])
    assert (scores.precision, scores.recall, scores.f1, scores.support) == (66.67, 66.67, 66.67, 3)
    assert scores.accuracy == 60
    assert {name: score.f1 for name, score in scores.by_type.items()} == {contain: 100, peer: 50}


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("/per/org/member_of", "member of (per, org)"),
        ("/org/org/alternate_names", "alternate names (org, org)"),
        (NONE, "no relation"),
        ("knows", "knows"),
        ("a/b", "a/b"),
    ],
)
def test_a_relation_is_read_as_a_person_would(label: str, words: str) -> None:
    assert in_words(label) == words


def test_relations_never_found_score_zero_not_an_error() -> None:
    scores = relation_scores([NONE, "/per/per/peer"], [NONE, NONE])
    assert (scores.precision, scores.recall, scores.f1, scores.accuracy) == (0, 0, 0, 50)
    assert relation_scores([NONE], [NONE]).by_type == {}


@given(pairs)
def test_relation_scores_are_those_of_scikit_learn(labelled: list[tuple[str, str]]) -> None:
    gold, predicted = map(list, zip(*labelled, strict=True))
    scores = relation_scores(gold, predicted)
    assert scores.accuracy == pytest.approx(100 * accuracy_score(gold, predicted), rel=0, abs=HALF_A_DIGIT)
    relations = sorted({*gold, *predicted} - {NONE})
    assert list(scores.by_type) == relations
    assume(relations)  # scikit-learn would average over nothing
    ask = {"labels": relations, "zero_division": 0}
    precision, recall, f1, _ = precision_recall_fscore_support(gold, predicted, average="micro", **ask)
    assert agrees(scores, precision, recall, f1, sum(name != NONE for name in gold))
    oracle = zip(*precision_recall_fscore_support(gold, predicted, average=None, **ask), strict=True)
    assert all(agrees(score, *row) for score, row in zip(scores.by_type.values(), oracle, strict=True))


def test_a_label_set_is_named_if_known_and_counted_if_not() -> None:
    assert relation_scores([NONE, "/per/per/peer"], ["/misc/loc/held_on", NONE]).label_set == "MNRE-23"
    assert relation_scores([NONE, "/per/per/peer"], [NONE, "/per/per/colleague"]).label_set == "3 relations"
    # What could have been said counts too: a small set that happens to hold known labels alone is no MNRE-23.
    assert relation_scores([NONE], [NONE], [NONE, "/per/per/peer"]).label_set == "2 relations"
    assert relation_scores([NONE], [NONE], [NONE, "/per/per/colleague"]).label_set == "2 relations"
    assert relation_scores([NONE], ["/per/per/peer"], MNRE_23).label_set == "MNRE-23"


@pytest.mark.skipif("COTPD_DATA" not in os.environ, reason="COTPD_DATA names no folder of corpora")
def test_mnre_23_are_the_labels_that_were_published() -> None:
    published = json.loads((Path(os.environ["COTPD_DATA"]) / "mnre" / "rel2id.json").read_text())
    assert set(published) == MNRE_23
    assert len(MNRE_23) == 23


def test_a_relation_taken_for_another_stands_in_golds_row_and_predicteds_column() -> None:
    gold = ["/per/per/peer", "/per/per/peer", NONE, "/loc/loc/contain"]
    predicted = ["/per/per/peer", NONE, "/per/per/peer", "/loc/loc/contain"]
    labels = ("/loc/loc/contain", "/per/per/peer", NONE)
    assert relation_confusion(gold, predicted) == Confusion(
        rows=labels, columns=labels, counts=((1, 0, 0), (0, 1, 1), (0, 1, 0))
    )


def test_spans_with_equal_bounds_are_confused_and_others_missed_or_spurious() -> None:
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "I-ORG", "O"]]
    predicted = [["B-PER", "I-PER", "O", "B-ORG"], ["B-ORG", "O", "B-PER"]]
    assert entity_confusion(gold, predicted) == Confusion(
        rows=("LOC", "ORG", "PER", "spurious"),
        columns=("LOC", "ORG", "PER", "missed"),
        counts=((0, 1, 0, 0), (0, 0, 0, 1), (0, 0, 1, 0), (0, 1, 1, 0)),
    )


@given(sentences)
def test_every_span_stands_in_the_confusion_once(tagged: list[list[tuple[str, str]]]) -> None:
    gold, predicted = in_two(tagged)
    confusion, counts = entity_confusion(gold, predicted), span_counts(gold, predicted)
    types = confusion.rows[:-1]
    assert confusion.columns[:-1] == types
    assert [sum(row) for row in confusion.counts[:-1]] == [counts.gold[name] for name in types]
    columns = list(zip(*confusion.counts, strict=True))
    assert [sum(column) for column in columns[:-1]] == [counts.predicted[name] for name in types]
    assert [confusion.counts[place][place] for place in range(len(types))] == [counts.right[name] for name in types]
    assert confusion.counts[-1][-1] == 0


@pytest.mark.parametrize("name", ["missed", "spurious"])
def test_a_type_that_is_called_as_a_margin_is_a_type_all_the_same(name: str) -> None:
    confusion = entity_confusion([[f"B-{name}", "O"]], [[f"B-{name}", "B-PER"]])
    assert confusion.counts == ((0, 0, 0), (0, 1, 0), (1, 0, 0))


def test_a_confusion_reads_as_a_table() -> None:
    counts = ((1200, 3, 0), (0, 41, 7), (5, 0, 0))
    confusion = Confusion(rows=("LOC", "PER", "spurious"), columns=("LOC", "PER", "missed"), counts=counts)
    assert confusion.lines() == [
        "gold             1   2  missed",
        " 1 LOC       1,200   3       ·",
        " 2 PER           ·  41       7",
        "   spurious      5   ·       ·",
    ]
