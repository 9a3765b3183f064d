"""What the two CoNLL forms share: a word and its tag a line, a blank line behind each sentence.

We write a tab between word and tag, and `# image = <id>` before a sentence with a picture. We read any number of
columns, the word first and the tag last, between tabs or spaces; `-DOCSTART-` and other comments are passed over.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from core.corpora import Part, Row
from core.corpora._fitting import Unfit, fitting
from core.corpora._lines import Broken, blocks, gather, write_lines
from core.domain import Entity, Sample
from core.errors import complaint

HOLDS: frozenset[Part] = frozenset({"entities", "image"})

FromTags = Callable[[Sequence[str]], tuple[Entity, ...]]
ToTags = Callable[[Iterable[Entity], int], list[str]]

_IMAGE = "# image = "
_START = "-DOCSTART-"
_TAG = re.compile(r"O|[BIES]-\S+")
_PARTS = re.compile(r"[\t\r\n]")


def read(path: Path, from_tags: FromTags) -> list[Row]:
    """All rows of a file, by what its tags mean."""
    return gather(path, (Row(sample) for sample in _samples(path, from_tags)))


def write(rows: Iterable[Row], path: Path, to_tags: ToTags) -> None:
    """Put rows into this form, with the tags of its scheme."""
    write_lines((line for number, row in fitting(rows, HOLDS) for line in _block(row.sample, number, to_tags)), path)


def _samples(path: Path, from_tags: FromTags) -> Iterator[Sample]:
    for block in blocks(path):
        first = block[0][0]
        image = None
        while block and _is_comment(block[0][1]):
            _, comment = block.pop(0)
            image = comment.removeprefix(_IMAGE) if comment.startswith(_IMAGE) else image
        words = [_word_and_tag(path, number, line) for number, line in block]
        if [word for word, _ in words] in ([], [_START]):
            continue
        try:
            entities = from_tags([tag for _, tag in words])
            yield Sample.from_tokens(tuple(word for word, _ in words), image=image, entities=entities)
        except ValidationError as error:
            raise Broken(path, first, complaint(error)) from None
        except ValueError as error:
            raise Broken(path, first, f"in the sentence from here, {error}") from None


def _is_comment(line: str) -> bool:
    """Whether a line is no word: in a tweet, `#` is one."""
    return line.startswith("# ") and "\t" not in line and not _TAG.fullmatch(line.rsplit(" ", maxsplit=1)[-1])


def _word_and_tag(path: Path, number: int, line: str) -> tuple[str, str]:
    columns = line.split("\t") if "\t" in line else line.rstrip(" ").split(" ")
    word, tag = columns[0], columns[-1]
    if len(columns) < 2 or not word:
        raise Broken(path, number, f"a line is a word and its tag with a tab between, not {line[:40]!r}")
    if not _TAG.fullmatch(tag):
        raise Broken(path, number, f"tag {tag[:40]!r} is neither O nor B-TYPE, I-TYPE (or E-TYPE, S-TYPE of BIOES)")
    return word, tag


def _block(sample: Sample, number: int, to_tags: ToTags) -> Iterator[str]:
    if sample.entities is None or sample.task != "mner":
        raise Unfit(number, sample, "is not labelled for entities; write jsonl or mnre")
    tags = to_tags(sample.entities, len(sample.tokens))
    if any(_PARTS.search(word) for word in (sample.image or "", *sample.tokens)) or not all(map(_TAG.fullmatch, tags)):
        raise Unfit(number, sample, "has a tab or a line end in a word or label; write jsonl")
    if sample.tokens == (_START,) or (sample.image and _TAG.fullmatch(sample.image.split(" ")[-1])):
        raise Unfit(number, sample, f"looks like {_START} or like a word with its tag; write jsonl")
    if number == 1 and sample.image is None and sample.tokens[0].startswith("\ufeff"):
        raise Unfit(number, sample, "begins with U+FEFF, which at the start of a file is no word; write jsonl")
    if sample.image:
        yield _IMAGE + sample.image
    yield from (f"{token}\t{tag}" for token, tag in zip(sample.tokens, tags, strict=True))
    yield ""
