"""A zip archive's files, put into a folder: those that are named, and nothing else."""

import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

from core.errors import Unavailable
from core.weights.known import Archive


def is_unpacked(weights: Archive, place: Path) -> bool:
    """Whether all files are in the folder, with their whole size."""
    files = [place / name for name in weights.files]
    return all(file.is_file() for file in files) and sum(file.stat().st_size for file in files) == weights.unpacked


def unpack(weights: Archive, whole: Path, place: Path) -> None:
    """Make the folder `place` out of the archive `whole`, which is removed. The folder appears when it is complete.

    Members are looked up by the names we know and written under those: no path that an archive states is followed.

    Raises:
        Unavailable: the archive is damaged, lacks a file, or would give another number of bytes.
    """
    with tempfile.TemporaryDirectory(dir=whole.parent) as scratch:
        folder = Path(scratch) / "folder"
        folder.mkdir()
        try:
            _extract(weights, whole, folder)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:  # the last: encrypted, or a new form
            whole.unlink()
            reason = str(error) or "it ends too early"
            raise Unavailable(
                f"the archive of {weights.title} cannot be unpacked ({reason}). It was removed; {weights.report}"
            ) from error
        if place.exists():  # files of it were lost
            shutil.rmtree(place)
        folder.replace(place)
    whole.unlink()


def _extract(weights: Archive, whole: Path, folder: Path) -> None:
    with zipfile.ZipFile(whole) as archive:
        held = {member.filename: member for member in archive.infolist()}
        missing = [name for name in weights.files if f"{weights.folder}/{name}" not in held]
        if missing:
            raise zipfile.BadZipFile(f"it lacks {', '.join(missing)}")
        members = {name: held[f"{weights.folder}/{name}"] for name in weights.files}
        size = sum(member.file_size for member in members.values())  # zipfile never reads more than is stated here
        if size != weights.unpacked:
            raise zipfile.BadZipFile(f"its files have {size:,} bytes instead of {weights.unpacked:,}")
        for name, member in members.items():
            with archive.open(member) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
