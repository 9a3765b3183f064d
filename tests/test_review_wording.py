"""A variant in words: what changed, and all of it in one line."""

from datetime import UTC, datetime

import pytest

from core.domain import Augmentation, Entity, Maker, Relation, Sample, Span
from core.review.wording import bracketed, changed_words, in_a_line

TIMES = "we read the New York Times".split()


def test_the_words_that_changed_are_named_on_both_sides() -> None:
    before, after = "Ada is in Paris today".split(), "Ada was in sunny Paris".split()
    gone, new = changed_words(before, after)
    assert [before[at] for at in sorted(gone)] == ["is", "today"]
    assert [after[at] for at in sorted(new)] == ["was", "sunny"]


def test_a_text_that_nobody_reads_whole_holds_up_no_card() -> None:
    assert changed_words(["a", "b"] * 20_000, ["b", "a"] * 20_000) == (frozenset(), frozenset())


def test_spans_stand_in_brackets() -> None:
    sample = Sample.from_tokens(
        TIMES, entities=[Entity(start=0, end=1, type="PER"), Entity(start=3, end=6, type="ORG")]
    )
    assert bracketed(sample) == "[we PER] read the [New York Times ORG]"


@pytest.mark.parametrize(
    ("head", "tail", "line"),
    [
        ((3, 5), (3, 6), "we read the [[New York head] Times tail]"),
        ((5, 6), (3, 6), "we read the [New York [Times head] tail]"),
        ((0, 1), (5, 6), "[we head] read the New York [Times tail]"),
    ],
)
@pytest.mark.parametrize(("label", "words"), [("/org/loc/locate_at", "locate at (org, loc)"), (None, "not known")])
def test_a_pair_is_followed_by_how_it_is_related(
    head: tuple[int, int], tail: tuple[int, int], line: str, label: str | None, words: str
) -> None:
    related = Relation(head=Span(start=head[0], end=head[1]), tail=Span(start=tail[0], end=tail[1]), label=label)
    assert bracketed(Sample.from_tokens(TIMES, task="mre", relation=related)) == f"{line} · {words}"


def test_what_was_made_is_its_picture_its_words_or_what_was_answered() -> None:
    sample, maker = Sample.from_tokens(TIMES), Maker(model="pen", created=datetime(2026, 1, 1, tzinfo=UTC))
    made = Augmentation(parent_id=sample.id, kind="style", answer="as it came", variant=sample, maker=maker)
    assert in_a_line(made) == "we read the New York Times"
    assert in_a_line(made.model_copy(update={"variant": None, "dropped": "unparsable"})) == "as it came"
    assert in_a_line(made.model_copy(update={"caption": "A newspaper."})) == "A newspaper."
