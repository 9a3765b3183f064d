"""The BLIP-2 captioner, end to end, on a tiny checkpoint of the real classes that is trained here."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
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

from app import heat
from core import captioners
from core.errors import Unavailable
from core.settings import Settings

COLOURS = {"red": (220, 40, 30), "green": (30, 180, 50), "blue": (40, 60, 220)}
SIDE, QUERIES = 32, 4


def square(colour: str, chance: torch.Generator) -> Image.Image:
    """A square somewhere on a grey ground, its colour a little off."""
    ground, width, x, y = (
        int(torch.randint(low, high, (), generator=chance)) for low, high in ((60, 200), (12, 20), (0, 12), (0, 12))
    )
    picture = Image.new("RGB", (SIDE, SIDE), (ground,) * 3)
    shift = torch.randint(-25, 26, (3,), generator=chance).tolist()
    shade = tuple(level + off for level, off in zip(COLOURS[colour], shift, strict=True))
    picture.paste(shade, (x, y, x + width, y + width))
    return picture


def tiny_processor() -> Blip2Processor:
    words = ["<pad>", "<s>", "</s>", "<unk>", "a", "square", *COLOURS]
    inner = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))  # noqa: S106
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    special = dict(zip(("pad_token", "bos_token", "eos_token", "unk_token"), words, strict=False))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, **special)
    pictures = BlipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return Blip2Processor(pictures, tokenizer, num_query_tokens=QUERIES)


def tiny_model(processor: Blip2Processor) -> Blip2ForConditionalGeneration:
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


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """More than one only slows such small models down."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BLIP-2 that learned to name the colour of a square."""
    torch.manual_seed(5)
    chance = torch.Generator().manual_seed(5)
    processor = tiny_processor()
    model = tiny_model(processor)
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
    folder = tmp_path_factory.mktemp("hub") / "tiny-blip2"
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def test_the_q_formers_attention_is_a_grid_over_the_picture_and_leaves_captions_as_they_were(checkpoint: Path) -> None:
    captioner = captioners.find("blip2").load(Settings.read(blip2=str(checkpoint)))
    chance = torch.Generator().manual_seed(7)
    first, second = square("red", chance), square("blue", chance)
    before = captioner.describe(first)
    found, other = captioner.regions(first), captioner.regions(second)
    assert [len(row) for row in found.grid] == [SIDE // 8] * (SIDE // 8)
    assert sum(map(sum, found.grid)) == pytest.approx(1)
    assert found.grid != other.grid
    assert captioner.describe(first) == before
    assert heat.lit(first, found).size == first.size


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint to damage."""
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def edit(path: Path, **changes: object) -> None:
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))


def refusal(source: str | Path | None) -> str:
    """The words with which loading fails."""
    settings = Settings.read(blip2=None if source is None else str(source))
    with pytest.raises(Unavailable) as raised:
        captioners.find("blip2").load(settings)
    return str(raised.value)


def test_the_caption_names_what_the_picture_shows(checkpoint: Path) -> None:
    captioner = captioners.find("blip2").load(Settings.read(blip2=str(checkpoint)))
    unseen = torch.Generator().manual_seed(99)
    for colour in list(COLOURS) * 5:
        assert captioner.describe(square(colour, unseen)).text == f"a {colour} square"


def test_the_caption_s_maker_is_recorded(checkpoint: Path) -> None:
    captioner = captioners.find("blip2").load(Settings.read(blip2=str(checkpoint)))
    assert captioner.model == "tiny-blip2"
    assert captioner.parameters == {"max_new_tokens": 40, "num_beams": 5, "prompt": "", "dtype": "float32"}


def test_a_complete_folder_and_a_hub_id_are_usable(checkpoint: Path) -> None:
    blip2 = captioners.find("blip2")
    assert blip2.unusable(Settings.read(blip2=str(checkpoint))) is None
    assert blip2.unusable(Settings.read(blip2="Salesforce/blip2-opt-2.7b")) is None


def test_without_a_setting_it_says_what_to_set() -> None:
    assert "set COTPD_BLIP2 to a hub id such as Salesforce/blip2-opt-2.7b" in refusal(None)


@pytest.mark.parametrize("source", ["nowhere", "./no/such/folder", "a/b/c", "Salesforce/", "two words/x"])
def test_a_folder_that_does_not_exist_is_named(source: str) -> None:
    assert f"{source!r}: there is no such folder" in refusal(source)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "processor_config.json", "*.safetensors"])
def test_a_file_that_is_missing_is_named(copy: Path, file: str) -> None:
    for path in copy.glob(file):
        path.unlink()
    assert f"lacks {file}" in refusal(copy)


def test_another_kind_of_model_is_refused(copy: Path) -> None:
    edit(copy / "config.json", model_type="bert")
    assert "holds a model of type 'bert', not 'blip-2'" in refusal(copy)


def test_a_config_that_is_no_json_is_refused(copy: Path) -> None:
    (copy / "config.json").write_text("{")
    assert "config.json that cannot be read" in refusal(copy)


def test_a_processor_that_would_hide_the_picture_is_refused(copy: Path) -> None:
    edit(copy / "processor_config.json", num_query_tokens=None)
    assert "no num_query_tokens in its processor_config.json" in refusal(copy)


def test_a_config_that_would_hide_the_picture_is_refused(copy: Path) -> None:
    edit(copy / "config.json", image_token_index=None, image_token_id=None)
    assert "no image_token_index in its config.json" in refusal(copy)


def test_broken_weights_are_refused(copy: Path) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "cannot be loaded" in refusal(copy)


def test_weights_with_holes_are_refused(copy: Path) -> None:
    tensors = load_file(copy / "model.safetensors")
    tensors.pop("query_tokens")
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    assert "lacks 1 tensors of weights, such as query_tokens" in refusal(copy)
