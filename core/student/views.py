"""The two views of a sample as token ids (paper, section 3.4), and batches of them.

Both begin with the same ids, `[CLS] x [SEP]`, so a word's first sub-word stands at the same place in both. The
knowledge-enhanced view goes on with the caption and the thoughts; behind the text of the prompt-enhanced view the
student itself puts what its generator makes. For relations, markers inside x show where head and tail are.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from core.domain import GRAINS, Grain, Relation, Sample
from core.errors import BadInput

GRAIN_ORDER: tuple[Grain, ...] = ("summary", "mixed", *GRAINS)
IGNORED = -100
"""Label of padding and of what nobody labelled, as torch's losses know it."""

MARKERS = ("head begins", "head ends", "tail begins", "tail ends")
"""Special tokens around the two mentions of a relation; their ids are −1 … −4, for vocabularies count from 0."""

STRIDE = 8
"""Rows are padded to a multiple of it: kernels and buffers are kept for every shape there was, and so are few."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def sections(caption: str | None, thoughts: Mapping[Grain, str]) -> list[str]:
    """What follows the tweet in the knowledge-enhanced view [x; I; c]: the caption, then the grains in order."""
    texts = [caption or "", *(thoughts.get(grain, "") for grain in GRAIN_ORDER)]
    return [text for text in texts if text.strip()]


@dataclass(frozen=True)
class Encoded:
    """One sample as ids. `places` is where its states are read, in both views: at each word's first sub-word, or at
    the markers before head and tail.

    `words` are where each word's ids stand, in both views; `sections` where those of each section do in the knowledge
    view. A section that found no room is an empty range.
    """

    text: list[int]
    knowledge: list[int]
    places: list[int]
    words: list[range]
    sections: list[range]


@dataclass(frozen=True)
class Batch:
    """B samples, padded: ids `text` (B, L) and `knowledge` (B, K), and `places` (B, P).

    `asked` (B, n) is True where a label is wanted; `labels` (B, n) are the gold ones, IGNORED where there is none.
    Masks are True on ids. `posteriors` (B, n, C), where given, are log-probabilities by a teacher that stands still.
    """

    text: Tensor
    text_mask: Tensor
    knowledge: Tensor
    knowledge_mask: Tensor
    places: Tensor
    asked: Tensor
    labels: Tensor
    posteriors: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The same batch on a device."""
        moved = {name: value.to(device) for name, value in vars(self).items() if value is not None}
        return replace(self, **moved)


class ViewBuilder:
    """Turns words and knowledge into ids. The tweet is never cut; knowledge is, by whole sentences."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, *, max_length: int, prompt_length: int, marks_relations: bool = False
    ) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.prompt_length = prompt_length
        self.marks_relations = marks_relations
        # Byte-level BPE (RoBERTa's) knows a word by the space before it; without one it would cut it up otherwise.
        alone, twice = self._ids(["a", "a a"])
        self._gap = " " if twice != alone * 2 else ""

    def encode(self, sample: Sample, knowledge: Iterable[str]) -> Encoded:
        """Both views of one sample.

        Raises:
            BadInput: the tweet's sub-words leave no room for the prompt, or it has no relation where one is asked for.
        """
        (encoded,) = self.encode_all([(sample, knowledge)])
        return encoded

    def encode_all(self, items: Sequence[tuple[Sample, Iterable[str]]]) -> list[Encoded]:
        """Both views of many samples, each given with its knowledge; a word that they share is cut up once.

        Raises:
            BadInput: as `encode` does.
        """
        words = list({word: None for sample, _ in items for word in sample.tokens})
        pieces = dict(zip(words, self._ids([self._gap + word for word in words]), strict=True))
        return [self._encode(sample, knowledge, pieces) for sample, knowledge in items]

    def _encode(self, sample: Sample, knowledge: Iterable[str], pieces_of: Mapping[str, list[int]]) -> Encoded:
        text = [self._special("cls_token_id")]
        before = self._markers(sample) if self.marks_relations else {}
        words: list[range] = []
        marks: dict[int, int] = {}
        for index, pieces in enumerate([*(pieces_of[word] for word in sample.tokens), None]):
            for mark in before.get(index, ()):
                marks[mark] = len(text)
                text.append(-1 - mark)
            if pieces is not None:
                ids = pieces or [self._special("unk_token_id")]  # U+FE0F and the like vanish, their word does not
                words.append(range(len(text), len(text) + len(ids)))
                text += ids
        text.append(self._special("sep_token_id"))
        if len(text) + self.prompt_length > self.max_length:
            room = self.max_length - self.prompt_length - 2
            raise BadInput(f"the tweet has {len(text) - 2} sub-words; the student reads at most {room}: shorten it")
        places = [marks[0], marks[2]] if self.marks_relations else [word.start for word in words]
        row, found = self._append(text, knowledge)
        return Encoded(text=text, knowledge=row, places=places, words=words, sections=found)

    def room(self, sample: Sample) -> int:
        """How many sub-words of knowledge fit behind a sample's text, those that end sections included.

        Raises:
            BadInput: as `encode` does.
        """
        return self.max_length - len(self.encode(sample, ()).text)

    def length(self, sections: Iterable[str]) -> int:
        """How many sub-words knowledge has, those that end sections included."""
        return sum(len(ids) + 1 for ids in self._ids(list(sections)))

    def unlabelled(self, item: Encoded) -> list[int]:
        """Labels that no loss counts: one for each word, or one for the pair."""
        return [IGNORED] * (1 if self.marks_relations else len(item.places))

    def collate(
        self,
        encoded: Sequence[Encoded],
        labels: Sequence[Sequence[int]] | None = None,
        posteriors: Sequence[Tensor] | None = None,
    ) -> Batch:
        """Pad a batch to its own longest rows; without labels all of them are ignored ones."""
        pad = self._special("pad_token_id")
        room = self.max_length - self.prompt_length
        text, text_mask = _padded([item.text for item in encoded], pad, up_to=room)
        knowledge, knowledge_mask = _padded([item.knowledge for item in encoded], pad, up_to=self.max_length)
        places, _ = _padded([item.places for item in encoded], 0)
        gold, asked = _padded(labels or [self.unlabelled(item) for item in encoded], IGNORED)
        known = torch.nn.utils.rnn.pad_sequence(list(posteriors), batch_first=True) if posteriors else None
        return Batch(text, text_mask, knowledge, knowledge_mask, places, asked, gold, known)

    def _markers(self, sample: Sample) -> dict[int, list[int]]:
        """The markers before each word; what ends there comes first, and of two mentions the longer begins first."""
        relation = self._relation(sample)
        spans = sorted(((relation.head, 0), (relation.tail, 2)), key=lambda each: each[0].start - each[0].end)
        before: dict[int, list[int]] = {}
        for span, mark in spans:
            before.setdefault(span.start, []).append(mark)
        for span, mark in spans:
            before.setdefault(span.end, []).insert(0, mark + 1)
        return before

    def _relation(self, sample: Sample) -> Relation:
        if sample.relation is None:
            raise BadInput(f"{sample.text[:60]!r} has no head and tail, between which a relation could be found")
        return sample.relation

    def pieces(self, section: str) -> list[tuple[int, int]] | None:
        """Where each id of a whole section stands in its text: `(start, end)` in code points; None where the tokenizer
        cannot tell (the slow ones can't)."""
        if not self.tokenizer.is_fast:
            return None
        found = []
        for start, sentence in _sentences(section):
            offsets = self.tokenizer(
                sentence,
                add_special_tokens=False,
                split_special_tokens=True,
                return_offsets_mapping=True,
                verbose=False,
            )
            found += [(start + first, start + last) for first, last in offsets["offset_mapping"]]
        return found

    def _append(self, text: list[int], knowledge: Iterable[str]) -> tuple[list[int], list[range]]:
        """`[CLS] x [SEP] caption [SEP] thought [SEP] …`, ending with the last sentence that fits whole; and where each
        section stands in it."""
        row, found = list(text), []
        for section in knowledge:
            sentences = self._ids([sentence for _, sentence in _sentences(section)])
            body: list[int] = []
            for sentence in sentences:
                if len(row) + len(body) + len(sentence) + 1 > self.max_length:
                    break
                body += sentence
            if not body:  # even the first sentence is too long: what fits of it says more than nothing
                body = sentences[0][: max(0, self.max_length - len(row) - 1)]
            found.append(range(len(row), len(row) + len(body)))
            if body:
                row += [*body, self._special("sep_token_id")]
        return row, found

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        encoding = self.tokenizer(
            list(texts),
            add_special_tokens=False,
            split_special_tokens=True,  # "[SEP]" in somebody's words ends no section
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        ids: list[list[int]] = encoding["input_ids"]
        return ids

    def _special(self, name: str) -> int:
        value = getattr(self.tokenizer, name)
        if not isinstance(value, int):
            raise BadInput(f"the encoder's tokenizer has no {name}: choose a BERT-like encoder")
        return value


def _sentences(section: str) -> list[tuple[int, str]]:
    """The sentences of a section, and where each begins in it."""
    bare = section.strip()
    indent = section.find(bare)
    gaps = list(_SENTENCE_END.finditer(bare))
    starts, ends = [0, *(gap.end() for gap in gaps)], [*(gap.start() for gap in gaps), len(bare)]
    return [(indent + start, bare[start:end]) for start, end in zip(starts, ends, strict=True)]


def _padded(rows: Sequence[Sequence[int]], filler: int, *, up_to: int = 0) -> tuple[Tensor, Tensor]:
    """Rows of equal length and their mask; of a multiple of STRIDE, as far as `up_to` allows."""
    longest = max(len(row) for row in rows)
    longest = max(longest, min(ceil(longest / STRIDE) * STRIDE, up_to))
    ids = torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(longest)[None, :] < lengths[:, None]
