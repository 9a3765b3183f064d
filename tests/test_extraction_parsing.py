"""What counts as an answer of a teacher that extracts, and where the mentions in it stand."""

import pytest

from core.domain import Entity, Sample
from core.extraction.parsing import Mention, parse_label, parse_mentions
from core.extraction.placing import place

TYPES = ("LOC", "PER")


def mention(text: str, kind: str = "PER") -> Mention:
    return Mention(text=text, type=kind)


def spans(tweet: str, *mentions: Mention) -> list[tuple[str, str]]:
    """The placed mentions, as words and type."""
    sample = Sample.from_tokens(tuple(tweet.split(" ")))
    return [(sample.mention(entity), entity.type) for entity in place(mentions, sample, TYPES).entities]


# Parsing


@pytest.mark.parametrize(
    "answer",
    [
        '[{"text": "Ada", "type": "PER"}]',
        '\n [ {"type":"PER","text":"Ada"} ] \n',
        '```json\n[{"text": "Ada", "type": "PER"}]\n```',
        '```\n[{"text": "Ada", "type": "PER"}]```',
    ],
)
def test_a_list_of_mentions_is_parsed_within_white_space_and_a_fence(answer: str) -> None:
    assert parse_mentions(answer) == (mention("Ada"),)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Ada is a person.",
        'Here they are: [{"text": "Ada", "type": "PER"}]',
        '[{"text": "Ada", "type": "PER"}] I hope this helps!',
        '[{"text": "Ada", "type": "PER"}',
        '{"text": "Ada", "type": "PER"}',
        '[{"text": "Ada", "type": "PER", "score": 1}]',
        '[{"text": "Ada"}]',
        '[{"text": "Ada", "type": null}]',
        '[{"text": 7, "type": "PER"}]',
        '["Ada"]',
        "[{'text': 'Ada', 'type': 'PER'}]",
        '[{"text": "Ada\\ud800", "type": "PER"}]',
        '```json\n[{"text": "Ada", "type": "PER"}]\n```\nand so on',
        "[" * 100_000,
        "null",
        "NaN",
    ],
    ids=lambda answer: answer[:30],
)
def test_anything_else_is_not_parsed(answer: str) -> None:
    assert parse_mentions(answer) is None


def test_an_empty_list_is_an_answer() -> None:
    assert parse_mentions("[]") == ()


@pytest.mark.parametrize("answer", ["/a/b", " /a/b\n", "```\n/a/b\n```"])
def test_a_label_is_parsed_within_white_space_and_a_fence(answer: str) -> None:
    assert parse_label(answer, {"/a/b", "None"}) == "/a/b"


@pytest.mark.parametrize("answer", ["", "/a/c", "/A/B", "/a/b.", '"/a/b"', "Relation: /a/b", "/a/b, None", "none"])
def test_a_label_outside_the_set_is_not_parsed(answer: str) -> None:
    assert parse_label(answer, {"/a/b", "None"}) is None


# Placing


def test_every_occurrence_of_a_mention_is_found() -> None:
    assert spans("Ada met Ada Lovelace , not ADA", mention("Ada")) == [("Ada", "PER"), ("Ada", "PER")]


def test_case_gives_way_only_where_the_mention_stands_nowhere_as_written() -> None:
    assert spans("ADA met ada", mention("Ada")) == [("ADA", "PER"), ("ada", "PER")]


def test_spaces_do_not_count_but_tokens_are_whole() -> None:
    assert spans("the X - Men of @ nyc", mention("X-Men"), mention("@nyc", "LOC")) == [
        ("X - Men", "PER"),
        ("@ nyc", "LOC"),
    ]
    assert spans("Lovelaces", mention("Lovelace")) == []


def test_a_blank_token_is_no_end_of_a_mention() -> None:
    sample = Sample.from_tokens(("\xa0", "Ada", "\xa0", "Lovelace", "\xa0"))
    (entity,) = place([mention("Ada Lovelace")], sample, TYPES).entities
    assert (entity.start, entity.end) == (1, 4)


def test_a_longer_mention_goes_before_those_within_it() -> None:
    york, knicks = mention("New York", "LOC"), mention("New York Knicks")
    assert spans("New York Knicks leave New York", york, knicks) == [("New York Knicks", "PER"), ("New York", "LOC")]
    alone = place([york, knicks], Sample.from_tokens(("New", "York", "Knicks")), TYPES)
    assert (len(alone.entities), alone.overlapping) == (1, (york,))


def test_the_first_type_of_a_mention_counts_and_the_second_is_wrong() -> None:
    placed = place([mention("Ada"), mention("Ada", "LOC")], Sample.from_tokens(("Ada",)), TYPES)
    assert placed.entities == (Entity(start=0, end=1, type="PER"),)
    assert placed.overlapping == (mention("Ada", "LOC"),)


def test_a_mention_named_twice_is_one() -> None:
    placed = place([mention("Ada"), mention("Ada"), mention("ada")], Sample.from_tokens(("Ada",)), TYPES)
    assert (len(placed.entities), placed.overlapping, placed.not_in_text) == (1, (), ())


@pytest.mark.parametrize("text", ["Bob", "", " ", "Ada Ada", "A", "\x1b[31mAda", "<b>Ada</b>"])
def test_a_mention_that_is_not_in_the_tweet_gets_no_place(text: str) -> None:
    placed = place([mention(text)], Sample.from_tokens(("Ada", "sings")), TYPES)
    assert (placed.entities, placed.not_in_text) == ((), (mention(text),))


@pytest.mark.parametrize("kind", ["PERSON", "per", "", "O", "B-PER"])
def test_a_mention_of_an_unknown_type_gets_no_place(kind: str) -> None:
    placed = place([mention("Ada", kind)], Sample.from_tokens(("Ada",)), TYPES)
    assert (placed.entities, placed.unknown_type) == ((), (mention("Ada", kind),))
