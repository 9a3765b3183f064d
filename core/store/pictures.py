"""Pictures kept under the SHA-256 of their bytes, so that each is kept once and its name vouches for it."""

import hashlib
import re
from io import BytesIO
from pathlib import Path

from PIL import Image

from core.errors import StoreError
from core.files import replacing

_SHA256 = re.compile(r"[0-9a-f]{64}")


def save(folder: Path, image: Image.Image) -> str:
    """Keep an RGB image and give its name. It is PNG, so models see the same pixels now and ever after.

    Only pixels are kept: no EXIF, place, or comment.

    Raises:
        StoreError: the folder cannot be written.
    """
    buffer = BytesIO()
    pixels = Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())
    pixels.save(buffer, format="PNG", compress_level=1)
    content = buffer.getvalue()
    name = hashlib.sha256(content).hexdigest()
    file = folder / f"{name}.png"
    if not file.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(file) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            raise StoreError(f"the picture cannot be kept in {folder} ({error.strerror}); make it writable") from error
    return name


def find(folder: Path, name: str) -> Path | None:
    """The file of a picture, or None where `name` is none of ours: a corpus' own image id, or hostile."""
    file = folder / f"{name}.png"
    return file if _SHA256.fullmatch(name) and file.is_file() else None
