"""Pictures from strangers become plain RGB, or are refused in words."""

import random
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from core import images
from core.errors import BadInput


def drawing(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    picture = Image.new("RGB", size, "navy")
    ImageDraw.Draw(picture).ellipse((8, 8, size[0] - 8, size[1] - 8), fill="orange")
    return picture.convert(mode)


def written(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", images.FORMATS)
def test_every_common_format_is_decoded(kind: str) -> None:
    picture = images.decode(written(drawing(), kind), f"a.{kind}")
    assert (picture.mode, picture.size) == ("RGB", (64, 48))
    assert np.allclose(picture.getpixel((32, 24)), (255, 165, 0), atol=8)
    assert np.allclose(picture.getpixel((1, 1)), (0, 0, 128), atol=20)


def test_an_empty_file_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"'cat\.jpg' is empty"):
        images.decode(b"", "cat.jpg")


@pytest.mark.parametrize("data", [b"hello", b"%PDF-1.7", b"<svg/>", b"\x00" * 100, b"GIF89a"])
def test_what_is_not_a_picture_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"'x\.png' is not a picture.*JPEG, PNG"):
        images.decode(data, "x.png")


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA"])
def test_a_format_that_is_not_on_the_list_is_refused(kind: str) -> None:
    with pytest.raises(BadInput, match="not a picture that can be read here"):
        images.decode(written(drawing(), kind), "a")


@pytest.mark.parametrize("kind", images.FORMATS)
def test_a_truncated_image_is_refused_by_name(kind: str) -> None:
    data = written(Image.effect_noise((200, 200), 90).convert("RGB"), kind)
    with pytest.raises(BadInput, match=r"'cut\.img' is (damaged|not a picture)"):
        images.decode(data[: len(data) // 2], "cut.img")


def test_too_many_bytes_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(BadInput, match=r"20\.0 MB; the limit is 20 MB"):
        images.decode(bytes(images.MAX_BYTES + 1), "big.jpg")


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises many pixels in a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


@pytest.mark.parametrize(("width", "height"), [(6400, 6400), (12_000, 12_000), (60_000, 60_000)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(BadInput, match=r"'bomb\.png' has .* pixels; the limit is 40 megapixels"):
        images.decode(png_header(width, height), "bomb.png")


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_shades(kind: str) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, axis=0)
    picture = images.decode(written(Image.fromarray(ramp), kind), "deep")
    assert np.abs(np.asarray(picture)[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_big_endian_sixteen_bit_grey_keeps_its_shades() -> None:
    ramp = np.linspace(0, 65535, 256).astype(">u2")[None].repeat(4, axis=0)
    picture = images.decode(written(Image.fromarray(ramp), "TIFF"), "deep.tif")
    assert np.abs(np.asarray(picture)[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_floating_point_grey_is_spread_over_its_own_range() -> None:
    levels = np.array([[np.nan, -2.0, 0.0, 2.0]], dtype=np.float32)
    picture = images.decode(written(Image.fromarray(levels), "TIFF"), "depth.tif")
    assert np.asarray(picture)[0, :, 0].tolist() == [128, 0, 128, 255]


def test_a_cmyk_jpeg_keeps_its_colours() -> None:
    data = written(Image.new("RGB", (32, 32), (200, 30, 40)).convert("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data  # stored inverted, as Photoshop does
    assert np.allclose(images.decode(data, "print.jpg").getpixel((16, 16)), (200, 30, 40), atol=6)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr"])
def test_every_colour_mode_becomes_rgb(mode: str) -> None:
    kind = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    picture = images.decode(written(drawing(mode), kind), "a")
    assert (picture.mode, picture.size) == ("RGB", (64, 48))
    assert sum(picture.getpixel((32, 24))) > sum(picture.getpixel((1, 1)))


def test_transparency_becomes_white() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert images.decode(written(clear, "PNG"), "a.png").getpixel((1, 1)) == (255, 255, 255)
    half = Image.new("LA", (4, 4), (0, 128))
    assert images.decode(written(half, "PNG"), "a.png").getpixel((1, 1)) == (127, 127, 127)
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([9, 9, 9, 255, 0, 0])
    palette.putpixel((0, 0), 1)
    picture = images.decode(written(palette, "GIF", transparency=0), "a.gif")
    assert [picture.getpixel((0, 0)), picture.getpixel((2, 2))] == [(255, 0, 0), (255, 255, 255)]
    grey = images.decode(written(Image.new("L", (4, 4), 7), "PNG", transparency=7), "a.png")
    assert grey.getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame(kind: str) -> None:
    first, second = (Image.new("RGB", (20, 20), colour) for colour in ("red", "blue"))
    data = written(first, kind, save_all=True, append_images=[second])
    with Image.open(BytesIO(data)) as reread:
        assert reread.n_frames == 2
    assert np.allclose(images.decode(data, "moving").getpixel((10, 10)), (255, 0, 0), atol=4)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_taken_sideways_stands_upright(kind: str, orientation: int) -> None:
    upright = Image.new("RGB", (40, 20), "white")
    upright.paste("red", (0, 0, 10, 10))  # top left
    undo = [
        None,
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.ROTATE_180,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_270,
    ][orientation - 1]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = written(upright if undo is None else upright.transpose(undo), kind, exif=exif)
    picture = images.decode(data, "phone")
    assert picture.size == (40, 20)
    assert np.allclose(picture.getpixel((4, 4)), (255, 0, 0), atol=30)
    assert min(picture.getpixel((36, 16))) > 220


def test_the_longest_side_is_limited_and_the_shape_kept() -> None:
    assert images.decode(written(Image.new("RGB", (5000, 2500)), "PNG"), "wide").size == (2048, 1024)
    assert images.decode(written(Image.new("RGB", (20_000, 1)), "PNG"), "line").size == (2048, 1)


def test_a_single_pixel_is_a_picture() -> None:
    assert images.decode(written(Image.new("RGB", (1, 1), "red"), "PNG"), "dot").getpixel((0, 0)) == (255, 0, 0)


def test_no_metadata_survives() -> None:
    exif = Image.Exif()
    exif[0x010F] = "secret camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = written(drawing(), "JPEG", exif=exif, icc_profile=profile, comment=b"home")
    picture = images.decode(data, "a.jpg")
    assert not picture.info
    assert not picture.getexif()


def hostile_files() -> dict[str, bytes]:
    picture = drawing()
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a text"
    return {
        "jpeg": written(picture, "JPEG", exif=exif),
        "progressive": written(picture, "JPEG", progressive=True),
        "cmyk": written(picture.convert("CMYK"), "JPEG"),
        "png": written(picture, "PNG", exif=exif),
        "palette": written(picture.convert("P"), "PNG", transparency=3),
        "apng": written(picture, "PNG", save_all=True, append_images=[picture.rotate(90)]),
        "gif": written(picture, "GIF", save_all=True, append_images=[picture.rotate(90)]),
        "webp": written(picture, "WEBP", exif=exif),
        "tiff": written(picture, "TIFF", exif=exif),
        "lzw": written(picture, "TIFF", compression="tiff_lzw"),
        "bmp": written(picture, "BMP"),
    }


@pytest.mark.parametrize(("kind", "data"), hostile_files().items(), ids=hostile_files())
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
def test_damaged_bytes_give_a_picture_or_a_refusal_and_nothing_else(kind: str, data: bytes) -> None:
    chance = random.Random(kind)  # noqa: S311 - damage, not secrets
    refused = 0
    for attempt in range(250):
        damaged = bytearray(data[: chance.randrange(1, len(data))] if attempt % 3 == 0 else data)
        for _ in range(chance.randrange(8) if attempt % 3 == 0 else chance.randrange(1, 8)):
            # half of the hits fall on the header, where a format's lies do most harm
            place = chance.randrange(min(len(damaged), 120) if chance.random() < 0.5 else len(damaged))
            damaged[place] = chance.randrange(256)
        try:
            picture = images.decode(bytes(damaged), kind)
        except BadInput:
            refused += 1
        else:
            assert picture.mode == "RGB"
            assert max(picture.size) <= images.MAX_SIDE
    assert refused > 20


def test_a_picture_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(written(drawing(), "PNG"))
    assert images.read(path).size == (64, 48)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no picture at '.*nowhere\.jpg'"):
        images.read(tmp_path / "nowhere.jpg")
    with pytest.raises(BadInput, match="is a folder"):
        images.read(tmp_path)
    with pytest.raises(BadInput, match="is a folder or a device"):
        images.read(Path("/dev/zero"))
    with pytest.raises(BadInput, match=r"cannot be read .*too long"):
        images.read(tmp_path / ("a" * 300))
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(images.MAX_BYTES + 1)
    with pytest.raises(BadInput, match="the limit is 20 MB"):
        images.read(huge)


@pytest.mark.parametrize("name", ["1.jpg", "1", "photo.v2", "../there/1.jpg"])
def test_a_corpus_names_its_pictures_with_and_without_their_ending(tmp_path: Path, name: str) -> None:
    for file in ("1.jpg", "photo.v2.jpg"):
        (tmp_path / file).touch()
    found = images.named(name, tmp_path)
    assert found is not None
    assert found.parent == tmp_path


@pytest.mark.parametrize("name", ["2", "", "..", "a" * 300, "a\0b"])
def test_a_name_that_no_picture_has_is_no_picture(tmp_path: Path, name: str) -> None:
    assert images.named(name, tmp_path) is None
