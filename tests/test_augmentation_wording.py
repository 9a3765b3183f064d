"""The answer is taken out of what a teacher says around it."""

import pytest

from core.augmentation.wording import NoAnswer, answer_in, check_rewrite
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
        ("I'm so sorry that Tobey is in Paris", "I'm so sorry that Tobey is in Paris"),
        ("<think>Tobey, Paris.</think>\nTobey in Paris", "Tobey in Paris"),
        ("Tobey in Paris! (Note: Tobey and Paris are kept.)", "Tobey in Paris!"),
        ("1. Tobey in Paris! 2. Paris has Tobey", "Tobey in Paris!"),
    ],
)
def test_only_the_answer_is_left(said: str, answer: str) -> None:
    assert answer_in(said, DIALOGUE, TWEET) == answer


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("I'm sorry, but I can't help with that.", "refused"),
        ("I cannot assist with this request.", "refused"),
        ("As an AI language model, I do not tweet.", "refused"),
        ("I'm sorry, I can't write about Tobey Maguire in Paris.", "refused"),
        ("I apologize, but I cannot describe that.", "refused"),
        ("I don't have access to images.", "refused"),
        ("There is no image provided.", "refused"),
        ("N/A", "refused"),
        ("<think>Tobey, Paris.", "empty"),
        ("  \n ", "empty"),
        ('""', "empty"),
        ("Transform the sentence in Twitter style.", "echo"),
    ],
)
def test_what_is_no_answer_has_its_reason(said: str, reason: str) -> None:
    with pytest.raises(NoAnswer) as no:
        answer_in(said, DIALOGUE, TWEET)
    assert no.value.reason == reason


def test_what_the_tweet_itself_begins_with_stays() -> None:
    tweet = '"Photo: Tobey" he said'
    said = '"Photo: Tobey!" he shouted'
    assert answer_in(said, [Message(role="user", content=tweet)], tweet) == said


def test_an_earlier_answer_of_the_dialogue_is_an_echo() -> None:
    dialogue = [Message(role="assistant", content="Zubin in Tel Aviv!"), *DIALOGUE]
    with pytest.raises(NoAnswer) as no:
        answer_in("zubin in Tel Aviv!", dialogue, TWEET)
    assert no.value.reason == "echo"


@pytest.mark.parametrize(
    ("rewrite", "reason"),
    [
        ("OMG Tobey is in Paris!", None),
        ("Tobey in Paris, мир!", None),
        ("Tobey 🕷 Paris", None),
        ("tobey maguire is in PARIS tonight!!", "unchanged"),
        (f"{TWEET} #Paris #SoManyWordsInTags 🎉", None),
        (f"Tweet: {TWEET}. Rewrite: Tobey was seen there!", "echo"),
        (f"{TWEET}, where he will marry Zendaya", "echo"),
        ("Paris", "unparsable"),
        (" ".join(["Paris"] * 39), "unparsable"),
        ("Тоби Магуайр в Париже сегодня", "other language"),
        ("توبي في باريس الليلة مع", "other language"),
        ("Tobey Maguire está en París esta noche", "other language"),
        ("Tobey Maguire est à Paris ce soir", "other language"),
        ("Tobey Maguire ist heute Abend in Paris und freut sich", "other language"),
    ],
)
def test_a_rewrite_has_the_length_and_the_language_of_its_tweet_and_does_not_hold_it_whole(
    rewrite: str, reason: str | None
) -> None:
    if reason is None:
        check_rewrite(rewrite, TWEET)
        return
    with pytest.raises(NoAnswer) as no:
        check_rewrite(rewrite, TWEET)
    assert no.value.reason == reason


def test_a_tweet_of_emoji_alone_may_become_another() -> None:
    assert answer_in("🎉🎊", [Message(role="user", content="🎉")], "🎉") == "🎉🎊"
    check_rewrite("🎉🎊", "🎉")
