"""Pictures from strangers: decoded within limits to plain 8-bit RGB, or refused in words."""

import base64
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from core.errors import BadInput

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
MAX_BYTES = 20 * 2**20
MAX_PIXELS = 40_000_000
MAX_SIDE = 2048
SENT_SIDE = 1024
"""Pixels of the longest side of a picture that is sent to an endpoint: more would only cost more tokens."""

_READABLE = "JPEG, PNG, WEBP, GIF, BMP or TIFF"

# Pillow's warning of many pixels would say on stderr what is said in words here, at a lower limit.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def decode(data: bytes, name: str) -> Image.Image:
    """The picture in `data` as people see it: upright, RGB, its longest side at most `MAX_SIDE` pixels.

    Of an animation it is the first frame; what is transparent becomes white. Nothing of the file's metadata (place,
    device, colour profile) is kept. `name` is what the user calls the file; messages quote it.

    Raises:
        BadInput: there are no bytes or too many, they are no picture of a known format, it is too large, or it is
            damaged.
    """
    if not data:
        raise BadInput(f"{name!r} is empty (0 bytes): choose the picture's file again")
    if len(data) > MAX_BYTES:
        raise _too_many_bytes(name, len(data))
    opened = _open(data, name)
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name, f"{width:,} × {height:,} pixels")
    try:
        picture = _as_rgb(ImageOps.exif_transpose(opened))
    except Exception as error:  # hostile bytes make Pillow's decoders raise nearly every built-in type
        raise BadInput(
            f"{name!r} is damaged, cut short or of a rare kind of {opened.format} ({error}): "
            "open it in an image editor and save it again as JPEG or PNG"
        ) from error
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    picture.info.clear()
    return picture


def read(path: Path) -> Image.Image:
    """The picture in a file, as `decode` gives it.

    Raises:
        BadInput: there is no such file, it cannot be read, or `decode` refuses it.
    """
    return decode(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The bytes of a picture's file, for `decode`.

    Raises:
        BadInput: there is no such file, it cannot be read, or it is too large.
    """
    try:
        if not path.exists():
            raise BadInput(f"no picture at {str(path)!r}: check the path")
        if not path.is_file():  # of a device or a pipe there may be no end
            raise BadInput(f"{str(path)!r} is a folder or a device: name the file of one picture")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _too_many_bytes(str(path), size)
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{str(path)!r} cannot be read ({error.strerror}): check its permissions") from error


def named(image: str, folder: Path) -> Path | None:
    """The file of the picture that a corpus calls `image`, where the folder has it; `.jpg` may be left out of the name.

    Nothing that a corpus says leads out of the folder.
    """
    name = Path(image).name
    try:
        return next((file for file in (folder / name, folder / f"{name}.jpg") if name and file.is_file()), None)
    except (OSError, ValueError):  # no name that a file can have
        return None


def data_url(picture: Image.Image) -> str:
    """An RGB picture as endpoints take it: a JPEG in a data URL, its longest side at most `SENT_SIDE` pixels."""
    small = picture.copy()
    small.thumbnail((SENT_SIDE, SENT_SIDE))
    buffer = BytesIO()
    small.save(buffer, format="JPEG", quality=90)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _open(data: bytes, name: str) -> Image.Image:
    """Read the header alone: no pixel is decoded yet."""
    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name, f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels") from error
    except Exception as error:  # hostile headers raise nearly every built-in type
        raise BadInput(f"{name!r} is not a picture that can be read here: give a {_READABLE} file") from error


def _as_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        picture = _in_eight_bits(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture)
    return picture.convert("RGB")


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    """Grey levels of 16 bits by their full range; of 32 bits, integer or float, by the range that is used.

    Pillow's own conversion clips whatever is above 255, which turns such pictures white.
    """
    levels = np.nan_to_num(np.asarray(picture, dtype=np.float32), posinf=0, neginf=0)
    low, high = (0.0, 65535.0) if picture.mode.startswith("I;16") else (float(levels.min()), float(levels.max()))
    scaled = (levels - low) * (255 / (high - low)) if high > low else levels
    return Image.fromarray(scaled.clip(0, 255).round().astype(np.uint8))


def _too_many_bytes(name: str, size: int) -> BadInput:
    return BadInput(
        f"{name!r} has {size / 2**20:.1f} MB; the limit is {MAX_BYTES // 2**20} MB: save it smaller or as JPEG"
    )


def _too_many_pixels(name: str, extent: str) -> BadInput:
    return BadInput(f"{name!r} has {extent}; the limit is {MAX_PIXELS // 10**6} megapixels: shrink it first")
