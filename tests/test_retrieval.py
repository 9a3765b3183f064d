"""Retrieved knowledge: what is nearest is found, a sample never finds itself, and labels stay where they are."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from PIL import ImageOps
from typer.testing import CliRunner, Result

from core import corpora, images, retrieval
from core.cli import app
from core.corpora import Row
from core.demo import FOLDER
from core.domain import Sample
from core.errors import BadInput, StoreError
from core.retrieval import Request
from core.retrieval._extract import Article
from core.retrieval._index import Index
from core.retrieval._nearest import nearest
from core.retrieval.wiki import OPENING, opening, terms

TRAIN = (
    "Messi scores twice as Barcelona win the match",
    "Fresh bread and soup for dinner tonight",
    "Taylor Swift sings her new album on stage",
    "Messi scores twice as Barcelona win the match",
)
ARTICLES = (
    ("Paris", "Paris\n\nParis is the capital of France. It lies on the Seine."),
    ("Eiffel Tower", "The Eiffel Tower is a tower of iron. It stands in Paris."),
    ("Tower (redirect)", ""),
    ("Zoë Café", "A café in Oslo."),
    ("AND", "An operator that joins two statements, NOT, OR and NEAR are others."),
)


def rows(*tweets: str, **fields: str) -> list[Row]:
    return [Row(Sample.from_tokens(tuple(tweet.split()), image=str(at)), **fields) for at, tweet in enumerate(tweets)]


def split(path: Path, *tweets: str, tag: str = "O") -> Path:
    """A file in the Twitter form; each first word has the tag, and the images are called 0, 1, …"""
    with path.open("w", encoding="utf-8") as file:
        for at, tweet in enumerate(tweets):
            tags = [tag, *["O"] * len(tweet.split())]
            lines = [f"{word}\t{each}" for word, each in zip(tweet.split(), tags, strict=False)]
            file.write("\n".join([f"IMGID:{at}", *lines]) + "\n\n")
    return path


def captions(path: Path, *texts: str) -> Path:
    path.write_text("".join(f"{at}.jpg :{text}\n" for at, text in enumerate(texts)))
    return path


def extract(path: Path, *articles: tuple[str, str]) -> Path:
    """An extract as wikiextractor writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"id": "1", "title": title, "text": text}) + "\n" for title, text in articles))
    return path


def knowledge(kind: str, request: Request, cache: Path) -> list[str]:
    """What each row knows afterwards; nothing is an empty text."""
    filled, _ = retrieval.retrieve(kind, request, cache=cache, progress=lambda done, total, state: None)
    assert all(set(row.knowledge) <= {"mixed"} for row in filled)
    return [row.knowledge.get("mixed", "") for row in filled]


def searched(index: Path, cache: Path, tweet: str, k: int = 3) -> list[str]:
    with Index(index, cache, lambda done, total, state: None) as found:
        return [article.title for article in found.search(terms(Sample.from_text(tweet)), k)]


def test_every_source_is_found_by_its_name() -> None:
    assert retrieval.names() == ["image", "text", "wiki"]
    with pytest.raises(BadInput, match=r"'google'; there are: image, text, wiki"):
        retrieval.find("google")


# Neighbours


def test_the_nearest_tweet_comes_first_and_each_says_something_else(tmp_path: Path) -> None:
    source = split(tmp_path / "train.txt", *TRAIN)
    found = knowledge("text", Request(rows("Ronaldo got a goal for Madrid", "I am cooking"), source, k=3), tmp_path)
    assert [text.split(" | ")[0] for text in found] == [TRAIN[0], TRAIN[1]]
    assert [len(set(text.split(" | "))) for text in found] == [3, 3]


def test_a_sample_never_finds_itself_nor_its_own_words(tmp_path: Path) -> None:
    source = split(tmp_path / "train.txt", *TRAIN, TRAIN[1].upper())
    same = corpora.find("twitter").read(source)
    found = knowledge("text", Request(same, source, k=5), tmp_path)
    for row, text in zip(same, found, strict=True):
        assert text
        assert row.sample.text.casefold() not in text.casefold()


def test_neighbours_give_their_words_and_their_labels_change_nothing(tmp_path: Path) -> None:
    asked = rows("Ronaldo got a goal for Madrid")
    for tag in ("B-PER", "B-LOC", "O"):
        source = split(tmp_path / "train.txt", *TRAIN, tag=tag)
        assert knowledge("text", Request(asked, source, k=1), tmp_path) == [TRAIN[0]]


def test_relations_stay_behind_too(tmp_path: Path) -> None:
    source = tmp_path / "train.txt"
    mention = "{'name': 'Ada', 'pos': [0, 1]}"
    line = f"{{'token': ['Ada', 'wrote'], 'h': {mention}, 't': {mention}, 'img_id': 'a.jpg', 'relation': '/per/per/x'}}"
    source.write_text(line + "\n")
    assert knowledge("text", Request(rows("hello"), source, k=3, format="mnre"), tmp_path) == ["Ada wrote"]


def test_without_a_neighbour_there_is_no_knowledge_not_even_the_old(tmp_path: Path) -> None:
    source = split(tmp_path / "train.txt", TRAIN[0])
    old = [Row(row.sample, caption="a goal", knowledge={"noun": "a footballer"}) for row in rows(TRAIN[0])]
    request = Request(old, source, k=3)
    filled, compared = retrieval.retrieve("text", request, cache=tmp_path, progress=lambda *_: None)
    assert filled == [Row(old[0].sample, caption="a goal")]
    assert compared == {None: 1}


@pytest.mark.parametrize("tweet", ["😂 😂", "\u200b", '" OR "', "a" * 400 + " b" * 400])
def test_any_tweet_can_be_compared(tmp_path: Path, tweet: str) -> None:
    source = split(tmp_path / "train.txt", "😂", *TRAIN)
    assert knowledge("text", Request(rows(tweet), source, k=2), tmp_path)[0].count(" | ") == 1


def test_of_equally_near_rows_the_earlier_comes_first_whatever_the_last_digits() -> None:
    asked = torch.tensor([[1.0, 0.0]])
    source = rows("far", "first", "second", "third", "first")
    known = torch.tensor([[0.0, 1.0], [0.5, 0.0], [0.500001, 0.0], [0.6, 0.0], [0.5, 0.0]])
    assert nearest(rows("x"), asked, source, known, k=5) == [["third", "first", "second", "far"]]


def test_more_rows_than_a_block_get_what_each_would_get_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(600, 8, generator=generator), dim=1)
    every = rows(*(f"tweet {number % 500}" for number in range(600)))
    together = nearest(every, vectors, every, vectors, k=3)
    for place in (0, 255, 256, 550):
        cosines = (vectors @ vectors[place]).tolist()
        order = sorted(range(600), key=lambda other: -cosines[other])
        texts = dict.fromkeys(every[other].sample.text for other in order if every[other].sample != every[place].sample)
        texts.pop(every[place].sample.text, None)
        assert together[place] == list(texts)[:3]


# Pictures


@pytest.fixture
def albums(tmp_path: Path) -> tuple[Path, Path]:
    """Pictures of a split (a mirrored cat, a mirrored espresso) and of its training split."""
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    theirs.mkdir()
    for at, name in enumerate(("cat", "coffee")):
        ImageOps.mirror(images.read(FOLDER / f"{name}.jpg")).save(mine / f"{at}.jpg")
    for at, name in enumerate(("rocket", "coffee", "cat")):
        shutil.copy(FOLDER / f"{name}.jpg", theirs / f"{at}.jpg")
    return mine, theirs


def test_pictures_that_look_alike_are_neighbours(tmp_path: Path, albums: tuple[Path, Path]) -> None:
    source = split(tmp_path / "train.txt", *TRAIN)
    mine, theirs = albums
    request = Request(rows("one", "two"), source, k=1, images=mine, source_images=theirs)
    assert knowledge("image", request, tmp_path) == [TRAIN[2], TRAIN[1]]


def test_where_a_picture_is_missing_or_damaged_its_caption_is_compared_and_counts_as_that(
    tmp_path: Path, albums: tuple[Path, Path]
) -> None:
    mine, theirs = albums
    (mine / "1.jpg").write_bytes(b"\xff\xd8 no picture")
    described = captions(tmp_path / "captions.txt", "a rocket", "a plate of soup", "a cat", "a goal")
    asked = [
        *rows("one", "two", "three", caption="people eat dinner at a table"),
        Row(Sample.from_tokens(("four",), image="9")),
    ]
    source = split(tmp_path / "train.txt", *TRAIN)
    request = Request(asked, source, k=1, source_captions=described, images=mine, source_images=theirs)
    filled, compared = retrieval.retrieve("image", request, cache=tmp_path, progress=lambda *_: None)
    assert compared == {"picture": 1, "caption": 2, None: 1}
    assert [row.knowledge for row in filled] == [{"mixed": TRAIN[2]}, *[{"mixed": TRAIN[1]}] * 2, {}]


def test_an_image_id_cannot_lead_out_of_its_folder(tmp_path: Path, albums: tuple[Path, Path]) -> None:
    mine, theirs = albums
    shutil.copy(FOLDER / "cat.jpg", tmp_path / "secret.jpg")
    asked = [Row(Sample.from_tokens(("x",), image=name)) for name in ("../secret.jpg", "..", "\0", "")]
    request = Request(asked, split(tmp_path / "train.txt", *TRAIN), k=1, images=mine, source_images=theirs)
    with pytest.raises(BadInput, match=r"holds the picture of none of the 4 samples.*\.jpg"):
        knowledge("image", request, tmp_path)


def test_samples_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    source = split(tmp_path / "train.txt", *TRAIN)
    with pytest.raises(BadInput, match=r"--images.*--captions and --source-captions"):
        knowledge("image", Request(rows("a", caption="a cat"), source, k=1), tmp_path)
    with pytest.raises(BadInput, match="name both folders"):
        knowledge("image", Request(rows("a", caption="a cat"), source, k=1, images=tmp_path), tmp_path)


# Wikipedia


def test_articles_are_found_by_any_of_the_words_and_titles_count_most(tmp_path: Path) -> None:
    pages = extract(tmp_path / "extract.json", ("Travel", "Paris Paris Paris Paris"), *ARTICLES)
    assert searched(pages, tmp_path, "PARIS !") == ["Paris", "Travel", "Eiffel Tower"]
    assert searched(pages, tmp_path, "Paris", k=1) == ["Paris"]
    assert searched(pages, tmp_path, "at # EiffelTower with my friends") == ["Eiffel Tower"]
    assert searched(pages, tmp_path, "zoe") == ["Zoë Café"]


def test_common_words_links_and_numbers_are_not_looked_for() -> None:
    tweet = "I will be at #NewYorkMets vs. Bundesliga_EN in 2016 https://t.co/paris PARIS"
    assert terms(Sample.from_text(tweet)) == ["newyorkmets", "york", "mets", "vs", "bundesliga", "en", "paris"]


@pytest.mark.parametrize(
    "tweet",
    [
        '" OR "paris',
        'paris" AND title:"x',
        "title : paris * ^paris -paris NEAR(paris, 2)",
        "paris AND",
        "(((paris",
        "'; drop table articles; -- paris",
        "pa\0ris paris \0",
        "paris 😂 ² ́",
    ],
)
def test_signs_of_the_query_language_mean_nothing(tmp_path: Path, tweet: str) -> None:
    pages = extract(tmp_path / "extract.json", *ARTICLES)
    assert "Paris" in searched(pages, tmp_path, tweet)
    with Index(pages, tmp_path, lambda *_: None) as index:
        assert [article.title for article in index.search([tweet, "paris"], 1)] == ["Paris"]


@pytest.mark.parametrize("tweet", ["😂", "! ? \" ' *", "the of 12", "\0", "http://paris"])
def test_a_tweet_without_words_to_look_for_finds_nothing(tmp_path: Path, tweet: str) -> None:
    assert searched(extract(tmp_path / "extract.json", *ARTICLES), tmp_path, tweet) == []


def test_a_tweet_of_a_thousand_words_is_searched(tmp_path: Path) -> None:
    tweet = Sample.from_tokens((*(f"word{letter}{number}" for number in range(40) for letter in "abcdefghij"), "paris"))
    with Index(extract(tmp_path / "extract.json", *ARTICLES), tmp_path, lambda *_: None) as index:
        assert [article.title for article in index.search([*terms(tweet)] * 5, 1)] == ["Paris"]


def test_an_article_gives_its_title_and_its_first_sentences() -> None:
    assert opening(Article(title=ARTICLES[0][0], text=ARTICLES[0][1])) == (
        "Paris: Paris is the capital of France. It lies on the Seine."
    )
    long = opening(Article(title="Long", text="A first sentence. " + "word " * 100))
    assert long == "Long: A first sentence."
    cut = opening(Article(title="Cut", text="word " * 100))
    assert cut.startswith("Cut: word word")
    assert OPENING - 5 <= len(cut.removeprefix("Cut: ")) <= OPENING
    assert len(opening(Article(title="One", text="w" * 1000))) == OPENING + len("One: ")


def test_a_folder_of_files_is_one_extract_and_stays_as_it_was(tmp_path: Path) -> None:
    extract(tmp_path / "wiki" / "AA" / "wiki_00", *ARTICLES[:1])
    extract(tmp_path / "wiki" / "AB" / "wiki_00", *ARTICLES[1:])
    before = sorted((tmp_path / "wiki").rglob("*"))
    assert searched(tmp_path / "wiki", tmp_path / "cache", "Paris") == ["Paris", "Eiffel Tower"]
    assert sorted((tmp_path / "wiki").rglob("*")) == before


def test_an_index_is_built_once_and_anew_when_the_extract_changes(tmp_path: Path) -> None:
    pages = extract(tmp_path / "extract.json", ("Paris", "a city"))
    assert searched(pages, tmp_path, "Paris") == ["Paris"]
    times = pages.stat()
    extract(pages, ("Tokyo", "a city"))
    os.utime(pages, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert searched(pages, tmp_path, "Paris Tokyo") == ["Paris"], "same size and time: it was not read again"
    os.utime(pages, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    assert searched(pages, tmp_path, "Paris Tokyo") == ["Tokyo"]
    assert len(list((tmp_path / "wiki").iterdir())) == 1


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"nonsense", "Invalid JSON"),
        (b'{"title": "Oslo"}', "text: Field required"),
        (b'["Oslo", "a city"]', "should be an object"),
        (b'{"title": "Oslo", "text": "\xff"}', "unicode"),
        (b'{"title": "Oslo", "text": "\\ud800"}', "hex escape"),
    ],
)
def test_a_broken_line_is_named_and_no_index_is_left(tmp_path: Path, line: bytes, what: str) -> None:
    folder = tmp_path / "extract"
    pages = extract(folder / "wiki_00", *ARTICLES)
    pages.write_bytes(pages.read_bytes() + line + b"\n")
    with pytest.raises(BadInput, match=rf"extract/wiki_00:{len(ARTICLES) + 1}: .*{what}"):
        searched(folder, tmp_path, "Paris")
    assert list((tmp_path / "wiki").iterdir()) == []


def test_an_extract_or_an_index_that_cannot_be_used_is_explained(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        searched(tmp_path / "nothing", tmp_path, "Paris")
    pages = extract(tmp_path / "extract.json", *ARTICLES)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"Not a directory.*COTPD_CACHE"):
        searched(pages, tmp_path / "file", "Paris")
    searched(pages, tmp_path, "Paris")
    (index,) = (tmp_path / "wiki").iterdir()
    index.write_bytes(b"no database " * 100)
    with pytest.raises(StoreError, match="is not a database; move it aside"):
        searched(pages, tmp_path, "Paris")


# The batch door


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a training split and a test split, their captions, and an extract."""
    monkeypatch.setenv("COTPD_CACHE", str(tmp_path / "cache"))
    split(tmp_path / "train.txt", *TRAIN, tag="B-PER")
    split(tmp_path / "test.txt", "Ronaldo got a goal for Madrid", "😂")
    captions(tmp_path / "captions.txt", "a football player", "a dog", "a singer", "a football player")
    extract(tmp_path / "extract.json", ("Madrid", "Madrid is the capital of Spain."))
    return tmp_path


def core(folder: Path, kind: str, **options: str) -> Result:
    given = {"path": "test.txt", "source": "train.txt", "out": "out/test.jsonl", **options}
    arguments = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(folder / value))]
    return CliRunner().invoke(app, ["retrieve", kind, *arguments, "-k", "1", "--json"])


@pytest.mark.parametrize(
    ("kind", "options", "counts", "first"),
    [
        ("text", {}, {"tweet": 2}, TRAIN[0]),
        ("image", {"source_captions": "captions.txt"}, {"caption": 2}, TRAIN[0]),
        ("wiki", {"source": "extract.json"}, {"words": 1, "nothing": 1}, "Madrid: Madrid is the capital of Spain."),
    ],
)
def test_a_split_gets_its_knowledge_and_keeps_all_else(
    door: Path, kind: str, options: dict[str, str], counts: dict[str, int], first: str
) -> None:
    result = core(door, kind, captions="captions.txt", **options)
    assert result.exit_code == 0, result.stderr
    out = door / "out" / "test.jsonl"
    assert json.loads(result.stdout) == {
        "out": str(out),
        "retrieved": kind,
        "samples": 2,
        "compared_by": counts,
    }
    written = corpora.find("jsonl").read(out)
    read = corpora.find("twitter").read(door / "test.txt", captions=door / "captions.txt")
    assert [(row.sample, row.caption) for row in written] == [(row.sample, row.caption) for row in read]
    assert written[0].knowledge == {"mixed": first}


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("google", {}, ["'google'", "image, text, wiki"]),
        ("text", {"path": "nope.txt"}, ["nope.txt", "No such file"]),
        ("text", {"source": "nope.txt"}, ["nope.txt", "No such file"]),
        ("text", {"out": "train.txt"}, ["train.txt", "--out"]),
        ("text", {"captions": "captions.txt", "out": "captions.txt"}, ["captions.txt", "--out"]),
        ("wiki", {"source": ".", "out": "out/test.jsonl"}, ["lies among them", "--out"]),
        ("text", {"out": "."}, ["folder", "--out"]),
        ("text", {"out": "train.txt/test.jsonl"}, ["cannot be made", "--out"]),
        ("text", {"images": "."}, ["leave --images out"]),
        ("text", {"source_captions": "captions.txt"}, ["leave --source-captions out"]),
        ("wiki", {"source_images": "."}, ["leave --source-images out"]),
        ("wiki", {"source": "train.txt"}, ["train.txt:1", '"title"']),
        ("image", {}, ["--source-captions"]),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    door: Path, kind: str, options: dict[str, str], words: list[str]
) -> None:
    before = (door / "train.txt").read_bytes()
    result = core(door, kind, **options)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = [line for line in result.stderr.splitlines() if line.strip()]
    assert all(word in line for word in words), line
    assert (door / "train.txt").read_bytes() == before
