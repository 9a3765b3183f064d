"""A tiny BLIP-2 of the real classes that learns, in seconds, to name the colour of a square."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    Blip2QFormerConfig,
    Blip2VisionConfig,
    BlipImageProcessorPil,
    OPTConfig,
    PreTrainedTokenizerFast,
)

from tests.squares import COLOURS, SIDE, square

QUERIES = 4


def _processor() -> Blip2Processor:
    words = ["<pad>", "<s>", "</s>", "<unk>", "a", "square", *COLOURS]
    inner = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))  # noqa: S106
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    special = dict(zip(("pad_token", "bos_token", "eos_token", "unk_token"), words, strict=False))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, **special)
    pictures = BlipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return Blip2Processor(pictures, tokenizer, num_query_tokens=QUERIES)


def _model(processor: Blip2Processor) -> Blip2ForConditionalGeneration:
    hidden = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Blip2Config(
        vision_config=Blip2VisionConfig(**hidden, intermediate_size=64, image_size=SIDE, patch_size=8).to_dict(),
        qformer_config=Blip2QFormerConfig(
            **hidden, intermediate_size=64, encoder_hidden_size=32, vocab_size=10
        ).to_dict(),
        text_config=OPTConfig(
            **hidden,
            ffn_dim=64,
            word_embed_proj_dim=32,
            vocab_size=len(processor.tokenizer),
            max_position_embeddings=64,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        ).to_dict(),
        num_query_tokens=QUERIES,
        image_token_index=processor.tokenizer.convert_tokens_to_ids("<image>"),
    )
    return Blip2ForConditionalGeneration(config)


def checkpoint(folder: Path) -> Path:
    """Train one and keep it in a folder, as the hub's checkpoints are kept."""
    torch.manual_seed(5)
    chance = torch.Generator().manual_seed(5)
    processor = _processor()
    model = _model(processor)
    for weights in model.parameters():
        if weights.dim() > 1:
            torch.nn.init.normal_(weights, std=0.1)  # the usual 0.02 is meant for wide layers: these would learn slowly
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    names = list(COLOURS) * 4
    for _ in range(150):
        batch = processor(
            images=[square(name, chance) for name in names],
            text=[f"a {name} square </s>" for name in names],
            return_tensors="pt",
        )
        labels = batch["input_ids"].masked_fill(batch["input_ids"] == model.config.image_token_index, -100)
        loss = model(**batch, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
