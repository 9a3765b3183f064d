"""Variants of a tweet, made by a teacher behind a real endpoint on this machine."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core import prompts
from core.augmentation import Draw, EntityPool, plan
from core.augmentation.entity import CLEAR_YES
from core.domain import Augmentation, AugmentationKind, Entity, Sample
from core.errors import BadInput, TeacherError
from core.study import VARIANTS
from core.teachers._chat import ChatTeacher
from tests.loopback import Loopback, serving

PARENT = Sample.from_tokens(
    ("Tobey", "Maguire", "is", "on", "his", "way", "to", "Paris", "with", "@", "Obama"),
    image="0123",
    entities=(
        Entity(start=0, end=2, type="PER"),
        Entity(start=7, end=8, type="LOC"),
        Entity(start=10, end=11, type="PER"),
    ),
)
POOL = EntityPool("a test", {"PER": ("Zubin Mehta", "obama"), "LOC": ("Tel Aviv", "PARIS")})
RESTYLED = "OMG @TobeyMaguire is off to Paris with Obama 🎉 #Paris"


@pytest.fixture(params=["paper", "local"])
def prompt_set(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def answering() -> Iterator[Callable[[str], Loopback]]:
    with serving(lambda _: "") as loopback:

        def answer(text: str) -> Loopback:
            loopback.answer = lambda _: text
            return loopback

        yield answer


def made(
    loopback: Loopback,
    kind: AugmentationKind,
    *,
    sample: Sample = PARENT,
    prompt_set: str = "paper",
    hear: Callable[[str], None] | None = None,
    **options: Any,
) -> Augmentation:
    teacher = ChatTeacher(
        model="loopback", served_as="m", base_url=loopback.url, key="no key", prompts=prompt_set, timeout=10
    )
    options = {"pool": POOL, **options}
    return plan(kind, sample, sample.entities, teacher, **options).ask_now(teacher, hear)


def mentions(sample: Sample | None) -> list[str]:
    assert sample is not None
    return [f"{sample.mention(entity)}/{entity.type}" for entity in sample.entities or ()]


Answering = Callable[[str], Loopback]


def test_a_rewrite_carries_the_labels_and_the_picture(answering: Answering, prompt_set: str) -> None:
    heard: list[str] = []
    loopback = answering(f'Sure! Here is the tweet:\n\n"{RESTYLED}"')
    variant = made(loopback, "style", prompt_set=prompt_set, hear=heard.append)
    assert variant.variant is not None
    assert (variant.variant.text, variant.variant.image, variant.dropped) == (RESTYLED, "0123", None)
    assert mentions(variant.variant) == ["TobeyMaguire/PER", "Paris/LOC", "Obama/PER", "Paris/LOC"]
    assert [(each.old, each.new) for each in variant.replacements] == [("Tobey Maguire", "TobeyMaguire")]
    assert "".join(heard) == variant.answer


def test_a_variant_records_what_made_it(answering: Answering) -> None:
    loopback = answering(RESTYLED)
    variant = made(loopback, "style")
    maker = variant.maker
    assert (variant.parent_id, variant.kind, variant.answer) == (PARENT.id, "style", RESTYLED)
    assert (maker.model, maker.prompt_version) == ("loopback", prompts.load("paper", "style").version)
    assert maker.parameters["temperature"] == 0
    assert maker.completion_tokens == len(RESTYLED.split())
    assert maker.seconds > 0
    assert PARENT.text in loopback.requests[0]["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Some actor is on his way to France with @Obama", "span lost"),
        ("tobey  maguire is on his way to paris with @obama", "unchanged"),
        ("Tobey Maguire is on his way to Paris — with @Obama!!", "unchanged"),
        ("I'm sorry, but I can't assist with that.", "refused"),
        ("As an AI language model, I have no opinion on Tobey Maguire, Paris or Obama.", "refused"),
        ('""', "empty"),
        ("🎉", "empty"),
        ("Paris!", "unparsable"),
        (" ".join(["Tobey Maguire Paris Obama"] * 20), "unparsable"),
        ("Тоби Магуайр едет в Париж вместе с Обамой сегодня вечером", "other language"),
        ("Tobey Maguire and Obama land in Paris, then in London", "name added"),
        ("Tobey Maguire está de camino a París, Paris, con @Obama esta noche", "other language"),
        ("Transform the sentence in Twitter style without changing the meaning. Tobey Maguire Paris", "echo"),
    ],
)
def test_a_rewrite_that_is_none_is_dropped_with_its_reason(answering: Answering, answer: str, reason: str) -> None:
    variant = made(answering(answer), "style")
    assert (variant.variant, variant.dropped, variant.answer) == (None, reason, answer)


def test_the_worked_example_given_back_is_no_rewrite(answering: Answering) -> None:
    example = next(
        turn["content"] for turn in prompts.load("local", "style").messages(text="x") if turn["role"] == "assistant"
    )
    assert made(answering(example), "style", prompt_set="local").dropped == "echo"


def test_a_name_gives_way_to_another_of_its_type(answering: Answering, prompt_set: str) -> None:
    variant = made(answering("Yes, that is possible."), "entity", prompt_set=prompt_set)
    (replacement,) = variant.replacements
    assert replacement.new in POOL.mentions[replacement.type]
    assert variant.dropped is None
    assert variant.verdict is not None
    assert (variant.verdict.answer, variant.verdict.margin) == ("yes", None)
    assert variant.variant is not None
    assert variant.variant.image == PARENT.image
    assert len(mentions(variant.variant)) == 3
    assert variant.maker.parameters["pool"] == POOL.identity
    assert variant.maker.parameters["threshold"] == CLEAR_YES


@pytest.mark.parametrize(
    ("answer", "yes", "verdict", "dropped"),
    [
        ("Yes", 0.8, "yes", None),
        ("yes.", 0.6, "yes", "implausible"),
        ("No", 0.1, "no", "implausible"),
        ("No", 0.9, "no", "implausible"),
        ("Perhaps", 0.9, "unparsed", "implausible"),
        ("Yesterday", 0.9, "unparsed", "implausible"),
        ("Yes or no?", 0.9, "unparsed", "implausible"),
        ("Yes, it is not possible", 0.9, "unparsed", "implausible"),
    ],
)
def test_only_a_clear_yes_is_kept_and_a_no_stays_visible(
    answering: Answering, answer: str, yes: float, verdict: str, dropped: str | None
) -> None:
    loopback = answering(answer)
    loopback.chances = {"Yes": yes, "No": 1 - yes}
    variant = made(loopback, "entity")
    assert variant.verdict is not None
    assert (variant.verdict.answer, variant.dropped) == (verdict, dropped)
    assert variant.verdict.margin is not None
    assert variant.variant is not None
    assert variant.variant.text in loopback.requests[0]["messages"][-1]["content"]


def test_the_seed_and_the_sample_decide_which_name_is_put_in(answering: Answering) -> None:
    loopback = answering("Yes")
    pool = EntityPool.of_the_project()
    again = [made(loopback, "entity", pool=pool, draw=Draw(seed)).replacements for seed in (1, 1, 2, 3, 4)]
    assert again[0] == again[1]
    assert len(set(again)) > 2


def test_the_draws_of_a_sample_take_its_names_in_turn_and_no_name_twice(answering: Answering) -> None:
    pool = EntityPool("p", {"PER": ("Zubin Mehta", "Adele"), "LOC": ("Tel Aviv",)})
    draws = [made(answering("Yes"), "entity", pool=pool, draw=Draw(7, nth)) for nth in range(4)]
    replaced = [each.replacements[0] for each in draws[:3]]
    assert {each.old for each in replaced} == {"Tobey Maguire", "Obama", "Paris"}
    fourth = draws[3].replacements
    assert not fourth or fourth[0] not in replaced
    assert draws[3].dropped is None or draws[3].dropped == "no entity"


def test_one_name_in_two_spellings_is_one_to_replace(answering: Answering) -> None:
    pool = EntityPool("p", {"PER": ("Adele", "Zubin Mehta")})
    sample = person("Trump says TRUMP", (0, 1), (2, 3))
    draws = [made(answering("Yes"), "entity", sample=sample, pool=pool, draw=Draw(7, nth)) for nth in range(3)]
    assert {each.new for made in draws[:2] for each in made.replacements} == {"Adele", "Zubin Mehta"}
    assert draws[2].dropped == "no entity"


def replaced(sample: Sample, answering: Answering, pool: EntityPool) -> Sample:
    variant = made(answering("Yes"), "entity", sample=sample, pool=pool).variant
    assert variant is not None
    return variant


def person(text: str, *places: tuple[int, int]) -> Sample:
    entities = tuple(Entity(start=start, end=end, type="PER") for start, end in places)
    return Sample.model_validate({**Sample.from_text(text).model_dump(), "entities": entities})


MEHTA = EntityPool("one", {"PER": ("Zubin Mehta",)})


def test_spaces_and_offsets_are_exact_after_a_longer_name(answering: Answering) -> None:
    variant = replaced(person("(Obama)  spoke, Obama’s 🎤… #obama", (1, 2), (5, 6), (11, 12)), answering, MEHTA)
    assert variant.text == "(Zubin Mehta)  spoke, Zubin Mehta’s 🎤… #ZubinMehta"
    assert mentions(variant) == ["Zubin Mehta/PER", "Zubin Mehta/PER", "ZubinMehta/PER"]


def test_a_tag_has_all_signs_of_a_name_and_its_genitive_stays(answering: Answering) -> None:
    hindi = EntityPool("one", {"PER": ("नरेन्द्र मोदी",)})
    assert replaced(person("hi #obama", (2, 3)), answering, hindi).text == "hi #नरेन्द्रमोदी"
    sample = Sample.from_tokens(("#", "Trump's", "wall"), entities=(Entity(start=1, end=2, type="PER"),))
    assert replaced(sample, answering, MEHTA).text == "# ZubinMehta ' s wall"


def test_a_corpus_tweet_stays_words_with_a_space_between(answering: Answering) -> None:
    tokens = ("Thanks", "@", "PredsNHL", ",", "said", "Obama", "'", "s", "dog")
    sample = Sample.from_tokens(tokens, entities=(Entity(start=5, end=6, type="PER"),))
    pool = EntityPool("one", {"PER": ("Shaquille (Shaq) O'Neal",)})
    variant = replaced(sample, answering, pool)
    assert variant.text == " ".join(variant.tokens)
    assert mentions(variant) == ["Shaquille ( Shaq ) O ' Neal/PER"]


@pytest.mark.parametrize(
    "sample",
    [
        Sample.from_text("what a day"),
        Sample.from_tokens(("what", "a", "day"), entities=()),
        Sample.from_tokens(("Mehta",), entities=(Entity(start=0, end=1, type="SHIP"),)),
        Sample.from_tokens(("zubin", "mehta"), entities=(Entity(start=0, end=2, type="PER"),)),
        Sample.from_tokens(("Obama",), task="mre", entities=(Entity(start=0, end=1, type="PER"),)),
    ],
)
def test_a_tweet_without_a_name_to_replace_is_dropped_unasked(answering: Answering, sample: Sample) -> None:
    loopback = answering("Yes")
    variant = made(loopback, "entity", sample=sample, pool=MEHTA)
    assert (variant.variant, variant.dropped, loopback.requests) == (None, "no entity", [])


def test_an_imagined_picture_stands_where_a_caption_stands(answering: Answering, prompt_set: str) -> None:
    loopback = answering("Caption: A man waves from an aeroplane's stairs.")
    variant = made(loopback, "image", prompt_set=prompt_set)
    assert variant.caption == "A man waves from an aeroplane's stairs."
    assert variant.variant is not None
    assert variant.variant.image is None
    assert variant.variant.id not in (PARENT.id, variant.id)
    assert (variant.variant.tokens, variant.variant.entities) == (PARENT.tokens, PARENT.entities)


def test_imagined_pictures_of_a_tweet_without_one_differ_by_their_caption(answering: Answering) -> None:
    bare = Sample.from_text("what a day")
    first = made(answering("A sunny meadow."), "image", sample=bare)
    second = made(answering("A rainy street."), "image", sample=bare)
    assert first.variant == second.variant == bare
    assert first.id != second.id


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (PARENT.text.upper(), "unchanged"),
        ("I cannot create images.", "refused"),
        ("?!", "empty"),
        ("Una foto de un hombre en la calle con mucha gente alrededor.", "other language"),
        ("一张照片，一个男人站在街上。", "other language"),
    ],
)
def test_a_description_that_is_none_is_dropped_with_its_reason(answering: Answering, answer: str, reason: str) -> None:
    variant = made(answering(answer), "image")
    assert (variant.caption, variant.variant, variant.dropped) == (None, None, reason)


@pytest.mark.parametrize("kind", VARIANTS)
def test_a_teacher_that_fails_is_not_hidden(answering: Answering, kind: AugmentationKind) -> None:
    loopback = answering("Yes")
    loopback.fault, loopback.status = "status", 500
    with pytest.raises(TeacherError, match="500"):
        made(loopback, kind)


@pytest.mark.parametrize("kind", VARIANTS)
def test_the_parent_never_changes(answering: Answering, kind: AugmentationKind) -> None:
    before = PARENT.model_dump_json()
    made(answering(RESTYLED), kind)
    assert PARENT.model_dump_json() == before


def test_an_unknown_prompt_set_is_refused(answering: Answering) -> None:
    with pytest.raises(BadInput, match="nowhere"):
        made(answering("Yes"), "style", prompt_set="nowhere")
