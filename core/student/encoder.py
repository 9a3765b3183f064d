"""Text encoders: the packaged ones by their short names, any other by hub id or folder."""

import sys
from typing import cast

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from core.errors import BadInput, Unavailable, first_line
from core.student import sources


def load(name: str, layers: int | None = None) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """An encoder with its tokenizer, in fp32; of its layers the first `layers`, or all.

    Raises:
        BadInput: it has fewer layers than that.
        Unavailable: there is no such folder or hub id, or the hub cannot be reached.
    """
    where = sources.source(name)
    logging.set_verbosity_error()  # else it lists the pooler that is left out on purpose
    logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(where)
        # With dropout inside attention no fused attention is used, and a step takes 1.3 × as long.
        config.attention_probs_dropout_prob = 0.0
        if layers:  # more than there are would be made up, without a word
            if layers > (most := getattr(config, "num_hidden_layers", 0)):
                raise BadInput(f"layers is {layers}, but encoder {name!r} has {most}")
            config.num_hidden_layers = layers
        try:
            model = AutoModel.from_pretrained(
                where, config=config, add_pooling_layer=False, use_safetensors=True, dtype=torch.float32
            )
        except TypeError:  # a kind of encoder that never has a pooler, such as DistilBERT
            model = AutoModel.from_pretrained(where, config=config, use_safetensors=True, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(where)
    except (OSError, ValueError, NotImplementedError) as error:  # the last: layers that cannot be counted in one number
        raise Unavailable(f"encoder {name!r} cannot be loaded: {first_line(error)}") from error
    if model.config.is_encoder_decoder:
        raise Unavailable(f"encoder {name!r} ({type(model).__name__}) has a decoder as well: choose a BERT-like one")
    return model, tokenizer


def embedding_width(model: PreTrainedModel) -> int:
    """The width of word embeddings, which a few encoders project to that of their states."""
    return int(cast(torch.nn.Embedding, model.get_input_embeddings()).embedding_dim)


def first_position(model: PreTrainedModel) -> int:
    """The position of a row's first sub-word: 0, or behind the padding's where that has one of its own (RoBERTa)."""
    padding = getattr(_positions(model), "padding_idx", None)
    return 0 if padding is None else int(padding) + 1


def longest_row(model: PreTrainedModel) -> int:
    """How many sub-words the encoder can read at once."""
    table = _positions(model)
    rows = table.num_embeddings if table is not None else getattr(model.config, "max_position_embeddings", sys.maxsize)
    return int(rows) - first_position(model)


def _positions(model: PreTrainedModel) -> torch.nn.Embedding | None:
    tables = (module for name, module in model.named_modules() if name.endswith("position_embeddings"))
    return next((table for table in tables if isinstance(table, torch.nn.Embedding)), None)
