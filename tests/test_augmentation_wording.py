"""The answer is taken out of what a teacher says around it."""

import pytest

from core.augmentation.wording import answer_in, could_be
from core.teachers import Message

TWEET = "Tobey Maguire is in Paris tonight"
DIALOGUE = [Message(role="user", content=f"Transform the sentence in Twitter style.\nSentence: {TWEET}")]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Tobey in Paris", "Tobey in Paris"),
        ('"Tobey in Paris"', "Tobey in Paris"),
        ("“Tobey in Paris”", "Tobey in Paris"),
        ("**Tobey in Paris**", "Tobey in Paris"),
        ("'Tobey' and 'Paris'", "'Tobey' and 'Paris'"),
        ("**Tobey** in Paris", "**Tobey** in Paris"),
        ("'Tobey's in Paris'", "Tobey's in Paris"),
        ("```\nTobey in Paris\n```\nDone!", "Tobey in Paris"),
        ("Tweet: Tobey in Paris", "Tobey in Paris"),
        ("Here's a Twitter-style version: Tobey in Paris", "Tobey in Paris"),
        ("Sure! Here is the sentence transformed into Twitter style:\n\nTobey in Paris", "Tobey in Paris"),
        ("Certainly! Tobey in Paris", "Tobey in Paris"),
        ("Here's why: Tobey in Paris", "Here's why: Tobey in Paris"),
        ("Sure thing: Tobey in Paris", "Sure thing: Tobey in Paris"),
        ("Tobey in Paris\n\nNote: I kept the meaning.", "Tobey in Paris"),
        ("Tobey in Paris\nThis tweet is short.", "Tobey in Paris"),
        ("Tobey in Paris!\n\n#Paris #TobeyMaguire 🎉", "Tobey in Paris! #Paris #TobeyMaguire 🎉"),
        ("Tobey in\nParis", "Tobey in Paris"),
        ("1. Tobey in Paris\n2. Paris has Tobey", "Tobey in Paris"),
        ("Tobey in Paris<|im_end|><|im_start|>user", "Tobey in Paris"),
        ("Tobey in Paris\nUser: and now?", "Tobey in Paris"),
        ("I can't believe Tobey is in Paris", "I can't believe Tobey is in Paris"),
        ("I'm sorry, but I can't help with that.", None),
        ("I cannot assist with this request.", None),
        ("As an AI language model, I do not tweet.", None),
        ("  \n ", None),
        ('""', None),
        ("Transform the sentence in Twitter style.", None),
    ],
)
def test_only_the_answer_is_left(said: str, answer: str | None) -> None:
    assert answer_in(said, DIALOGUE, TWEET) == answer


def test_what_the_tweet_itself_begins_with_stays() -> None:
    tweet = '"Photo: Tobey" he said'
    said = '"Photo: Tobey!" he shouted'
    assert answer_in(said, [Message(role="user", content=tweet)], tweet) == said


def test_an_earlier_answer_of_the_dialogue_is_an_echo() -> None:
    dialogue = [Message(role="assistant", content="Zubin in Tel Aviv!"), *DIALOGUE]
    assert answer_in("zubin in Tel Aviv!", dialogue, TWEET) is None


@pytest.mark.parametrize(
    ("rewrite", "is_one"),
    [
        ("OMG Tobey is in Paris!", True),
        ("🎉🎉🎉", False),
        ("Paris", False),
        (" ".join(["Paris"] * 39), False),
        ("Тоби Магуайр в Париже сегодня", False),
        ("توبي في باريس الليلة مع", False),
        ("Tobey in Paris, мир!", True),
    ],
)
def test_a_rewrite_has_the_length_and_the_script_of_its_tweet(rewrite: str, is_one: bool) -> None:
    assert could_be(rewrite, TWEET) is is_one


def test_a_tweet_of_emoji_alone_may_become_another() -> None:
    assert could_be("🎉🎉", "🎉")
