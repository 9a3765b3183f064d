"""Sentences as vectors, by all-MiniLM-L6-v2 as its authors use it: the mean over its last states, of length 1."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from core.retrieval import Progress
from core.student import encoder

_BATCH = 64
_MAX_LENGTH = 256  # sub-words; what comes after them is not seen


def embed(texts: Sequence[str], progress: Progress) -> Tensor:
    """The vectors of the texts (texts, 384), in their order; a text that stands twice is computed once.

    Raises:
        Unavailable: the encoder is not installed.
    """
    model, tokenizer = encoder.load("minilm")
    model.eval()
    distinct = sorted(set(texts), key=lambda text: (len(text), text))  # like lengths together need little padding
    parts = []
    for start in range(0, len(distinct), _BATCH):
        progress(start, len(distinct), "reading sentences")
        batch = tokenizer(
            distinct[start : start + _BATCH],
            padding=True,
            truncation=True,
            max_length=_MAX_LENGTH,
            return_tensors="pt",
        )
        with torch.inference_mode():
            states = model(**batch).last_hidden_state
        mask = batch["attention_mask"][:, :, None]
        parts.append(functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1))
    progress(len(distinct), len(distinct), "reading sentences")
    place = {text: index for index, text in enumerate(distinct)}
    return torch.cat(parts)[[place[text] for text in texts]]
