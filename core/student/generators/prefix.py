"""N learnable keys and values before the tweet's own, in every layer (PrefixD; Li and Liang 2021, Prefix-Tuning)."""

import inspect

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from core.errors import BadInput
from core.student.config import StudentOptions
from core.student.encoder import first_position


class Generator(nn.Module):
    """Learns a prefix (layers, 2, heads, N, d / heads), the same for all tweets; it takes no positions in the row.

    Raises:
        BadInput: the encoder's attention takes no keys and values from outside.
    """

    def __init__(self, options: StudentOptions, encoder: PreTrainedModel) -> None:
        super().__init__()
        if "past_key_values" not in inspect.signature(encoder.forward).parameters:
            raise BadInput(
                f"generator 'prefix' needs an encoder that takes past_key_values, such as BERT or XLM-R; "
                f"{type(encoder).__name__} doesn't: choose another generator or encoder"
            )
        config = encoder.config
        layers, heads = int(config.num_hidden_layers), int(config.num_attention_heads)
        width = int(config.hidden_size) // heads
        self.prefix = nn.Parameter(torch.randn(layers, 2, heads, options.prompt_length, width) * 0.02)

    def forward(self, encoder: PreTrainedModel, x: Tensor, mask: Tensor) -> Tensor:
        """States of [x] under the prefix."""
        size, length = mask.shape
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(self.prefix):
            cache.update(keys.expand(size, -1, -1, -1), values.expand(size, -1, -1, -1), layer)
        seen = torch.cat([mask.new_ones(size, self.prefix.shape[3]), mask], dim=1)
        # The words keep the positions they have in the knowledge view; a BERT would else count them from N on.
        places = torch.arange(length, device=x.device)[None, :] + first_position(encoder)
        states: Tensor = encoder(
            inputs_embeds=x, attention_mask=seen.long(), position_ids=places, past_key_values=cache
        ).last_hidden_state
        return states
