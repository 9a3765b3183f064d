"""Explanations on tiny students of each kind: what is shared out is what there is, and asking changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch

from app import heat, whatif
from core import corpora
from core.corpora import Row
from core.domain import Answer, Entity, Sample, ScoredEntity, ScoredRelation
from core.errors import BadInput
from core.evaluation.mre import in_words
from core.explanation.attribution import TOLERANCE, Attribution, integrated_gradients
from core.explanation.case import explain, judge, targets_of
from core.explanation.counterfactuals import answers, ask_again, differences, edit, holds, smallest_flips
from core.explanation.occlusion import Hidden, occlusion
from core.explanation.reading import PromptAttention, Reading, Unit
from core.identity import local
from core.prediction import Predictor
from core.settings import Settings
from core.store import Store
from core.student import files
from core.student.config import StudentConfig
from core.training.sections import keep, kept_sections, parts_of, tell
from tests import tiny

MIXED = "Named entities:1. ana (person)2. paris (place)Reasoning: ana goes to a city . the person is a singer ."
ROW = Row(Sample.from_text("ana goes to paris !"), "a person and a city", {"mixed": MIXED, "noun": "ana is a person ."})
ANA, PARIS = Entity(start=0, end=1, type="PER"), Entity(start=3, end=4, type="LOC")
TAGS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")


@pytest.fixture(scope="module")
def predictor(student: Path) -> Predictor:
    return Predictor.load(Settings.read(student=str(student)))


@pytest.fixture(scope="module")
def pairs(corpora: Path) -> list[Row]:
    tiny.relations(corpora)
    return find("mnre").read(corpora / "relations.txt")


find = corpora.find


def untrained(corpora: Path, **parts: Any) -> Predictor:
    """A student as it is before training: its scores mean nothing, but must add up all the same."""
    torch.manual_seed(1)
    labels = {"labels": ("None", "/per/org/member_of") if parts.get("head") == "relation" else TAGS}
    config = StudentConfig(encoder=str(corpora / "encoder"), max_length=128, prompt_length=4, **labels, **parts)
    made, views = files.new(config)
    return Predictor(made.eval(), views, "untrained")


@pytest.mark.parametrize("view", ["without_knowledge", "with_knowledge"])
def test_the_words_shares_sum_to_the_difference_that_they_make(predictor: Predictor, view: Any) -> None:
    for target in (ANA, PARIS):
        found = integrated_gradients(Reading(predictor, ROW, view), target)
        assert found.error <= TOLERANCE
        assert sum(found.by_part().values()) == pytest.approx(found.score - found.blank, rel=TOLERANCE)
        best = max(zip(found.values, found.units, strict=True), key=lambda pair: pair[0])[1]
        assert best.text in ROW.sample.mention(target)


@pytest.mark.parametrize(
    "parts",
    [
        {"head": "crf"},
        {"generator": "bare"},
        {"generator": "prefix"},
        {"generator": "unconditional"},
        {"prompt_source": "contextual", "prompt_layers": 2},
    ],
    ids=str,
)
def test_every_kind_of_student_is_explained_in_both_views(corpora: Path, parts: dict[str, Any]) -> None:
    predictor = untrained(corpora, **parts)
    for view in ("without_knowledge", "with_knowledge"):
        found = integrated_gradients(Reading(predictor, ROW, view), ANA)
        assert found.error <= TOLERANCE
        assert any(abs(value) > 1e-4 for value in found.values)


def test_a_relation_is_explained_by_the_words_around_its_pair(corpora: Path, pairs: list[Row]) -> None:
    predictor = untrained(corpora, head="relation")
    study = explain(predictor, pairs[0])
    relation = study.answers["with_knowledge"].relation
    assert relation is not None
    assert study.explained[0].target in predictor.student.config.labels
    assert all(reason.attribution.error <= TOLERANCE for each in study.explained for reason in each.reasons)
    assert [len(rows) for rows in study.probabilities.values()] == [1, 1]


def test_units_are_the_words_that_the_student_read_part_by_part(predictor: Predictor) -> None:
    reading = Reading(predictor, ROW, "with_knowledge")
    by_part: dict[str, list[str]] = {}
    for unit in reading.units:
        by_part.setdefault(unit.part, []).append(unit.text)
    assert by_part["tweet"] == list(ROW.sample.tokens)
    assert by_part["caption"] == "a person and a city".split()
    assert by_part["entities"][:4] == ["Named", "entities", ":", "1"]
    assert by_part["reasoning"][:3] == ["Reasoning", ":", "ana"]
    assert by_part["noun"] == "ana is a person .".split()
    assert {unit.part for unit in Reading(predictor, ROW, "without_knowledge").units} == {"tweet"}
    words = reading.unit_of >= 0
    assert (reading.ids[0][~words] == reading.blank[0][~words]).all()
    assert (reading.blank[0][words] == reading.blank[0][words][0]).all()


def test_knowledge_that_found_no_room_is_no_unit(corpora: Path) -> None:
    predictor = untrained(corpora)
    long = Row(ROW.sample, "a city . " * 60, {"noun": "ana is a person ."})
    assert "noun" not in {unit.part for unit in Reading(predictor, long, "with_knowledge").units}
    assert integrated_gradients(Reading(predictor, long, "with_knowledge"), ANA).error <= TOLERANCE


def test_a_score_is_the_mean_log_odds_of_the_mentions_labels(predictor: Predictor) -> None:
    reading = Reading(predictor, ROW, "with_knowledge")
    table = torch.tensor(reading.probabilities())
    assert table.sum(dim=1).tolist() == pytest.approx([1.0] * 5, abs=1e-5)
    target = Entity(start=0, end=2, type="PER")
    labels = predictor.student.config.labels
    p = torch.stack([table[0, labels.index("B-PER")], table[1, labels.index("I-PER")]])
    with torch.no_grad():
        score = reading.score_of(target)(predictor.student.embed(reading.ids))
    assert float(score) == pytest.approx(float((p.log() - (1 - p).log()).mean()), abs=1e-2)


def test_probabilities_are_those_of_the_prediction(predictor: Predictor) -> None:
    for view in ("without_knowledge", "with_knowledge"):
        (labelled,) = predictor.label([(ROW.sample, kept_sections(ROW, ()))], view)
        table = Reading(predictor, ROW, view).probabilities()
        assert [max(row) for row in table] == pytest.approx(labelled.probabilities, abs=1e-4)


def test_occlusion_hides_each_word_and_each_thought_and_tells_the_fall(predictor: Predictor) -> None:
    reading = Reading(predictor, ROW, "with_knowledge")
    found = occlusion(reading, PARIS)
    named = [each.unit.text or each.unit.part for each in found]
    assert named == [*ROW.sample.tokens, "caption", "entities", "reasoning", "noun"]
    masked = torch.where(reading.unit_of == 3, reading.blank, reading.ids)
    score = reading.score_of(PARIS)
    with torch.no_grad():
        fall = score(predictor.student.embed(reading.ids)) - score(predictor.student.embed(masked))
    assert found[3].fall == pytest.approx(float(fall), abs=1e-3)


def test_the_prompts_attention_is_equation_1_and_sums_to_1(predictor: Predictor) -> None:
    table = Reading(predictor, ROW, "without_knowledge").prompt_attention()
    assert table is not None
    assert table.columns == ("[CLS]", *ROW.sample.tokens, "[SEP]")
    assert len(table.rows) == 4
    assert [sum(row) for row in table.rows] == pytest.approx([1.0] * 4, abs=1e-5)


def test_a_prompt_that_looks_at_nothing_has_no_attention(corpora: Path) -> None:
    assert Reading(untrained(corpora, generator="bare"), ROW, "without_knowledge").prompt_attention() is None


def test_explaining_in_one_thread_changes_no_answer_in_another(predictor: Predictor) -> None:
    (alone,) = answers(predictor, [ROW], "with_knowledge")
    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(integrated_gradients, Reading(predictor, ROW, "with_knowledge"), ANA) for _ in range(2)]
        meanwhile = [pool.submit(answers, predictor, [ROW], "with_knowledge").result()[0] for _ in range(20)]
        values = [each.result().values for each in work]
    assert all(answer == alone for answer in meanwhile)
    assert values[0] == pytest.approx(values[1])


def test_a_label_that_the_student_does_not_know_is_refused(predictor: Predictor) -> None:
    with pytest.raises(BadInput, match="knows no label 'B-SHIP'; it knows O, B-LOC"):
        Reading(predictor, ROW, "with_knowledge").score_of(Entity(start=0, end=1, type="SHIP"))
    with pytest.raises(BadInput, match="do not lie in a tweet of 5 words"):
        Reading(predictor, ROW, "with_knowledge").score_of(Entity(start=0, end=9, type="PER"))


def test_targets_are_what_is_found_and_what_is_gold_but_for_types_that_the_student_does_not_know(
    predictor: Predictor,
) -> None:
    sample = ROW.sample.model_copy(update={"entities": (PARIS, Entity(start=4, end=5, type="SHIP"))})
    found = Answer(entities=(ScoredEntity(start=0, end=1, type="PER", score=0.9),))
    assert targets_of(sample, [found], predictor) == [ANA, PARIS]


def test_parts_are_taken_apart_and_put_together_again_without_loss() -> None:
    parts = parts_of(ROW)
    assert list(parts) == ["caption", "noun", "entities", "reasoning"]
    assert tell(ROW, parts) == ROW
    assert keep(ROW, ("entities",)).knowledge["mixed"].startswith("Reasoning:")
    assert parts_of(keep(ROW, parts)) == {}


def test_each_try_is_kept_as_a_child_of_the_one_before(predictor: Predictor, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.study(ROW.sample)
        first = ask_again(predictor, store, ROW.sample.id, keep(ROW, ("caption",)), by=local("Ann"))
        edited = edit(keep(ROW, ("caption",)), "bob goes to rome", parts_of(ROW))
        second = ask_again(predictor, store, ROW.sample.id, edited, first, by=local("Ann"))
        assert store.counterfactuals(ROW.sample.id) == [first, second]
    assert (first.parent_id, second.parent_id) == (None, first.id)
    assert (first.caption, second.caption) == (None, ROW.caption)
    assert [second.sample.mention(each) for each in second.answers["with_knowledge"].entities] == ["bob", "rome"]


def test_the_tweet_of_a_pair_cannot_be_edited_and_an_empty_one_is_refused(pairs: list[Row]) -> None:
    with pytest.raises(BadInput, match="tweet of a pair cannot be edited"):
        edit(pairs[0], "ana left", {})
    with pytest.raises(BadInput, match="empty"):
        edit(ROW, " ", {})
    assert edit(pairs[0], pairs[0].sample.text, {"caption": "a city"}).caption == "a city"


def test_mentions_are_followed_through_an_edit() -> None:
    def answer(*mentions: tuple[int, int, str]) -> Answer:
        return Answer(entities=tuple(ScoredEntity(start=s, end=e, type=t, score=0.5) for s, e, t in mentions))

    old, new = Sample.from_text("ana goes to new york !"), Sample.from_text("so ana goes to york !")
    found = differences((old, answer((0, 1, "PER"), (3, 5, "LOC"))), (new, answer((1, 2, "PER"), (4, 5, "LOC"))))
    assert [change.sentence for change in found] == [
        "“new york” (LOC) went with its words",
        "“york” (LOC) is found as well",
    ]


def test_a_flipped_relation_is_told_and_judged(pairs: list[Row]) -> None:
    sample = pairs[0].sample
    pair = sample.relation
    assert pair is not None
    right, wrong = (Answer(relation=ScoredRelation(label=label, score=0.5)) for label in (pair.label, "/per/per/peer"))
    (helped,), (hurt,) = judge(sample, wrong, right), judge(sample, right, wrong)
    ends = f"“{sample.mention(pair.head)}” to “{sample.mention(pair.tail)}”"
    assert helped.change.sentence == f"The relation of {ends} changed from peer (per, per) to {in_words(pair.label)}"
    assert (helped.effect, hurt.effect) == ("helped", "hurt")
    assert judge(sample, right, right) == ()
    assert differences((sample, wrong), (sample, right)) == [helped.change]
    unknown = sample.model_copy(update={"relation": pair.model_copy(update={"label": None})})
    assert [each.effect for each in judge(unknown, wrong, right)] == [None]


def test_tables_and_maps_show_no_sign_that_hides_words_or_turns_them_round() -> None:
    unit = Unit(part="tweet", text="a\u202eb\x07")
    attribution = Attribution(units=(unit,), values=(1.0,), score=1.0, blank=0.0, steps=16)
    (row,) = heat.hidden_rows([Hidden(unit=unit, fall=1.0)])
    drawn = heat.labels([unit.text], ["O"], [[1.0]])
    assert row["Hidden"] == "ab"
    assert heat.alt_of(attribution, "with_knowledge").endswith("the strongest words: ab +1.00")
    assert list(drawn.data[0].y) == ["1 ab"]


def test_the_darkest_of_an_attention_map_is_nought_and_the_brightest_its_largest() -> None:
    (drawn,) = heat.attention(PromptAttention(columns=("[CLS]", "ana"), rows=((0.4, 0.6), (0.3, 0.7)))).data
    assert (drawn.zmin, drawn.zmax) == (0, 0.7)


def test_a_try_is_told_by_what_was_changed() -> None:
    parts = {part: text for part, text in parts_of(ROW).items() if part != "caption"}
    edited = edit(ROW, "bob goes to rome", {**parts, "noun": "bob is a person ."})
    assert whatif.what_changed(ROW, edited) == "the tweet edited, the caption off, special words edited"
    assert whatif.what_changed(edited, edit(edited, edited.sample.text, parts_of(ROW))) == (
        "the caption on, special words edited"
    )


def test_the_smallest_flips_flip_and_nothing_smaller_does(corpora: Path) -> None:
    predictor = untrained(corpora)
    parts = list(parts_of(ROW))
    (now,) = answers(predictor, [ROW], "with_knowledge")
    sizes = set()
    for target in [Entity(start=e.start, end=e.end, type=e.type) for e in now.entities] + [ANA, PARIS]:
        flips = smallest_flips(predictor, ROW, target)
        by_hand = [
            without
            for size in range(1, len(parts) + 1)
            for without in combinations(parts, size)
            if holds(answers(predictor, [keep(ROW, without)], "with_knowledge")[0], target) != holds(now, target)
        ]
        fewest = min(map(len, by_hand), default=0)
        assert [flip.without for flip in flips] == [without for without in by_hand if len(without) == fewest]
        sizes.add(fewest)
    assert sizes
