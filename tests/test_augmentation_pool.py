"""Names to put in the place of others."""

from collections.abc import Iterable

from core.augmentation import EntityPool
from core.augmentation.pool import mentions_of, shuffled
from core.domain import Entity, Sample


def corpus() -> list[Sample]:
    def sample(words: str, *spans: tuple[int, int, str]) -> Sample:
        entities = tuple(Entity(start=start, end=end, type=kind) for start, end, kind in spans)
        return Sample.from_tokens(tuple(words.split()), entities=entities)

    return [
        sample("Obama met Angela Merkel in Berlin", (0, 1, "PER"), (2, 4, "PER"), (5, 6, "LOC")),
        sample("OBAMA on @ PredsNHL and # Nashville", (0, 1, "PER"), (3, 4, "ORG"), (6, 7, "LOC")),
        sample("the Grammys", (1, 2, "OTHER")),
        Sample.from_text("nobody labelled Paris"),
    ]


def test_a_corpus_gives_each_of_its_names_once_and_no_handles() -> None:
    pool = EntityPool.from_samples(corpus(), "a corpus")
    assert pool.mentions == {"PER": ("Obama", "Angela Merkel"), "LOC": ("Berlin",), "MISC": ("Grammys",)}


def test_the_same_lot_gives_the_same_order_whatever_the_order_was() -> None:
    names = EntityPool.of_the_project().mentions["PER"]
    orders = [tuple(shuffled(names, str(lot))) for lot in range(20)]
    assert orders == [tuple(shuffled(reversed(names), str(lot))) for lot in range(20)]
    assert len(set(orders)) == 20


def test_neither_the_same_name_nor_one_in_the_tweet_is_a_candidate() -> None:
    pool = EntityPool("p", {"PER": ("BARACK OBAMA", "obama", "Angela Merkel", "Adele")})
    assert list(pool.candidates("PER", "Obama", "#AngelaMerkel met Obama", "a lot")) == ["Adele"]


def test_twitter_2015s_other_is_twitter_2017s_misc() -> None:
    pool = EntityPool.from_samples(corpus(), "a corpus")
    assert list(pool.candidates("OTHER", "Oscars", "the Oscars", "a lot")) == ["Grammys"]


def test_a_type_without_names_has_no_candidates() -> None:
    assert list(EntityPool.of_the_project().candidates("SHIP", "Titanic", "the Titanic", "a lot")) == []


def test_candidates_come_each_once_in_an_order_that_the_lot_alone_decides() -> None:
    names = EntityPool.of_the_project().mentions["PER"]

    def order(names: Iterable[str], lot: int) -> tuple[str, ...]:
        return tuple(EntityPool("p", {"PER": tuple(names)}).candidates("PER", "Bo", "hi Bo", str(lot)))

    orders = [order(names, lot) for lot in range(200)]
    assert orders == [order(reversed(names), lot) for lot in range(200)]
    assert all(sorted(each) == sorted(names) for each in orders)
    assert len(set(orders)) > 190
    assert len({each[0] for each in orders}) > len(names) * 0.85  # any may be the first: 0.96 of them, by chance


def test_names_of_a_test_set_are_left_out_however_they_are_spelled() -> None:
    pool = EntityPool("p", {"PER": ("Barack Obama", "Adele"), "LOC": ("Paris",)})
    left = pool.without({"@BarackObama", "PARIS"})
    assert left.mentions == {"PER": ("Adele",), "LOC": ()}
    assert left.identity != pool.identity


def test_a_genitive_is_no_part_of_a_name() -> None:
    sample = Sample.from_tokens(("Obama's", "dog"), entities=(Entity(start=0, end=1, type="PER"),))
    assert EntityPool.from_samples([sample], "a corpus").mentions == {"PER": ("Obama",)}
    assert EntityPool("p", {"PER": ("Obama",)}).without({"Obama's"}).mentions == {"PER": ()}


def test_a_longer_form_of_a_name_is_no_candidate_for_it() -> None:
    pool = EntityPool("p", {"LOC": ("New York City", "Yorkshire", "Newport")})
    assert sorted(pool.candidates("LOC", "New York", "in New York", "a lot")) == ["Newport", "Yorkshire"]


def test_the_mentions_of_samples_are_read_as_written() -> None:
    assert mentions_of(corpus()) == {"Obama", "OBAMA", "Angela Merkel", "Berlin", "PredsNHL", "Nashville", "Grammys"}


def test_the_projects_list_has_sixty_names_a_type_each_once() -> None:
    pool = EntityPool.of_the_project()
    assert {kind: len(names) for kind, names in pool.mentions.items()} == dict.fromkeys(
        ("PER", "LOC", "ORG", "MISC"), 62
    )
    assert pool.name == "project list"
