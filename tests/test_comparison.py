"""What changed between two predictions, said in words."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.comparison import changes
from core.domain import Entity, Sample, ScoredEntity

SAMPLE = Sample.from_text("Eileen Collins flew Discovery to New York City")
NAME, FIRST, SHIP, CITY, SHORT = (0, 2), (0, 1), (3, 4), (5, 8), (5, 7)


def entity(span: tuple[int, int], kind: str) -> Entity:
    return Entity(start=span[0], end=span[1], type=kind)


@st.composite
def entity_sets(draw: st.DrawFn) -> list[Entity]:
    """Any set of entities that do not overlap, as a student finds them."""
    cuts = sorted(draw(st.sets(st.integers(0, len(SAMPLE.tokens)), max_size=8)))
    spans = [span for span in pairwise(cuts) if draw(st.booleans())]
    return [entity(span, draw(st.sampled_from(["PER", "LOC", "ORG"]))) for span in spans]


def test_a_gain_and_a_loss_are_said_in_the_order_of_the_tweet() -> None:
    gained, lost = changes(SAMPLE, [entity(CITY, "LOC")], [entity(NAME, "PER")])
    assert (gained.kind, gained.before, gained.after) == ("gained", None, entity(NAME, "PER"))
    assert gained.sentence == "“Eileen Collins” (PER) is found as well"
    assert (lost.kind, lost.before, lost.after) == ("lost", entity(CITY, "LOC"), None)
    assert lost.sentence == "“New York City” (LOC) is no longer found"


def test_a_new_type_is_said_with_both_types() -> None:
    (change,) = changes(SAMPLE, [entity(SHIP, "LOC")], [entity(SHIP, "OTHER")])
    assert (change.kind, change.sentence) == ("retyped", "“Discovery” changed from LOC to OTHER")


def test_new_bounds_are_said_with_both_spans() -> None:
    (grown,) = changes(SAMPLE, [entity(FIRST, "PER")], [entity(NAME, "PER")])
    assert (grown.kind, grown.sentence) == ("rebounded", "“Eileen” grew to “Eileen Collins” (PER)")
    (shrunk,) = changes(SAMPLE, [entity(CITY, "LOC")], [entity(SHORT, "LOC")])
    assert shrunk.sentence == "“New York City” shrank to “New York” (LOC)"
    (moved,) = changes(SAMPLE, [entity((4, 6), "LOC")], [entity((5, 7), "LOC")])
    assert moved.sentence == "“to New” moved to “New York” (LOC)"


def test_new_bounds_and_a_new_type_are_one_change() -> None:
    (change,) = changes(SAMPLE, [entity(SHORT, "ORG")], [entity(CITY, "LOC")])
    assert change.kind == "rebounded"
    assert change.sentence == "“New York” grew to “New York City” and from ORG to LOC"


def test_an_entity_cut_in_two_is_paired_with_the_larger_half() -> None:
    rebounded, gained = changes(SAMPLE, [entity(CITY, "LOC")], [entity(SHORT, "LOC"), entity((7, 8), "LOC")])
    assert (rebounded.kind, rebounded.after) == ("rebounded", entity(SHORT, "LOC"))
    assert (gained.kind, gained.after) == ("gained", entity((7, 8), "LOC"))


def test_scores_do_not_count() -> None:
    sure, unsure = (ScoredEntity(start=0, end=2, type="PER", score=score) for score in (0.9, 0.4))
    assert changes(SAMPLE, [sure], [unsure]) == []


@given(entity_sets())
def test_between_equal_sets_nothing_changed(entities: list[Entity]) -> None:
    assert changes(SAMPLE, entities, list(reversed(entities))) == []


@given(entity_sets(), entity_sets())
def test_the_changes_lead_from_one_set_to_the_other_each_entity_in_at_most_one(
    before: list[Entity], after: list[Entity]
) -> None:
    found = changes(SAMPLE, before, after)
    gone = [change.before for change in found if change.before]
    come = [change.after for change in found if change.after]
    assert len(gone) == len(set(gone))
    assert len(come) == len(set(come))
    assert set(before) - set(gone) == set(after) - set(come) == set(before) & set(after)
    assert {*before, *come} - set(gone) == set(after)
    for change in found:
        assert change.kind in ("gained", "lost") or (change.before and change.after)


@given(entity_sets(), entity_sets())
def test_every_sentence_quotes_the_words_it_is_about(before: list[Entity], after: list[Entity]) -> None:
    for change in changes(SAMPLE, before, after):
        for each in (change.before, change.after):
            assert each is None or f"“{SAMPLE.mention(each)}”" in change.sentence
