"""Values of the field: what they refuse, where words stand, and that equal content means equal ids."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.domain import Augmentation, Caption, Decision, Entity, Knowledge, Maker, Relation, Sample, Span, Verdict
from core.domain.bio import entities_from_tags, tags_from_entities
from core.domain.sample import MAX_CHARACTERS
from core.domain.tokens import split_words
from core.errors import BadInput

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def maker(**changes: object) -> Maker:
    return Maker.model_validate({"model": "pen", "created": NOON, **changes})


def test_equal_content_has_equal_ids_and_other_content_has_others() -> None:
    sample = Sample.from_text("Ada met Charles")
    assert sample.id == Sample.from_tokens(("Ada", "met", "Charles")).id
    assert len(sample.id) == 32
    others = [
        Sample.from_text("Ada met  Charles"),
        Sample.from_text("Ada met Charles", image="a"),
        Sample.from_text("Ada met Charles", task="mre"),
        Sample.from_tokens(("Ada", "met", "Charles"), entities=()),
    ]
    assert len({sample.id, *(other.id for other in others)}) == 5


def test_an_id_is_the_same_on_every_machine() -> None:
    assert Sample.from_text("Ada met Charles").id == "c4256c4379793d021d9337b3dcc9bd3a"


def test_when_and_at_what_cost_a_record_was_made_stays_out_of_its_id() -> None:
    first = Caption(sample_id="s", text="a bridge", maker=maker())
    later = maker(created=NOON + timedelta(days=1), seconds=3.5, prompt_tokens=7, completion_tokens=2)
    assert Caption(sample_id="s", text="a bridge", maker=later).id == first.id
    assert Caption(sample_id="s", text="a bridge", maker=maker(model="brush")).id != first.id
    assert Caption(sample_id="s", text="a bridge", maker=maker(parameters={"beams": 5})).id != first.id


def test_records_of_different_kinds_never_share_an_id() -> None:
    caption = Caption(sample_id="s", text="t", maker=maker())
    thought = Knowledge(sample_id="s", grain="noun", text="t", maker=maker())
    assert caption.id != thought.id


def test_a_value_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Sample.from_text("hello").text = "goodbye"


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="imagee"):
        Sample.model_validate({"text": "a", "tokens": ["a"], "imagee": "x"})


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u00a0\u2003"])
def test_a_tweet_of_white_space_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="empty"):
        Sample.from_text(text)


def test_the_longest_tweet_is_taken_and_a_longer_one_refused_with_its_length() -> None:
    assert len(Sample.from_text("a" * MAX_CHARACTERS).text) == MAX_CHARACTERS
    with pytest.raises(BadInput, match="10,000 characters"):
        Sample.from_text("a" * 10_000)


def test_half_a_surrogate_pair_is_refused_in_words() -> None:
    with pytest.raises(BadInput, match="character 4 of the tweet"):
        Sample.from_text("abc\udcff")


def test_no_record_can_hold_what_cannot_be_written() -> None:
    with pytest.raises(ValidationError, match="surrogates"):
        Caption(sample_id="s", text="half \ud83d", maker=maker())
    with pytest.raises(ValidationError, match="finite"):
        Verdict(answer="yes", margin=math.inf)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        maker(created=datetime(2026, 5, 1))
    with pytest.raises(ValidationError, match="timezone"):
        Decision(augmentation_id="a", choice="approved", reviewer="Eve", at=datetime(2026, 5, 1))


def test_an_augmentation_has_a_variant_or_says_why_not() -> None:
    with pytest.raises(ValidationError, match="why it was dropped"):
        Augmentation(parent_id="p", kind="style", answer="…", maker=maker())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RT @a_b__c: it's Bo’s #NBA!", ["RT", "@", "a_b__c", ":", "it", "'", "s", "Bo", "’", "s", "#", "NBA", "!"]),
        ("AT&T won 3-2 at 9.30, 1,000 fans", "AT & T won 3 - 2 at 9.30 , 1,000 fans".split()),
        ("see https://t.co/a?b=c, ok", ["see", "https://t.co/a?b=c,", "ok"]),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467!", ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "!"]),
        ("\U0001f44d\U0001f3fd\U0001f44d", ["\U0001f44d\U0001f3fd", "\U0001f44d"]),
        ("\U0001f1ec\U0001f1e7\U0001f1eb\U0001f1f7", ["\U0001f1ec\U0001f1e7", "\U0001f1eb\U0001f1f7"]),
        ("1\ufe0f\u20e3First \u2764\ufe0f", ["1\ufe0f\u20e3", "First", "\u2764\ufe0f"]),
        ("cafe\u0301s", ["cafe\u0301s"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("שלום, עולם", ["שלום", ",", "עולם"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("\u0301a", ["\u0301", "a"]),
        ("a\u200b b", ["a", "\u200b", "b"]),
    ],
)
def test_words_are_cut_as_people_read_them(text: str, words: list[str]) -> None:
    assert list(split_words(text)) == words


@given(st.text(max_size=200))
def test_cutting_loses_nothing_but_white_space(text: str) -> None:
    assert "".join(split_words(text)) == "".join(text.split())


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100).filter(lambda text: text.strip()))
def test_every_word_stands_where_its_offsets_say(text: str) -> None:
    sample = Sample.from_text(text)
    assert [sample.text[start:end] for start, end in sample.offsets] == list(sample.tokens)
    whole = Span(start=0, end=len(sample.tokens))
    assert sample.characters(whole) == (0, len(sample.text))


def test_a_mention_is_given_as_it_stands_in_the_text() -> None:
    sample = Sample.from_text("New   York! \U0001f600 New York")
    assert sample.mention(Span(start=0, end=2)) == "New   York"
    assert sample.characters(Span(start=4, end=6)) == (14, 22)


@pytest.mark.parametrize(
    ("text", "head", "tail", "spans"),
    [
        ("ana works at acme", "ana", "acme", ((0, 1), (3, 4))),
        ("Paris Hilton flew to Paris", "Paris", "Paris Hilton", ((4, 5), (0, 2))),
        ("ana met ana", "ana", "ana", ((0, 1), (2, 3))),
        ("@NASA and ESA", "ESA", "NASA", ((3, 4), (1, 2))),
    ],
)
def test_a_pair_is_the_first_two_mentions_that_lie_apart(text: str, head: str, tail: str, spans: Any) -> None:
    pair = Sample.from_text(text).of_pair(head, tail, "peer")
    assert pair.relation is not None
    assert tuple((span.start, span.end) for span in (pair.relation.head, pair.relation.tail)) == spans
    assert (pair.task, pair.relation.label) == ("mre", "peer")
    assert pair.subject == f"{text} · {head} → {tail}"


@pytest.mark.parametrize(("head", "tail"), [("ana", "ana"), ("ana", "bob"), ("an", "acme"), ("", "acme")])
def test_a_pair_that_is_none_is_refused(head: str, tail: str) -> None:
    with pytest.raises(BadInput, match=r"does not stand in the tweet|share words"):
        Sample.from_text("ana works at acme").of_pair(head, tail)


def test_words_that_are_not_in_the_text_are_refused() -> None:
    with pytest.raises(ValidationError, match="'Paris' does not stand in the text after character 4"):
        Sample(text="Rome", tokens=("Rome", "Paris"))


@pytest.mark.parametrize(
    "entities",
    [
        [Entity(start=0, end=4, type="PER")],
        [Entity(start=0, end=2, type="PER"), Entity(start=1, end=3, type="LOC")],
        [Entity(start=2, end=3, type="PER"), Entity(start=0, end=1, type="LOC")],
    ],
)
def test_entities_that_overlap_or_leave_the_text_are_refused(entities: list[Entity]) -> None:
    with pytest.raises(ValidationError, match="overlaps another"):
        Sample.from_tokens(("a", "b", "c"), entities=tuple(entities))


def test_an_empty_span_is_refused() -> None:
    with pytest.raises(ValidationError, match="is empty"):
        Span(start=2, end=2)


def test_head_and_tail_may_overlap_but_not_leave_the_text() -> None:
    head, tail = Span(start=0, end=2), Span(start=1, end=2)
    Sample.from_tokens(("a", "b"), task="mre", relation=Relation(head=head, tail=tail))
    with pytest.raises(ValidationError, match="beyond the 2 tokens"):
        Sample.from_tokens(("a", "b"), task="mre", relation=Relation(head=head, tail=Span(start=1, end=3)))


def test_an_orphan_inside_tag_opens_an_entity() -> None:
    assert entities_from_tags(["I-PER", "I-PER", "I-LOC", "O", "B-LOC", "B-LOC", "I-LOC"]) == (
        Entity(start=0, end=2, type="PER"),
        Entity(start=2, end=3, type="LOC"),
        Entity(start=4, end=5, type="LOC"),
        Entity(start=5, end=7, type="LOC"),
    )


@pytest.mark.parametrize("tag", ["", "B", "I-", "O-", "O-PER", "E-PER", "PER"])
def test_a_tag_of_another_scheme_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="token 1"):
        entities_from_tags(["O", tag])


@given(st.lists(st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]), max_size=12))
def test_entities_survive_the_way_through_tags(tags: list[str]) -> None:
    entities = entities_from_tags(tags)
    assert entities_from_tags(tags_from_entities(entities, len(tags))) == entities
