"""Gold labels find their mentions again in other wordings, and nothing else."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.augmentation.projection import added, project
from core.augmentation.spelling import common_words, fold
from core.domain import Entity, Relation, Sample, Span
from core.domain.tokens import split_words
from core.errors import BadInput


def labelled(marked: str) -> Sample:
    """A corpus' sample from words with its mentions in brackets: `[Tobey Maguire|PER] is here`."""
    tokens: list[str] = []
    entities = []
    for part in re.split(r"(\[[^\]]*\|[A-Z]+\])", marked):
        words, _, kind = part.strip("[]").partition("|") if part.startswith("[") else (part, "", "")
        start = len(tokens)
        tokens += words.split()
        if kind:
            entities.append(Entity(start=start, end=len(tokens), type=kind))
    return Sample.from_tokens(tuple(tokens), entities=tuple(entities))


def found(sample: Sample, rewrite: str) -> list[str] | None:
    """The mentions of the rewrite as `words/TYPE`, or None where one is lost."""
    variant = project(sample, rewrite).sample
    if variant is None:
        return None
    assert variant.tokens == split_words(rewrite.strip())
    return [f"{variant.mention(entity)}/{entity.type}" for entity in variant.entities or ()]


@pytest.mark.parametrize(
    ("name", "rewrite", "words"),
    [
        ("Tobey Maguire", "so glad @TobeyMaguire came", "TobeyMaguire"),
        ("Tobey Maguire", "#TobeyMaguire!!! 🎉", "TobeyMaguire"),
        ("Tobey Maguire", "#tobeymaguire", "tobeymaguire"),
        ("Tobey Maguire", "TOBEY MAGUIRE IS HERE", "TOBEY MAGUIRE"),
        ("Tobey Maguire", "tobey maguire's home", "tobey maguire"),
        ("Tobey Maguire", "both Tobey Maguires", "Tobey Maguires"),
        ("Tobey Maguire", "Tobey_Maguire", "Tobey_Maguire"),
        ("Tobey Maguire", "Tobey Magiure came", "Tobey Magiure"),
        ("Tobey Maguire", "𝐓𝐨𝐛𝐞𝐲 𝐌𝐚𝐠𝐮𝐢𝐫𝐞", "𝐓𝐨𝐛𝐞𝐲 𝐌𝐚𝐠𝐮𝐢𝐫𝐞"),
        ("Tobey Maguire", "@realTobeyMaguire is here", "realTobeyMaguire"),
        ("Tobey Maguire", "@tobeymaguire75 is here", "tobeymaguire75"),
        ("Tobey Maguire", "Who is with Maguire?", "Maguire"),
        ("Tobey Maguire", "So Maguire's plan is out", "Maguire"),
        ("TobeyMaguire", "Tobey Maguire came", "Tobey Maguire"),
        ("tobeymaguire", "Tobey Maguire came", "Tobey Maguire"),
        ("Leonardo DiCaprio", "@LeoDiCaprio rocks", "LeoDiCaprio"),
        ("Leonardo DiCaprio", "L. DiCaprio rocks", "L. DiCaprio"),
        ("Diego Forlán", "DIEGO FORLAN", "DIEGO FORLAN"),
        ("Beyonce", "Beyoncé!", "Beyoncé"),
        ("Martin Ødegaard", "Martin Odegaard", "Martin Odegaard"),
        ("Spider - Man", "Spider-Man", "Spider-Man"),
        ("Rosie O ' Donnell", "Rosie O’Donnell", "Rosie O’Donnell"),
        ("Jay - Z", "#JayZ", "JayZ"),
        ("U . S", "in the U.S. today", "U.S"),
        ("US", "#US is big", "US"),
        ("McDonald's", "@McDonalds", "McDonalds"),
        ("The Beatles", "#Beatles", "Beatles"),
        ("Beatles", "#TheBeatles", "TheBeatles"),
        ("Manchester United", "#ManUnited", "ManUnited"),
        ("محمد صلاح", "هدف #محمد_صلاح 🔥", "محمد_صلاح"),
        ("محمد صلاح", "مُحَمَّد صلاح سجل", "مُحَمَّد صلاح"),
        ("ירושלים", "שלום ירושלים!", "ירושלים"),
        ("❤ ️", "so ❤ ️", "❤ ️"),
    ],
)
def test_a_name_is_found_in_another_spelling(name: str, rewrite: str, words: str) -> None:
    assert found(labelled(f"saw [{name}|PER] today"), rewrite) == [f"{words}/PER"]


@pytest.mark.parametrize(
    ("name", "rewrite"),
    [
        ("US", "They told us about the bus"),
        ("US", "TELL US NOW PLEASE"),
        ("US", "Usain and Gus, thus us's"),
        ("US", "with @realus"),
        ("May", "May I go?"),
        ("May", "we may go in may"),
        ("Will", "Will you come?"),
        ("Will", "I will"),
        ("Mark", "mark my words"),
        ("New Day", "it's a new day"),
        ("LA", "la la la"),
        ("Nowhere", "he is now here"),
        ("Trump", "ride the #TrumpTrain"),
        ("Donald Trump", "Ivanka Trump came"),
        ("Donald Trump", "in front of Trump Tower"),
        ("America", "an American in town"),
        ("Iran", "now in Iraq"),
        ("Austria", "now in Australia"),
        ("Euro2016", "see you at Euro2020"),
        ("Tobey Maguire", "what a day"),
        ("Tobey Maguire", "Tobey came"),
        ("Obama", "http://x.co/obama"),
        ("صلاح", "الصلاحية"),
        ("Paris", "🙂"),
    ],
)
def test_a_name_that_is_not_there_is_lost(name: str, rewrite: str) -> None:
    sample = labelled(f"saw [{name}|PER] today")
    projection = project(sample, rewrite)
    assert (projection.sample, projection.lost) == (None, (name,))


def test_a_common_word_is_the_name_only_where_it_cannot_stand_by_chance() -> None:
    sample = labelled("[Will|PER] met [May|PER] in the [US|LOC]")
    variant = project(sample, "May I say: will Will meet May? The bus told us US").sample
    assert variant is not None
    assert [(e.start, variant.tokens[e.start]) for e in variant.entities or ()] == [(5, "Will"), (7, "May"), (13, "US")]


def test_common_words_stand_in_their_file_as_words_are_compared_and_its_head_is_none_of_them() -> None:
    assert common_words() >= {"a", "may", "us", "will", "zero"}
    assert {word for word in common_words() if fold(word) != word} == set()


def test_a_name_given_several_types_keeps_them_beside_the_words_they_stood_beside() -> None:
    sample = labelled("[Jordan|PER] flies to [Jordan|LOC] . Go Jordan !")
    assert found(sample, "✈️ Jordan flies off to Jordan! Go, Jordan") == ["Jordan/PER", "Jordan/LOC"]
    assert found(sample, "Off to Jordan it is: Jordan flies! Jordan!") is None


@pytest.mark.parametrize(
    ("tweet", "rewrite"),
    [
        ("[Paris|LOC] is nice", "oh wow, Paris Hilton is nice"),
        ("[Boston|LOC] is cold", "a Boston Celtics game is cold"),
        ("so cold in [New York|LOC]", "so cold at the New York Giants"),
        ("[Trump|PER] won", "so Melania Trump won"),
    ],
)
def test_a_name_that_a_new_word_makes_longer_is_lost(tweet: str, rewrite: str) -> None:
    assert found(labelled(tweet), rewrite) is None


def test_a_new_word_that_opens_a_sentence_and_a_headline_make_no_name_longer() -> None:
    assert found(labelled("[Trump|PER] won again"), "Unbelievable! Trump won again") == ["Trump/PER"]
    assert found(labelled("[Trump|PER] won again"), "Donald's Dream: Trump Triumphs Again") == ["Trump/PER"]


@pytest.mark.parametrize(
    ("tweet", "rewrite"),
    [
        ("the [Apple|ORG] event", "An event with an apple"),
        ("[Take That|ORG] were great", "Oh, take that !"),
        ("i saw [take that|ORG] yesterday", "Yesterday, hey, take that !"),
    ],
)
def test_the_same_word_in_small_letters_may_be_no_name(tweet: str, rewrite: str) -> None:
    assert found(labelled(tweet), rewrite) is None


def test_names_that_a_rewrite_adds_are_told() -> None:
    sample = labelled("[LeBron James|PER] is back")
    projection = project(sample, "Wow! LeBron James is back with the Lakers in Ohio, says #ESPN")
    assert projection.sample
    assert added(sample, projection.sample) == ["Lakers", "Ohio"]
    assert added(sample, sample) == []
    again = project(sample, "Tell everyone that LeBron James is back, the real LeBron").sample
    assert again
    assert added(sample, again) == ["LeBron"]


def test_a_name_given_several_types_that_stands_less_often_is_lost() -> None:
    assert found(labelled("[Jordan|PER] flies to [Jordan|LOC] ."), "✈️ to Jordan") is None


def test_every_further_occurrence_of_a_name_is_labelled() -> None:
    assert found(labelled("[Obama|PER] spoke"), "@Obama spoke. Obama! #obama") == [
        "Obama/PER",
        "Obama/PER",
        "obama/PER",
    ]


def test_a_name_repeated_in_the_parent_may_stand_once() -> None:
    assert found(labelled("[Obama|PER] said [Obama|PER] runs"), "Obama says he runs") == ["Obama/PER"]


def test_a_full_name_with_its_family_name_behind_it_is_labelled_twice() -> None:
    assert found(labelled("[Donald Trump|PER] won"), "Donald Trump won #Trump") == ["Donald Trump/PER", "Trump/PER"]


def test_of_overlapping_names_the_longest_cover_wins() -> None:
    sample = labelled("[New York|LOC] loves the [New York Yankees|ORG]")
    assert found(sample, "#NewYorkYankees, the New York Yankees of New York") == [
        "NewYorkYankees/ORG",
        "New York Yankees/ORG",
        "New York/LOC",
    ]


def test_a_span_never_splits_a_word() -> None:
    assert found(labelled("[Paris|LOC] [London|LOC]"), "ParisLondon") is None


def test_what_is_spelled_in_another_way_is_noted_with_its_type() -> None:
    projection = project(labelled("[Tobey Maguire|PER] in [Paris|LOC]"), "@TobeyMaguire in Paris")
    assert [(each.old, each.new, each.type) for each in projection.respelled] == [
        ("Tobey Maguire", "TobeyMaguire", "PER")
    ]


def test_a_relation_moves_with_its_mentions() -> None:
    tokens = ("Angela", "Merkel", "visits", "Paris")
    relation = Relation(head=Span(start=0, end=2), tail=Span(start=3, end=4), label="/per/loc/place_of_residence")
    sample = Sample.from_tokens(tokens, task="mre", relation=relation)
    variant = project(sample, "Bonjour Paris! #AngelaMerkel").sample
    assert variant is not None
    assert variant.relation is not None
    assert (variant.mention(variant.relation.head), variant.mention(variant.relation.tail)) == ("AngelaMerkel", "Paris")
    assert (variant.task, variant.entities, variant.relation.label) == ("mre", None, relation.label)


def test_a_relation_with_one_end_lost_is_lost() -> None:
    relation = Relation(head=Span(start=0, end=1), tail=Span(start=2, end=3))
    sample = Sample.from_tokens(("Merkel", "visits", "Paris"), task="mre", relation=relation)
    assert project(sample, "Merkel is away").lost == ("Paris",)


def test_an_unlabelled_tweet_stays_unlabelled() -> None:
    variant = project(Sample.from_text("Tobey Maguire", image="abc"), "@TobeyMaguire").sample
    assert variant is not None
    assert (variant.entities, variant.image) == (None, "abc")


def test_a_tweet_without_mentions_has_none_in_its_rewrite() -> None:
    assert found(labelled("what a day"), "WHAT A DAY 🎉") == []


@pytest.mark.parametrize("rewrite", ["", " \n ", "x" * 1001])
def test_a_rewrite_that_is_no_tweet_is_refused(rewrite: str) -> None:
    with pytest.raises(BadInput):
        project(labelled("[Obama|PER]"), rewrite)


NAMES = [
    "Tobey Maguire",
    "Zubin Mehta",
    "Reykjavik",
    "محمد صلاح",
    "Zürich",
    "PredsNHL",
    "Nguyễn Văn",
    "Łódź",
    "O'Donnell",
]
KINDS = ["PER", "LOC", "ORG", "MISC"]
OTHERS = [
    "so",
    "🎉",
    "😩😍",
    "👩🏽‍🚀",
    "#wow",
    "@ them",
    "lovely",
    "!",
    "...",
    "مرحبا",
    "שלום",
    "2 - 1",
    "http://x.co/a",
    "“",
    "don't",
]

types_of_names = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(KINDS), min_size=1, max_size=4)


@st.composite
def tweets(draw: st.DrawFn) -> Sample:
    """Tweets with names, each always of one type, repeated or not, as words, handles and hashtags."""
    types = draw(types_of_names)
    tokens: list[str] = []
    entities = []
    for piece in draw(st.lists(st.sampled_from([*types, *OTHERS]), min_size=1, max_size=12)):
        if piece in types and draw(st.booleans()):
            tokens.append(draw(st.sampled_from("@#")))
        start = len(tokens)
        tokens += split_words(piece)
        if piece in types:
            entities.append(Entity(start=start, end=len(tokens), type=types[piece]))
    return Sample.from_tokens(tuple(tokens), entities=tuple(entities))


@given(tweets())
def test_a_rewrite_that_changes_nothing_keeps_exactly_the_spans(sample: Sample) -> None:
    variant = project(sample, sample.text).sample
    assert variant is not None
    assert (variant.tokens, variant.entities) == (sample.tokens, sample.entities)


@given(tweets(), st.data())
def test_other_words_put_between_keep_the_spans(sample: Sample, data: st.DataObject) -> None:
    ends = {0: 0, **{entity.start: entity.end for entity in sample.entities or ()}}
    words: list[str] = []
    expected = []
    at = 0
    while at < len(sample.tokens):
        if sample.tokens[at - 1 : at] not in (("@",), ("#",)) or at not in ends:
            words += data.draw(st.lists(st.sampled_from(["well", "🎉", "then", "kindly", "¡", "تمام"]), max_size=2))
        end = max(ends.get(at, at), at + 1)
        if ends.get(at):
            expected.append(" ".join(sample.tokens[at:end]))
        words += sample.tokens[at:end]
        at = end
    variant = project(sample, " ".join(words)).sample
    assert variant is not None
    assert [variant.mention(entity) for entity in variant.entities or ()] == expected
    assert [entity.type for entity in variant.entities or ()] == [entity.type for entity in sample.entities or ()]


@given(tweets(), st.sampled_from([str.upper, str.lower, str.title]), st.sampled_from(["@", "#"]))
def test_a_name_made_a_handle_or_a_hashtag_is_one_word(sample: Sample, recase: object, mark: str) -> None:
    assert callable(recase)
    names = list(dict.fromkeys(sample.mention(entity) for entity in sample.entities or ()))
    assume(names)
    rewrite = " yes ".join(mark + "".join(re.findall(r"\w+", recase(name))) for name in names)
    variant = project(sample, rewrite).sample
    assert variant is not None
    assert [variant.mention(entity) for entity in variant.entities or ()] == rewrite.replace(mark, "").split(" yes ")


@given(tweets(), st.lists(st.sampled_from([*OTHERS, "Maguires", "TobeyX", "Zuri", "Reykja", "محمدي", "PredsNHLFans"])))
def test_no_span_is_made_for_a_name_that_is_not_there(sample: Sample, words: list[str]) -> None:
    rewrite = " ".join(["then", *words])
    projection = project(sample, rewrite)
    if sample.entities:
        assert projection.sample is None
        assert set(projection.lost) == {sample.mention(entity) for entity in sample.entities}
    else:
        assert projection.sample is not None
        assert projection.sample.entities == ()


@given(tweets(), st.text(max_size=200))
def test_any_answer_gives_whole_words_or_nothing(sample: Sample, rewrite: str) -> None:
    assume(split_words(rewrite.strip()))
    variant = project(sample, rewrite).sample
    if variant is not None:
        assert variant.tokens == split_words(rewrite.strip())
        assert {entity.type for entity in variant.entities or ()} == {entity.type for entity in sample.entities or ()}
