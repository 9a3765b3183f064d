"""The form of Twitter-2015 and Twitter-2017: `IMGID:<id>`, a line `token<TAB>tag` for each word, a blank line.

Captions are lines `<id>.jpg :caption`. Knowledge is the same sentences in the same order without `IMGID`, each
followed by `<EOS><TAB>X` and the knowledge's words tagged `X`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from core.corpora import Part, Row
from core.corpora._captions import Captioned, join
from core.corpora._fitting import Unfit, fitting
from core.corpora._lines import Broken, blocks, gather, lines, write_lines
from core.domain import Grain, Sample
from core.domain.bio import entities_from_tags, tags_from_entities
from core.errors import BadInput, complaint

HOLDS: frozenset[Part] = frozenset({"entities", "image"})
SUFFIX = ".txt"

_IMAGE = "IMGID:"
_END_OF_TWEET = "<EOS>"
_TAG = re.compile(r"O|[BI]-\S+")
_PARTS = re.compile(r"[\t\r\n]")


def read(path: Path, *, captions: Path | None = None, knowledge: Path | None = None) -> list[Row]:
    """All rows of a split; see `CorpusFile.read`.

    Captions join by image id. Knowledge joins by position: block i is for sentence i, and its tweet must be the same.
    The last sentence may lack knowledge, as Twitter-2015's does in each split. An `I-X` without a beginning opens an
    entity (seqeval's reading; Twitter-2015 has such).
    """
    samples = gather(path, _samples(path))
    described: list[str | None] = [None] * len(samples)
    explained: list[dict[Grain, str]] = [{} for _ in samples]
    if captions:
        described = join(captions, _captions(captions), samples)
    if knowledge:
        texts = gather(knowledge, _knowledge(knowledge, samples, path))
        if len(texts) < len(samples) - 1:
            raise BadInput(
                f"{knowledge}: has {len(texts):,} blocks for the {len(samples):,} sentences of {path}, "
                "and only the last may be missing; is the file whole, and of the same split?"
            )
        explained[: len(texts)] = [{"mixed": text} if text else {} for text in texts]
    return [Row(*joined) for joined in zip(samples, described, explained, strict=True)]


def write(rows: Iterable[Row], path: Path) -> None:
    """Put rows into this form; see `CorpusFile.write`.

    Twitter-2017 comes out byte for byte; Twitter-2015 with `B-` where an `I-` had no beginning, and with a blank line
    at the end.
    """
    write_lines((line for number, row in fitting(rows, HOLDS) for line in _block(row.sample, number)), path)


def _samples(path: Path) -> Iterator[Sample]:
    for block in blocks(path):
        first, header = block[0]
        if not header.startswith(_IMAGE) or "\t" in header:
            raise Broken(path, first, f"a sentence begins with {_IMAGE}<image id>, not with {header[:40]!r}")
        words = [_word_and_tag(path, number, line) for number, line in block[1:]]
        if not words:
            raise Broken(path, first, "the sentence has no words; add them, or take its IMGID line away")
        entities = entities_from_tags([tag for _, tag in words])
        image = header.removeprefix(_IMAGE) or None
        try:
            yield Sample.from_tokens(tuple(token for token, _ in words), image=image, entities=entities)
        except ValidationError as error:
            raise Broken(path, first, complaint(error)) from None


def _knowledge(path: Path, samples: Sequence[Sample], corpus: Path) -> Iterator[str]:
    for position, block in enumerate(blocks(path)):
        first = block[0][0]
        if position == len(samples):
            raise Broken(path, first, f"{corpus} has no sentence left for this block; is it the same split?")
        words = [line.split("\t")[0] for _, line in block]
        if _END_OF_TWEET not in words:
            raise Broken(
                path, first, f"no line {_END_OF_TWEET!r} ends this block's tweet; add one before its knowledge"
            )
        end = words.index(_END_OF_TWEET)
        if tuple(words[:end]) != samples[position].tokens:
            raise Broken(path, first, f"the tweet is not sentence {position + 1:,} of {corpus}; is it the same split?")
        yield " ".join(words[end + 1 :])


def _captions(path: Path) -> Iterator[Captioned]:
    for number, line in lines(path):
        if line:
            name, colon, caption = line.partition(" :")
            if not colon:
                raise Broken(path, number, f"a line is `<image id>.jpg :<caption>`, not {line[:40]!r}")
            yield number, name.removesuffix(".jpg"), caption


def _word_and_tag(path: Path, number: int, line: str) -> tuple[str, str]:
    if line.startswith(_IMAGE) and "\t" not in line:
        raise Broken(path, number, "a sentence begins inside another; put a blank line before it")
    fields = line.split("\t")
    if len(fields) != 2 or not fields[0]:
        raise Broken(path, number, f"a line is one word, a tab and its tag, not {line[:40]!r}")
    token, tag = fields
    if not _TAG.fullmatch(tag):
        raise Broken(path, number, f"tag {tag[:40]!r} is neither O nor B-TYPE nor I-TYPE")
    return token, tag


def _block(sample: Sample, number: int) -> Iterator[str]:
    if sample.entities is None or sample.task != "mner":
        raise Unfit(number, sample, "is not labelled for entities; write jsonl or mnre")
    image = sample.image or ""
    tags = tags_from_entities(sample.entities, len(sample.tokens))
    if any(_PARTS.search(word) for word in (image, *sample.tokens)) or not all(_TAG.fullmatch(tag) for tag in tags):
        raise Unfit(number, sample, "has a tab or a line end in a word or label; write jsonl")
    yield _IMAGE + image
    yield from (f"{token}\t{tag}" for token, tag in zip(sample.tokens, tags, strict=True))
    yield ""
