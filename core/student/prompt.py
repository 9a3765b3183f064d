"""The conditional prompt generator: what stands where knowledge would, made from the tweet alone."""

import math

import torch
from torch import Tensor, nn


class ConditionalPrompt(nn.Module):
    """Equation 1: `p = softmax((q Wq)(x Wk)ᵀ / √d) · x Wv`.

    N learnable queries q of width d attend over the tweet's input word embeddings x, so that every tweet gets a
    prompt of its own and inference stays one pass of the encoder.
    """

    def __init__(self, *, length: int, width: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(length, width) * 0.02)
        self.to_query = nn.Linear(width, width, bias=False)
        self.to_key = nn.Linear(width, width, bias=False)
        self.to_value = nn.Linear(width, width, bias=False)
        for projector in (self.to_query, self.to_key, self.to_value):
            nn.init.xavier_uniform_(projector.weight)  # keeps the size of x, which position vectors are added to

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """From word embeddings x (B, L, d), True in mask (B, L) where a word stands, to prompts p (B, N, d)."""
        p: Tensor = self.attention(x, mask) @ self.to_value(x)
        return p

    def attention(self, x: Tensor, mask: Tensor) -> Tensor:
        """What each prompt vector looks at: (B, N, L), each row summing to 1 over the words."""
        scores: Tensor = self.to_query(self.queries) @ self.to_key(x).transpose(1, 2) / math.sqrt(x.shape[-1])
        return scores.masked_fill(~mask[:, None, :], float("-inf")).softmax(dim=-1)
