"""The same N free vectors behind every tweet (UPD; Zhou et al. 2022, Learning to Prompt)."""

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from core.student.config import StudentOptions
from core.student.encoder import embedding_width
from core.student.generators._rows import append_behind, read


class Generator(nn.Module):
    """Learns one prompt (N, d) for all tweets."""

    def __init__(self, options: StudentOptions, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.prompt = nn.Parameter(torch.randn(options.prompt_length, embedding_width(encoder)) * 0.02)

    def forward(self, encoder: PreTrainedModel, x: Tensor, mask: Tensor) -> Tensor:
        """States of [x; p]."""
        p = self.prompt.expand(len(x), -1, -1)
        return read(encoder, *append_behind(x, mask, p))
