"""Tiny models of the real classes, built by the tests that need them."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE, WordLevel
from tokenizers.pre_tokenizers import ByteLevel, WhitespaceSplit
from tokenizers.trainers import BpeTrainer
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from core.training.config import TrainConfig
from core.training.trainer import Trainer

WORDS = (
    "ana bob carla goes to paris rome oslo with works at acme initech the a and . , ! ? @ # ##s play ##ing says "
    "singer city company person place 1 2"
).split()


SPECIAL = {
    "bos_token": "<s>",
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
"""RoBERTa's, in the order of their ids."""


def encoder(folder: Path, dropout: float = 0.1) -> Path:
    """A two-layer BERT of width 32 with a small vocabulary, saved as any encoder is."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    BertTokenizerFast(vocab=str(vocabulary)).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS) + 5,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        hidden_dropout_prob=dropout,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def xlm_roberta(folder: Path) -> Path:
    """A one-layer XLM-RoBERTa, whose positions begin at 2, with a vocabulary of whole words."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {word: at for at, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>", *WORDS])}
    words = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106 - no password
    words.pre_tokenizer = WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=words, **SPECIAL).save_pretrained(folder)
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=66,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def roberta(folder: Path) -> Path:
    """A one-layer RoBERTa with a byte-level BPE, to which a word is another one without the space before it."""
    folder.mkdir(parents=True, exist_ok=True)
    bpe = Tokenizer(BPE(unk_token="<unk>"))  # noqa: S106 - no password
    bpe.pre_tokenizer, bpe.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    trainer = BpeTrainer(special_tokens=list(dict.fromkeys(SPECIAL.values())), vocab_size=400)
    bpe.train_from_iterator([" ".join(WORDS * 3)], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=bpe, **SPECIAL)
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=130,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    RobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def corpus(folder: Path) -> None:
    """A training and a dev file in the Twitter form, with captions and knowledge that give the types away."""
    people, places = ["ana", "bob", "carla"], ["paris", "rome", "oslo"]
    folder.mkdir(parents=True, exist_ok=True)
    captions, splits = [], {"train": range(24), "dev": range(24, 33)}
    for split, numbers in splits.items():
        tweets, thoughts = [], []
        for number in numbers:
            person, place = people[number % 3], places[number // 3 % 3]
            words = [(person, "B-PER"), ("goes", "O"), ("to", "O"), (place, "B-LOC"), *[("!", "O")] * (number % 4)]
            tweets.append("\n".join([f"IMGID:{number}", *("\t".join(pair) for pair in words)]))
            known = [word for word, _ in words] + ["<EOS>"] + f"{person} person . {place} place .".split()
            tags = [tag for _, tag in words] + ["X"] * (len(known) - len(words))
            thoughts.append("\n".join("\t".join(pair) for pair in zip(known, tags, strict=True)))
            captions.append(f"{number}.jpg :a person and a city")
        (folder / f"{split}.txt").write_text("\n\n".join(tweets) + "\n\n")
        (folder / f"{split}.knowledge.txt").write_text("\n\n".join(thoughts) + "\n\n")
    (folder / "captions.txt").write_text("\n".join(captions) + "\n")


def relations(folder: Path) -> None:
    """A file in the MNRE form: people work at companies, and are nothing to cities."""
    lines = []
    for person, (place, relation) in product(
        ("ana", "bob", "carla"),
        (("acme", "/per/org/member_of"), ("initech", "/per/org/member_of"), ("paris", "None"), ("oslo", "None")),
    ):
        line = {"token": [person, "says", "the", place, "!"], "h": {"name": person, "pos": [0, 1]}}
        lines.append({**line, "t": {"name": place, "pos": [3, 4]}, "img_id": "", "relation": relation})
    (folder / "relations.txt").write_text("\n".join(map(repr, lines)) + "\n")


def training(folder: Path) -> Path:
    """A training of a student on that corpus and that encoder, done in seconds."""
    file = folder / "train.toml"
    file.write_text(
        f"""
epochs = 12
batch_size = 4
encoder_lr = 3e-3
head_lr = 3e-3
bf16 = false
[student]
encoder = "{folder / "encoder"}"
max_length = 128
prompt_length = 4
[train]
path = "train.txt"
captions = "captions.txt"
knowledge = "train.knowledge.txt"
[dev]
path = "dev.txt"
captions = "captions.txt"
knowledge = "dev.knowledge.txt"
"""
    )
    return file


def config(root: Path, *, student: dict[str, Any] | None = None, **changes: Any) -> TrainConfig:
    """A training of a student on that corpus and that encoder, done in a second or two."""
    student = student or {}
    split = {"captions": "captions.txt"}
    values = {
        "train": {"path": "train.txt", "knowledge": "train.knowledge.txt", **split},
        "dev": {"path": "dev.txt", "knowledge": "dev.knowledge.txt", **split},
        "student": {"encoder": str(root / "encoder"), "max_length": 64, "prompt_length": 4, **student},
        "epochs": 6,
        "batch_size": 4,
        "encoder_lr": 3e-3,
        "head_lr": 3e-3,
        "section_dropout": 0.2,
        "bf16": False,
        **changes,
    }
    return TrainConfig.model_validate(values)


def metrics(folder: Path) -> list[dict[str, Any]]:
    """What a training wrote down while it ran."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def trained(root: Path, folder: Path, **changes: Any) -> Trainer:
    """A training that was run to its end."""
    training = Trainer(config(root, **changes), root, folder)
    training.run(lambda _: None)
    return training
