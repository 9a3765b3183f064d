"""The student of the paper's section 3.4: one encoder and one head over two views of a tweet."""

import torch
from pydantic import Field
from torch import Tensor, nn
from transformers import PreTrainedModel

from core.domain.record import Value
from core.student.prompt import ConditionalPrompt
from core.student.views import Batch


class StudentConfig(Value):
    """What makes one student differ from another before training."""

    encoder: str = "minilm"
    labels: tuple[str, ...] = Field(min_length=1, description="BIO tags; their order is the order of the logits")
    prompt_length: int = Field(16, ge=1, description="N of equation 1")
    max_length: int = Field(256, ge=32, le=512, description="longest row in sub-words")
    dropout: float = Field(0.1, ge=0, lt=1)


class Student(nn.Module):
    """Labels the words of a tweet, seen with knowledge or with the conditional prompt in its place.

    The encoder's word embeddings stay as they came: they are half of a small encoder's weights, and words that
    training never saw keep their meaning.
    """

    def __init__(self, config: StudentConfig, encoder: PreTrainedModel) -> None:
        super().__init__()
        width = int(encoder.config.hidden_size)
        self.config = config
        self.encoder = encoder
        self.embedding: nn.Module = encoder.get_input_embeddings()
        self.embedding.requires_grad_(False)
        self.prompt = ConditionalPrompt(length=config.prompt_length, width=width)
        # Some encoders' states are tiny (std 0.06); without a LayerNorm a linear head learns nothing for epochs.
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Dropout(config.dropout), nn.Linear(width, len(config.labels)))

    def with_knowledge(self, batch: Batch) -> Tensor:
        """Logits (B, n, labels) from the knowledge-enhanced view [x; I; c]."""
        states = self.encoder(input_ids=batch.knowledge, attention_mask=batch.knowledge_mask.long())
        return self._label(states.last_hidden_state, batch.starts)

    def without_knowledge(self, batch: Batch) -> Tensor:
        """Logits (B, n, labels) from the prompt-enhanced view [x; p]: the tweet alone."""
        x = self.embedding(batch.text)
        p = self.prompt(x, batch.text_mask)
        rows, mask = _append_behind(x, batch.text_mask, p)
        states = self.encoder(inputs_embeds=rows, attention_mask=mask.long())
        return self._label(states.last_hidden_state, batch.starts)

    def _label(self, states: Tensor, starts: Tensor) -> Tensor:
        """A word is labelled from its first sub-word: states (B, L, d), starts (B, n) → (B, n, labels)."""
        index = starts[:, :, None].expand(-1, -1, states.shape[-1])
        logits: Tensor = self.head(states.gather(1, index))
        return logits


def _append_behind(x: Tensor, mask: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """Put p (B, N, d) directly behind the text of each row of x (B, L, d), padding last.

    Padding between the two would shift the prompt's positions with the length of a batch's longest tweet.
    """
    lengths = mask.sum(dim=1, keepdim=True)
    longest, extra = x.shape[1], p.shape[1]
    place = torch.arange(longest + extra, device=x.device)[None, :]
    behind = place - lengths
    source = torch.where(behind < 0, place, torch.where(behind < extra, longest + behind, place - extra))
    rows = torch.cat([x, p.to(x.dtype)], dim=1)
    return rows.gather(1, source[:, :, None].expand(-1, -1, x.shape[-1])), behind < extra
