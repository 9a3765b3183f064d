"""Tweets for students, and what these answer."""

import torch

from core.domain import Sample

LABELS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
TWEET = ("ana", "goes", "to", "paris", "!")
GENERATORS = ("bare", "conditional", "prefix", "unconditional")


def tweet(*words: str) -> Sample:
    return Sample.from_tokens(words)


def logits(made, items, view):
    student, views = made
    batch = views.collate([views.encode(tweet(*tokens), known) for tokens, known in items])
    with torch.inference_mode():
        return getattr(student, view)(batch)
