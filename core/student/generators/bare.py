"""No prompt: the tweet stands alone, [x]. With a distillation loss this is multi-view alignment (MV)."""

from torch import Tensor, nn
from transformers import PreTrainedModel

from core.student.config import StudentOptions
from core.student.generators._rows import read


class Generator(nn.Module):
    """Adds nothing and learns nothing."""

    def __init__(self, options: StudentOptions, encoder: PreTrainedModel) -> None:
        super().__init__()

    def forward(self, encoder: PreTrainedModel, x: Tensor, mask: Tensor) -> Tensor:
        """States of [x]."""
        return read(encoder, x, mask)
