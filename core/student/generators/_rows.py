"""Rows of embeddings with a prompt behind each tweet, and reading them."""

import torch
from torch import Tensor
from transformers import PreTrainedModel


def read(encoder: PreTrainedModel, rows: Tensor, mask: Tensor) -> Tensor:
    """The encoder's last states (B, L, d) of rows of embeddings (B, L, d); True in mask (B, L) where one stands."""
    states: Tensor = encoder(inputs_embeds=rows, attention_mask=mask.long()).last_hidden_state
    return states


def append_behind(x: Tensor, mask: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """Put p (B, N, d) directly behind the text of each row of x (B, L, d), padding last; rows and their mask.

    Padding between the two would shift the prompt's positions with the length of a batch's longest tweet.
    """
    lengths = mask.sum(dim=1, keepdim=True)
    longest, extra = x.shape[1], p.shape[1]
    place = torch.arange(longest + extra, device=x.device)[None, :]
    behind = place - lengths
    source = torch.where(behind < 0, place, torch.where(behind < extra, longest + behind, place - extra))
    rows = torch.cat([x, p.to(x.dtype)], dim=1)
    return rows.gather(1, source[:, :, None].expand(-1, -1, x.shape[-1])), behind < extra
