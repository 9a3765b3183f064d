"""The two rows that a student sees of a tweet."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.student import files
from core.student.config import StudentConfig
from tests.students import LABELS, TWEET, logits, tweet


def test_both_views_begin_with_the_same_ids(untrained):
    encoded = untrained[1].encode(tweet(*TWEET), ["a city .", "ana says ."])
    assert encoded.knowledge[: len(encoded.text)] == encoded.text
    assert encoded.places == [1, 2, 3, 4, 5]


def test_a_word_is_labelled_at_its_first_sub_word(untrained):
    encoded = untrained[1].encode(tweet("plays", "playing", "bob"), [])
    assert encoded.places == [1, 3, 5]


def test_many_samples_are_encoded_as_each_is_alone(untrained):
    items = [(tweet(*TWEET), ["a city ."]), (tweet("bob", "\ufe0f", "bob"), []), (tweet("ana", "plays"), ["", "x y"])]
    assert untrained[1].encode_all(items) == [untrained[1].encode(*item) for item in items]
    assert untrained[1].encode_all([]) == []


@pytest.mark.parametrize("token", ["\ufe0f", "\u200b", "\u200d", "\u00a0", "\x92", "\ufffd"])
def test_a_word_that_vanishes_in_the_tokenizer_still_has_a_place(untrained, token):
    encoded = untrained[1].encode(tweet("ana", token, "bob"), [])
    assert encoded.places == [1, 2, 3]
    assert logits(untrained, [(("ana", token, "bob"), [])], "without_knowledge").shape == (1, 3, len(LABELS))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(alphabet="abc .", max_size=200), max_size=5))
def test_every_word_of_the_tweet_survives_any_knowledge(untrained, knowledge):
    encoded = untrained[1].encode(tweet(*TWEET), knowledge)
    assert encoded.knowledge[: len(encoded.text)] == encoded.text
    assert len(encoded.knowledge) <= 48


@pytest.mark.parametrize("word", ["[SEP]", "[CLS]", "[MASK]", "[PAD]"])
def test_a_special_token_in_somebodys_words_is_words(untrained, word):
    ids = untrained[1].tokenizer.all_special_ids
    plain = untrained[1].encode(tweet("ana", "!"), ["a city ."]).knowledge
    forged = untrained[1].encode(tweet("ana", word), [f"a {word} city ."]).knowledge
    assert [each for each in forged if each in ids and each != untrained[1].tokenizer.unk_token_id] == [
        each for each in plain if each in ids
    ]


def test_knowledge_is_cut_between_sentences(untrained):
    sentence = "ana goes to paris ."
    encoded = untrained[1].encode(tweet(*TWEET), [" ".join([sentence] * 20)])
    room = 48 - len(encoded.text) - 1
    assert len(encoded.knowledge) == len(encoded.text) + room // 5 * 5 + 1


def test_a_tweet_that_leaves_no_room_for_the_prompt_is_refused_with_both_numbers(untrained):
    with pytest.raises(BadInput, match=r"60 sub-words.*at most 42"):
        untrained[1].encode(tweet(*["ana"] * 60), [])


def test_changed_knowledge_leaves_the_text_only_logits_bit_identical(untrained):
    one = logits(untrained, [(TWEET, ["a city ."])], "without_knowledge")
    other = logits(untrained, [(TWEET, ["bob works at acme .", "the singer ."])], "without_knowledge")
    assert torch.equal(one, other)
    assert not torch.equal(
        logits(untrained, [(TWEET, ["a city ."])], "with_knowledge"),
        logits(untrained, [(TWEET, ["the singer ."])], "with_knowledge"),
    )


@pytest.mark.parametrize("view", ["with_knowledge", "without_knowledge"])
def test_padding_and_batch_order_do_not_change_logits(untrained, view):
    short, long = (("bob", "!"), ["a ."]), (TWEET * 3, ["ana goes to rome . " * 3])
    alone = logits(untrained, [short], view)[0, :2]
    for items, at in (([short, long], 0), ([long, short], 1)):
        torch.testing.assert_close(logits(untrained, items, view)[at, :2], alone, atol=1e-5, rtol=1e-4)


def test_padding_to_a_stride_never_leads_beyond_what_the_encoder_reads(tiny_encoder):
    config = StudentConfig(encoder=str(tiny_encoder), labels=LABELS, max_length=128, prompt_length=11)
    made = files.new(config)
    longest = ("ana",) * (128 - 11 - 2)
    assert logits(made, [(longest, ["a city . " * 50])], "without_knowledge").shape[1] == len(longest)
    assert logits(made, [(longest, ["a city . " * 50])], "with_knowledge").shape[1] == len(longest)
