"""The conditional prompt (CPD): what stands where knowledge would, made from the tweet itself (paper, equation 1)."""

import math
from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from core.errors import BadInput
from core.student.config import StudentOptions
from core.student.encoder import embedding_width
from core.student.generators._rows import append_behind, read


class CrossAttention(nn.Module):
    """`softmax((q Wq)(x Wk)ᵀ / √d) · x Wv`: queries q look at the words x of a tweet."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.to_query = nn.Linear(width, width, bias=False)
        self.to_key = nn.Linear(width, width, bias=False)
        self.to_value = nn.Linear(width, width, bias=False)
        for projector in (self.to_query, self.to_key, self.to_value):
            nn.init.xavier_uniform_(projector.weight)  # keeps the size of x, which position vectors are added to

    def forward(self, q: Tensor, x: Tensor, mask: Tensor) -> Tensor:
        """From queries q (N, d) or (B, N, d), words x (B, L, d) and True in mask (B, L) at words, to (B, N, d)."""
        found: Tensor = self.weights(q, x, mask) @ self.to_value(x)
        return found

    def weights(self, q: Tensor, x: Tensor, mask: Tensor) -> Tensor:
        """What each query looks at: (B, N, L), each row summing to 1 over the words."""
        scores: Tensor = self.to_query(q) @ self.to_key(x).transpose(1, 2) / math.sqrt(x.shape[-1])
        return scores.masked_fill(~mask[:, None, :], float("-inf")).softmax(dim=-1)


class Generator(nn.Module):
    """Equation 1: N learnable queries of width d attend over the tweet, so that every tweet gets a prompt of its own.

    x is the tweet's input word embeddings, so that inference stays one pass of the encoder; with the source
    `contextual` it is the encoder's states of the bare tweet, at the price of a second pass. Further layers let the
    prompt look again, each adding to what the one before found.

    Raises:
        BadInput: the source is `contextual`, and the encoder's states are not as wide as its word embeddings.
    """

    def __init__(self, options: StudentOptions, encoder: PreTrainedModel) -> None:
        super().__init__()
        width = embedding_width(encoder)
        self.is_contextual = options.prompt_source == "contextual"
        if self.is_contextual and width != encoder.config.hidden_size:
            raise BadInput(
                f"prompt_source 'contextual' needs states as wide as word embeddings; {type(encoder).__name__}'s are "
                f"{encoder.config.hidden_size} and {width} wide: choose 'embeddings'"
            )
        self.queries = nn.Parameter(torch.randn(options.prompt_length, width) * 0.02)
        self.layers = nn.ModuleList(CrossAttention(width) for _ in range(options.prompt_layers))

    def forward(self, encoder: PreTrainedModel, x: Tensor, mask: Tensor) -> Tensor:
        """States of [x; p]."""
        seen = read(encoder, x, mask) if self.is_contextual else x
        return read(encoder, *append_behind(x, mask, self.prompt(seen, mask)))

    def attention(self, encoder: PreTrainedModel, x: Tensor, mask: Tensor) -> Tensor:
        """The softmax of equation 1: what each of the N vectors looks at, (B, layers, N, L), summing to 1."""
        seen = read(encoder, x, mask) if self.is_contextual else x
        p: Tensor = self.queries
        found = []
        for number, layer in enumerate(cast(Iterable[CrossAttention], self.layers)):
            found.append(layer.weights(p, seen, mask))
            p = layer(p, seen, mask) + (p if number else 0)
        return torch.stack(found, dim=1)

    def prompt(self, x: Tensor, mask: Tensor) -> Tensor:
        """From words x (B, L, d), True in mask (B, L) where one stands, to prompts p (B, N, d)."""
        first, *others = self.layers
        p: Tensor = first(self.queries, x, mask)
        for layer in others:
            p = p + layer(p, x, mask)
        return p
