"""The BLIP-2 captioner, end to end, on a tiny checkpoint of the real classes that is trained here."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from app import heat
from core import captioners
from core.errors import CaptionerError, Unavailable
from core.settings import Settings
from tests.captions import described
from tests.squares import COLOURS, SIDE, square


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """More than one only slows such small models down."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_the_q_formers_attention_is_a_grid_over_the_picture_and_leaves_captions_as_they_were(tiny_blip2: Path) -> None:
    captioner = captioners.find("blip2").load(Settings.read(blip2=str(tiny_blip2)))
    chance = torch.Generator().manual_seed(7)
    first, second = square("red", chance), square("blue", chance)
    before = described(captioner, first)
    found, other = captioner.regions(first), captioner.regions(second)
    assert [len(row) for row in found.grid] == [SIDE // 8] * (SIDE // 8)
    assert sum(map(sum, found.grid)) == pytest.approx(1)
    assert found.grid != other.grid
    assert described(captioner, first) == before
    assert heat.lit(first, found).size == first.size


@pytest.fixture
def copy(tiny_blip2: Path, tmp_path: Path) -> Path:
    """A checkpoint to damage."""
    return Path(shutil.copytree(tiny_blip2, tmp_path / "copy"))


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


def test_the_caption_names_what_the_picture_shows(tiny_blip2: Path) -> None:
    captioner = captioners.find("blip2").load(Settings.read(blip2=str(tiny_blip2)))
    unseen = torch.Generator().manual_seed(99)
    for colour in list(COLOURS) * 5:
        assert described(captioner, square(colour, unseen)).text == f"a {colour} square"


def test_a_batch_says_what_each_picture_alone_says(tiny_blip2: Path) -> None:
    captioner = captioners.find("blip2").load(Settings.read(blip2=str(tiny_blip2)))
    chance = torch.Generator().manual_seed(7)
    squares = [square(colour, chance) for colour in list(COLOURS) * 3]
    assert captioner.describe_all(squares) == [described(captioner, each) for each in squares]


def test_where_memory_does_not_suffice_batches_become_smaller(
    tiny_blip2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captioner = captioners.find("blip2").load(Settings.read(blip2=str(tiny_blip2)))
    whole = captioner._generate

    def generate(images: Sequence[Image.Image]) -> list[str]:
        if len(images) > room:
            raise torch.OutOfMemoryError("no room")
        return whole(images)

    monkeypatch.setattr(captioner, "_generate", generate)
    chance = torch.Generator().manual_seed(7)
    squares = [square(colour, chance) for colour in COLOURS] * 2
    room = 2
    assert [each.text for each in captioner.describe_all(squares)] == [f"a {colour} square" for colour in COLOURS] * 2
    assert captioner.batch <= 2
    room = 0
    (none,) = captioner.describe_all(squares[:1])
    assert isinstance(none, CaptionerError)
    assert "does not fit into the memory" in str(none)


def test_the_caption_s_maker_is_recorded(tiny_blip2: Path) -> None:
    captioner = captioners.find("blip2").load(Settings.read(blip2=str(tiny_blip2)))
    assert captioner.model == "tiny-blip2"
    assert captioner.parameters == {
        "max_new_tokens": 40,
        "num_beams": 5,
        "prompt": "",
        "dtype": str(captioner._model.dtype).removeprefix("torch."),
    }


def test_a_cpu_that_computes_in_bfloat16_says_the_same_as_one_that_does_not(
    tiny_blip2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = torch.Generator().manual_seed(7)
    squares = [square(colour, chance) for colour in list(COLOURS) * 3]
    made, kinds = [], []
    for capable in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda capable=capable: {"avx512_bf16": capable})
        captioner = captioners.find("blip2").load(Settings.read(blip2=str(tiny_blip2)))
        made.append(captioner.describe_all(squares))
        kinds.append(captioner.parameters["dtype"])
    assert kinds == ["bfloat16", "float32"]
    assert made[0] == made[1]


def test_a_complete_folder_and_a_hub_id_are_usable(tiny_blip2: Path) -> None:
    blip2 = captioners.find("blip2")
    assert blip2.unusable(Settings.read(blip2=str(tiny_blip2))) is None
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
