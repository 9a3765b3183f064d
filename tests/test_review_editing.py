"""A variant under the pen: its words, and the spans that are found in other words or drawn by hand."""

from dataclasses import replace

import pytest

from core.domain import Entity, Relation, Sample, Span
from core.errors import BadInput
from core.review.editing import HEAD, TAIL, draft, finish, mark, reword, spans_of, unmark
from tests.variants import sentence

TWEET = sentence("RT @Ada_L :", ("Ada Lovelace", "PER"), "isn't in", ("New York", "LOC"), "😍")


def test_the_same_words_keep_their_tokens_and_spans() -> None:
    made = draft(TWEET, f"  {TWEET.text} ")
    assert (made.tokens, made.spans) == (TWEET.tokens, TWEET.entities)  # isn't stays one word, as its corpus cut it
    assert finish(TWEET, made) == TWEET


def test_other_words_are_cut_anew_and_their_mentions_found() -> None:
    made = finish(TWEET, draft(TWEET, "So 😍 Ada Lovelace left New York"))
    assert [(made.mention(each), each.type) for each in made.entities or ()] == [
        ("Ada Lovelace", "PER"),
        ("New York", "LOC"),
    ]
    assert made.tokens == ("So", "😍", "Ada", "Lovelace", "left", "New", "York")


def test_a_mention_that_is_gone_is_named_and_the_others_stay() -> None:
    made = draft(TWEET, "She left New York")
    assert made.lost == ("Ada Lovelace",)
    assert [TWEET.from_text(made.text).mention(each) for each in made.spans] == ["New York"]


def test_a_drawn_span_is_in_the_finished_sample() -> None:
    made = draft(TWEET)
    drawn = made.with_spans(mark(made.spans, 1, 2, "PER"))
    assert [TWEET.mention(each) for each in finish(TWEET, drawn).entities or ()] == [
        "@Ada_L",
        "Ada Lovelace",
        "New York",
    ]


@pytest.mark.parametrize("span", [(0, 99), (3, 5)])
def test_spans_outside_the_words_or_across_others_are_refused(span: tuple[int, int]) -> None:
    made = draft(TWEET)
    with pytest.raises(BadInput, match="overlaps another, or ends beyond"):
        made.with_spans([*made.spans, Entity(start=span[0], end=span[1], type="ORG")])


def test_a_relation_keeps_its_label_and_needs_both_its_ends() -> None:
    relation = Relation(head=Span(start=0, end=1), tail=Span(start=3, end=4), label="/per/org/member_of")
    sample = Sample.from_tokens(("Ada", "works", "at", "Acme"), task="mre", relation=relation)
    assert [each.type for each in spans_of(sample)] == [HEAD, TAIL]
    made = draft(sample, "Ada Lovelace has worked at Acme")
    finished = finish(sample, made.with_spans(mark(made.spans, 0, 2, HEAD)))
    assert finished.relation == Relation(
        head=Span(start=0, end=2), tail=Span(start=5, end=6), label="/per/org/member_of"
    )
    gone = draft(sample, "Nobody works at Acme")
    with pytest.raises(BadInput, match="both its head and its tail"):
        finish(sample, gone)


def test_spans_that_were_drawn_are_found_in_other_words_and_those_taken_away_are_not() -> None:
    made = draft(TWEET)
    drawn = made.with_spans(mark(unmark(made.spans, 3), 1, 2, "PER"))
    reworded = reword(TWEET, drawn, "RT @Ada_L : Ada Lovelace is not in New York")
    assert [(reworded.text_of(each), each.type) for each in reworded.spans] == [("Ada_L", "PER"), ("New York", "LOC")]
    gone = reword(TWEET, reworded, "@Ada_L is here")
    assert (len(gone.spans), gone.lost) == (1, ("New York",))
    assert reword(TWEET, gone, "@Ada_L is in Rome").lost == ("New York",)


def test_a_label_of_a_relation_stays_in_other_words_and_can_be_another() -> None:
    sample = Sample.from_text("Ada works at Acme").of_pair("Ada", "Acme")
    made = replace(draft(sample), label="/per/org/member_of")
    kept = finish(sample, reword(sample, made, "So Ada works at Acme")).relation
    assert kept is not None
    assert (kept.label, kept.head.start) == ("/per/org/member_of", 1)
    labelled = finish(sample, made)
    assert finish(labelled, draft(labelled)) == labelled
    unknown = finish(labelled, replace(draft(labelled), label=None)).relation
    assert unknown is not None
    assert unknown.label is None


def test_a_relation_that_lacks_an_end_keeps_the_other_in_other_words() -> None:
    relation = Relation(head=Span(start=0, end=1), tail=Span(start=3, end=4), label="/per/org/member_of")
    sample = Sample.from_tokens(("Ada", "works", "at", "Acme"), task="mre", relation=relation)
    gone = draft(sample, "Nobody works at Acme")
    assert ([each.type for each in gone.spans], gone.lost) == ([TAIL], ("Ada",))
    again = reword(sample, gone, "Bo works for Acme, and Acme pays")
    assert [(again.text_of(each), each.type) for each in again.spans] == [("Acme", TAIL)]
    whole = again.with_spans(mark(again.spans, 0, 1, HEAD))
    moved = finish(sample, reword(sample, whole, "So Bo works for Acme"))
    assert moved.relation == Relation(head=Span(start=1, end=2), tail=Span(start=4, end=5), label="/per/org/member_of")


@pytest.mark.parametrize(("text", "message"), [("", "empty"), ("x " * 600, "shorten it to 1,000")])
def test_words_that_are_no_tweet_are_refused(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        draft(TWEET, text)


def test_a_span_is_drawn_over_others_and_taken_away_by_a_word_in_it() -> None:
    spans = (Entity(start=0, end=2, type="PER"), Entity(start=4, end=5, type="LOC"))
    drawn = mark(spans, 1, 4, "ORG")
    assert drawn == (Entity(start=1, end=4, type="ORG"), Entity(start=4, end=5, type="LOC"))
    assert unmark(drawn, 2) == (Entity(start=4, end=5, type="LOC"),)
