"""LAVIS' BLIP-2 as a process of its own, in LAVIS' own environment: it imports nothing of this project.

    python _lavis_worker.py ARCHITECTURE TYPE

TYPE is one of LAVIS', or a YAML file in the form of LAVIS' own model configurations. JSON lines go both ways. First
the worker says `{"ready": {…}}`, with what captions depend on. To `{"images": [PNG as base64, …]}` it answers
`{"captions": [text, …]}`. What fails is `{"error": why}`. It ends when its input does, or when its parent is gone.
"""

import base64
import io
import json
import os
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

from PIL import Image

BEAMS = 5
MAX_LENGTH = 30


def main(architecture: str, kind: str) -> None:
    # LAVIS prints, so the channel is a copy of stdout, and what is printed goes to the log.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()

    def say(**message: object) -> None:
        channel.write(json.dumps(message) + "\n")
        channel.flush()

    try:
        captioner = Captioner(architecture, kind)
    except Exception as error:  # whatever LAVIS raises is told
        say(error=_words(error))
        return
    say(ready=captioner.parameters)
    for line in sys.stdin:
        try:
            say(captions=captioner.captions(json.loads(line)["images"]))
        except Exception as error:
            say(error=_words(error))


class Captioner:
    """A model of LAVIS with its preprocessing, on a GPU where there is one."""

    def __init__(self, architecture: str, kind: str) -> None:
        mend_torchvision()
        import torch
        from lavis.common.registry import registry
        from lavis.models import load_model_and_preprocess

        if kind.endswith((".yaml", ".yml")):
            known = registry.get_model_class(architecture).PRETRAINED_MODEL_CONFIG_DICT
            known[kind] = str(Path(kind).resolve())
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model, processors, _ = load_model_and_preprocess(architecture, kind, is_eval=True, device=self._device)
        self._prepare = processors["eval"]
        self.parameters = {
            "runtime": f"salesforce-lavis {version('salesforce-lavis')}",
            "num_beams": BEAMS,
            "max_new_tokens": MAX_LENGTH,
            "prompt": getattr(self._model, "prompt", ""),
            "dtype": "float32" if self._device == "cpu" else "float16",
        }

    def captions(self, pictures: list[str]) -> list[str]:
        """The captions of PNGs as base64, by beam search."""
        decoded = [Image.open(io.BytesIO(base64.b64decode(each))).convert("RGB") for each in pictures]
        batch = self._torch.stack([self._prepare(each) for each in decoded]).to(self._device)
        return [str(text) for text in self._model.generate({"image": batch}, num_beams=BEAMS, max_length=MAX_LENGTH)]


def mend_torchvision() -> None:
    """Beside a torch of another build, torchvision lacks its compiled operators, and even its import asks for two."""
    import torch

    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(library)


_kept: list[object] = []  # an operator is gone as soon as nobody holds its library


def _end_with_parent(parent: int) -> None:
    """Nobody waits for an answer when the parent is gone, whatever LAVIS is busy with."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


if __name__ == "__main__":
    main(*sys.argv[1:])
