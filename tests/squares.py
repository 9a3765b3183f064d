"""Pictures that a tiny captioner can learn: coloured squares. Imported by LAVIS' environment too."""

import torch
from PIL import Image

COLOURS = {"red": (220, 40, 30), "green": (30, 180, 50), "blue": (40, 60, 220)}
SIDE = 32


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
