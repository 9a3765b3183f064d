"""The two views of a sample as token ids (paper, section 3.4), and batches of them.

Both begin with the same ids, `[CLS] x [SEP]`, so a word's first sub-word stands at the same place in both. The
knowledge-enhanced view goes on with the caption and the thoughts; behind the text of the prompt-enhanced view the
student itself puts the N vectors of its prompt.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from core.domain import Grain
from core.errors import BadInput

GRAIN_ORDER: tuple[Grain, ...] = ("mixed", "noun", "sentence", "multimodality")
IGNORED = -100
"""Label of padding, as torch's losses know it."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def sections(caption: str | None, thoughts: dict[Grain, str]) -> list[str]:
    """What follows the tweet in the knowledge-enhanced view [x; I; c]: the caption, then the grains in order."""
    texts = [caption or "", *(thoughts.get(grain, "") for grain in GRAIN_ORDER)]
    return [text for text in texts if text.strip()]


@dataclass(frozen=True)
class Encoded:
    """One sample as ids. `starts[i]` is where word i's first sub-word stands, in both views."""

    text: list[int]
    knowledge: list[int]
    starts: list[int]


@dataclass(frozen=True)
class Batch:
    """B samples, padded: `text` (B, L), `knowledge` (B, K), `starts` and `labels` (B, n); masks are True on ids."""

    text: Tensor
    text_mask: Tensor
    knowledge: Tensor
    knowledge_mask: Tensor
    starts: Tensor
    labels: Tensor


class ViewBuilder:
    """Turns words and knowledge into ids. The tweet is never cut; knowledge is, by whole sentences."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, max_length: int, prompt_length: int) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.prompt_length = prompt_length

    def encode(self, tokens: Sequence[str], knowledge: Iterable[str]) -> Encoded:
        """Both views of one sample.

        Raises:
            BadInput: the tweet's sub-words leave no room for the prompt.
        """
        text = [self._special("cls_token_id")]
        starts = []
        for pieces in self._ids(tokens):
            starts.append(len(text))
            text += pieces or [self._special("unk_token_id")]  # U+FE0F and the like vanish, their word does not
        text.append(self._special("sep_token_id"))
        if len(text) + self.prompt_length > self.max_length:
            room = self.max_length - self.prompt_length - 2
            raise BadInput(f"the tweet has {len(text) - 2} sub-words; the student reads at most {room}: shorten it")
        return Encoded(text=text, knowledge=self._append(text, knowledge), starts=starts)

    def collate(self, encoded: Sequence[Encoded], labels: Sequence[Sequence[int]] | None = None) -> Batch:
        """Pad a batch to its own longest rows; without labels all of them are ignored ones."""
        pad = self._special("pad_token_id")
        text, text_mask = _padded([item.text for item in encoded], pad)
        knowledge, knowledge_mask = _padded([item.knowledge for item in encoded], pad)
        starts, _ = _padded([item.starts for item in encoded], 0)
        words = labels or [[IGNORED] * len(item.starts) for item in encoded]
        gold, _ = _padded(words, IGNORED)
        return Batch(text, text_mask, knowledge, knowledge_mask, starts, gold)

    def _append(self, text: list[int], knowledge: Iterable[str]) -> list[int]:
        """`[CLS] x [SEP] caption [SEP] thought [SEP] …`, ending with the last sentence that fits whole."""
        row = list(text)
        for section in knowledge:
            sentences = self._ids(_SENTENCE_END.split(section.strip()))
            body: list[int] = []
            for sentence in sentences:
                if len(row) + len(body) + len(sentence) + 1 > self.max_length:
                    break
                body += sentence
            if not body:  # even the first sentence is too long: what fits of it says more than nothing
                body = sentences[0][: max(0, self.max_length - len(row) - 1)]
            if body:
                row += [*body, self._special("sep_token_id")]
        return row

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        encoding = self.tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)
        ids: list[list[int]] = encoding["input_ids"]
        return ids

    def _special(self, name: str) -> int:
        value = getattr(self.tokenizer, name)
        if not isinstance(value, int):
            raise BadInput(f"the encoder's tokenizer has no {name}: choose a BERT-like encoder")
        return value


def _padded(rows: Sequence[Sequence[int]], filler: int) -> tuple[Tensor, Tensor]:
    longest = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(longest)[None, :] < lengths[:, None]
