"""The student of the paper's section 3.4: one encoder and one head over two views of a tweet."""

from typing import cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from core import registry
from core.domain import View
from core.student import generators, heads
from core.student.config import StudentConfig
from core.student.generators._rows import read
from core.student.views import MARKERS, Batch


class Student(nn.Module):
    """Labels a tweet, seen with knowledge or with what its generator puts in knowledge's place.

    The encoder's word embeddings stay as they came: they are half of a small encoder's weights, and words that
    training never saw keep their meaning.
    """

    def __init__(self, config: StudentConfig, encoder: PreTrainedModel) -> None:
        super().__init__()
        width = int(encoder.config.hidden_size)
        self.config = config
        self.encoder = encoder
        self.embedding = cast(nn.Embedding, encoder.get_input_embeddings())
        self.embedding.requires_grad_(False)
        self.generator = registry.find(generators, "generator", config.generator).Generator(config, encoder)
        self.head = registry.find(heads, "head", config.head).Head(width, len(config.labels), config.dropout)
        self.markers: nn.Parameter | None = None
        if config.task == "mre":
            size = self.embedding.weight.std()
            self.markers = nn.Parameter(torch.randn(len(MARKERS), self.embedding.embedding_dim) * size)

    def with_knowledge(self, batch: Batch) -> Tensor:
        """Logits (B, n, labels) from the knowledge-enhanced view [x; I; c]."""
        return self.label("with_knowledge", self.embed(batch.knowledge), batch)

    def without_knowledge(self, batch: Batch) -> Tensor:
        """Logits (B, n, labels) from the prompt-enhanced view [x; p]: the tweet alone."""
        return self.label("without_knowledge", self.embed(batch.text), batch)

    def label(self, view: View, rows: Tensor, batch: Batch) -> Tensor:
        """Logits (B, n, labels) of one view, whose rows (B, L, d) are given as input embeddings."""
        if view == "with_knowledge":
            states = read(self.encoder, rows, batch.knowledge_mask)
        else:
            states = self.generator(self.encoder, rows, batch.text_mask)
        index = batch.places[:, :, None].expand(-1, -1, states.shape[-1])
        logits: Tensor = self.head(states.gather(1, index))
        return logits

    def embed(self, ids: Tensor) -> Tensor:
        """Input embeddings (B, L, d) of ids (B, L); ids below 0 are markers."""
        x: Tensor = self.embedding(ids.clamp(min=0))
        if self.markers is None:
            return x
        return torch.where(ids[:, :, None] < 0, self.markers[(-1 - ids).clamp(min=0)], x)
