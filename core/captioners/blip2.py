"""BLIP-2 (Li et al. 2023), the paper's captioner, through transformers: any OPT or Flan-T5 checkpoint of it."""

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import cast

import torch
from PIL import Image
from pydantic import JsonValue
from safetensors import SafetensorError
from transformers import Blip2ForConditionalGeneration, Blip2Processor

from core import bfloat16
from core.captioners import Captioner, Description, Regions
from core.errors import CaptionerError, Unavailable, first_line
from core.settings import Settings

MAX_NEW_TOKENS = 40
BEAMS = 5
BATCH_GPU, BATCH_CPU = 16, 4

_EXAMPLE = "Salesforce/blip2-opt-2.7b"


def unusable(settings: Settings) -> str | None:
    """Why BLIP-2 cannot be used here, or None. Of a folder the files are looked at; of a hub id, only its form."""
    if not settings.blip2:
        return f"no weights are named: set COTPD_BLIP2 to a hub id such as {_EXAMPLE}, or to a folder of such weights"
    folder = Path(settings.blip2)
    if folder.is_dir():
        return _lack(folder)
    if _is_hub_id(settings.blip2):
        return None
    return f"COTPD_BLIP2 is {settings.blip2!r}: there is no such folder, and a hub id looks like {_EXAMPLE}"


def load(settings: Settings) -> Captioner:
    """BLIP-2 with its weights in memory: bfloat16 on a GPU and on CPUs that compute in it, float32 on others.

    A folder is never looked up on the network; a hub id is fetched into the hub's own cache.

    Raises:
        Unavailable: no weights are named, files are missing or broken, the hub can't be reached, or the checkpoint
            would ignore the picture.
    """
    reason = unusable(settings)
    if reason is not None or settings.blip2 is None:
        raise Unavailable(f"captioner 'blip2': {reason}")
    return Blip2(settings.blip2)


class Blip2:
    """Unprompted captions by beam search. Safe to use from several threads."""

    def __init__(self, source: str) -> None:
        is_folder = Path(source).is_dir()
        gpu = torch.cuda.is_available()
        dtype = torch.bfloat16 if gpu or bfloat16.is_native(torch.device("cpu")) else torch.float32
        try:
            self._processor = Blip2Processor.from_pretrained(source, local_files_only=is_folder)
            loaded = Blip2ForConditionalGeneration.from_pretrained(
                source, local_files_only=is_folder, use_safetensors=True, dtype=dtype, output_loading_info=True
            )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise Unavailable(f"captioner 'blip2': {source!r} cannot be loaded: {first_line(error)}") from error
        model, report = cast("tuple[Blip2ForConditionalGeneration, dict[str, set[str]]]", loaded)
        if fault := _blindness(model, self._processor) or _holes(report["missing_keys"]):
            raise Unavailable(f"captioner 'blip2': {source!r} {fault}; take a complete copy, such as {_EXAMPLE}")
        self.batch = BATCH_GPU if gpu else BATCH_CPU
        self._model = model.eval()
        if gpu:
            self._model.cuda()
        self._lock = Lock()
        self.model = Path(source).resolve().name if is_folder else source
        self.parameters: dict[str, JsonValue] = {
            "max_new_tokens": MAX_NEW_TOKENS,
            "num_beams": BEAMS,
            "prompt": "",
            "dtype": str(dtype).removeprefix("torch."),
        }

    def describe_all(self, images: Sequence[Image.Image]) -> list[Description | CaptionerError]:
        """Caption RGB images in one batch, or in ever smaller ones where memory does not suffice."""
        try:
            return [Description(" ".join(text.split())) for text in self._generate(images)]
        except torch.OutOfMemoryError:
            half = len(images) // 2
        if not half:
            return [
                CaptionerError(f"{self.model} does not fit into the memory of {self._model.device} beside a picture")
            ]
        self.batch = min(self.batch, half)
        return [*self.describe_all(images[:half]), *self.describe_all(images[half:])]

    def _generate(self, images: Sequence[Image.Image]) -> list[str]:
        with self._lock, torch.inference_mode():
            inputs = self._processor(images=list(images), text=[""] * len(images), return_tensors="pt")
            inputs = inputs.to(self._model.device, self._model.dtype)
            produced = self._model.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS, num_beams=BEAMS, do_sample=False)
        # A decoder-only language model (OPT) repeats its input, the image's places included; Flan-T5 does not.
        repeats = not self._model.language_model.config.is_encoder_decoder
        answers = produced[:, inputs["input_ids"].shape[1] :] if repeats else produced
        return cast(list[str], self._processor.batch_decode(answers, skip_special_tokens=True))

    def regions(self, image: Image.Image) -> Regions:
        """Where the Q-Former looked: its last cross-attention, mean over heads and queries, on the image's patches.

        The vision encoder's own class token is no place, and is left out.
        """
        with self._lock, torch.inference_mode():
            inputs = self._processor(images=image, text="", return_tensors="pt")
            pixels = inputs["pixel_values"].to(self._model.device, self._model.dtype)
            seen = self._model.vision_model(pixel_values=pixels).last_hidden_state
            former = self._model.qformer
            usual = former.config._attn_implementation
            former.set_attn_implementation("eager")  # the fused one keeps no weights
            try:
                found = former(self._model.query_tokens, encoder_hidden_states=seen, output_attentions=True)
            finally:
                former.set_attn_implementation(usual)
        patches = found.cross_attentions[-1][0].float().mean(dim=(0, 1))[1:]
        config = self._model.config.vision_config
        grid = (patches / patches.sum()).reshape(config.image_size // config.patch_size, -1)
        return Regions("attention of BLIP-2's Q-Former", tuple(tuple(row) for row in grid.tolist()))


def _lack(folder: Path) -> str | None:
    """What a folder lacks to be a BLIP-2 checkpoint, or None."""
    lacking = [name for name in ("config.json", "tokenizer_config.json") if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in ("processor_config.json", "preprocessor_config.json")):
        lacking.append("processor_config.json")
    if not any(folder.glob("*.safetensors")):
        lacking.append("*.safetensors (other forms of weights are not read)")
    if lacking:
        return f"the folder {str(folder)!r} lacks {', '.join(lacking)}: copy the whole checkpoint there"
    try:
        kind = json.loads((folder / "config.json").read_bytes()).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        return f"the folder {str(folder)!r} has a config.json that cannot be read ({error}): copy it anew"
    return None if kind == "blip-2" else f"the folder {str(folder)!r} holds a model of type {kind!r}, not 'blip-2'"


def _is_hub_id(source: str) -> bool:
    owner, slash, name = source.partition("/")
    return bool(slash) and all(part and part.replace("-", "").replace(".", "").isidentifier() for part in (owner, name))


def _blindness(model: Blip2ForConditionalGeneration, processor: Blip2Processor) -> str | None:
    """Checkpoints from before these two fields load without complaint, and then caption without the picture."""
    if model.config.image_token_index is None:
        return "has no image_token_index in its config.json, so that the picture would be ignored"
    if processor.num_query_tokens is None:
        return "has no num_query_tokens in its processor_config.json, so that the picture would be ignored"
    return None


def _holes(missing: set[str]) -> str | None:
    """transformers fills missing tensors with random numbers."""
    return f"lacks {len(missing)} tensors of weights, such as {min(missing)}" if missing else None
