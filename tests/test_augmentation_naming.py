"""The teacher's list of names, as it is read out of its answers."""

import pytest

from core.augmentation.naming import PER_TYPE, names_in, pool_of


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("Adele\nAngela Merkel", ["Adele", "Angela Merkel"]),
        ("1. Adele\n2) Al Pacino\n- Aretha Franklin", ["Adele", "Al Pacino", "Aretha Franklin"]),
        ('**Adele**\n"Al Pacino".', ["Adele", "Al Pacino"]),
        ("Adele (singer)\nAl Pacino: an actor\nAretha Franklin - soul", ["Adele", "Al Pacino", "Aretha Franklin"]),
        ("Adele, a singer\nAl Pacino is an actor", ["Adele"]),
        ("Sure! Here are eight persons\nAdele\nBeyoncé", ["Adele"]),
        ("A name that goes on and on for ever\nalways\nA\n@Adele\n<b>Adele</b>", []),
        ("", []),
    ],
)
def test_names_are_read_one_a_line(answer: str, names: list[str]) -> None:
    assert list(names_in(answer, "A")) == names


def test_the_pool_has_each_name_once_and_none_that_is_taken() -> None:
    answers = {
        ("PER", "A"): "Adele\nADELE\nAl Pacino\nAmazon",
        ("PER", "B"): "Beyoncé",
        ("ORG", "A"): "Amazon\nApple",
        ("LOC", "P"): "Paris\nPrague",
    }
    pool = pool_of("a model", answers, taken={"@AlPacino", "PARIS"})
    assert pool.name == "names by a model"
    assert pool.mentions == {"PER": ("Adele", "Beyoncé"), "LOC": ("Prague",), "ORG": ("Apple",), "MISC": ()}


def test_the_pool_has_a_hundred_a_type_of_all_letters() -> None:
    letters = {letter: [f"{letter}{each}" for each in range(8)] for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    pool = pool_of("m", {("PER", letter): "\n".join(names) for letter, names in letters.items()}, taken=())
    assert len(pool.mentions["PER"]) == PER_TYPE
    assert {name[0] for name in pool.mentions["PER"]} == set(letters)
