"""Draw the demo pictures that are not photos. Run it from anywhere: `python assets/demo/draw.py`."""

import math
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).parent
SCALE = 2  # everything is drawn twice as large and shrunk, so that edges are smooth

Colour = tuple[int, int, int]


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size * SCALE)


def canvas(width: int, height: int, top: Colour, bottom: Colour) -> Image.Image:
    """A ground that fades from one colour to another."""
    ramp = Image.linear_gradient("L").resize((width * SCALE, height * SCALE))
    return Image.composite(Image.new("RGB", ramp.size, bottom), Image.new("RGB", ramp.size, top), ramp)


def at(*numbers: float) -> list[float]:
    return [number * SCALE for number in numbers]


def centred(draw: ImageDraw.ImageDraw, x: float, y: float, text: str, *, size: int, fill: Colour) -> None:
    draw.text((x * SCALE, y * SCALE), text, font=font(size), fill=fill, anchor="mm", stroke_width=1, stroke_fill=fill)


def glow(picture: Image.Image, x: float, y: float, *, radius: float, colour: Colour, strength: int = 255) -> None:
    """A soft light around a point."""
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).ellipse(at(x - radius, y - radius, x + radius, y + radius), fill=strength)
    mask = mask.filter(ImageFilter.GaussianBlur(radius * SCALE / 2))
    picture.paste(Image.new("RGB", picture.size, colour), mask=mask)


def save(picture: Image.Image, name: str) -> None:
    picture.resize((picture.width // SCALE, picture.height // SCALE), Image.Resampling.LANCZOS).save(
        HERE / name, quality=88, optimize=True
    )


def scoreboard() -> None:
    """An arena's scoreboard over the stands."""
    picture = canvas(880, 560, (16, 18, 34), (44, 30, 44))
    chance = random.Random(6)  # noqa: S311 - a crowd, not a secret
    draw = ImageDraw.Draw(picture)
    for row in range(15):
        y = 430 + row * 9
        for seat in range(110):
            x = seat * 8 + (row % 2) * 4 + chance.uniform(-1, 1)
            shade = chance.choice([(196, 160, 60), (60, 84, 160), (150, 130, 120), (90, 70, 66), (210, 205, 200)])
            dim = 0.35 + row * 0.035
            draw.ellipse(at(x, y, x + 6, y + 7), fill=tuple(int(level * dim) for level in shade))
    for x in (90, 300, 580, 790):
        glow(picture, x, 24, radius=26, colour=(255, 244, 214))
    draw = ImageDraw.Draw(picture)
    for x in (250, 630):
        draw.line(at(x, 0, x, 80), fill=(90, 92, 104), width=8)
    draw.rounded_rectangle(at(110, 74, 770, 404), 18 * SCALE, fill=(10, 10, 14), outline=(120, 124, 138), width=10)
    centred(draw, 440, 122, "NBA FINALS", size=54, fill=(255, 214, 72))
    centred(draw, 440, 176, "GAME 6", size=38, fill=(240, 240, 244))
    for x, team, points in ((260, "WARRIORS", "103"), (620, "CELTICS", "90")):
        centred(draw, x, 234, team, size=36, fill=(240, 240, 244))
        draw.rounded_rectangle(at(x - 92, 266, x + 92, 374), 8 * SCALE, fill=(34, 12, 12))
        centred(draw, x, 318, points, size=92, fill=(255, 74, 54))
    centred(draw, 440, 300, "FINAL", size=28, fill=(120, 220, 120))
    centred(draw, 440, 344, "0:00", size=38, fill=(120, 220, 120))
    save(picture, "scoreboard.jpg")


def concert_poster() -> None:
    """A poster for an evening at a concert hall: a sun of stripes behind a guitar."""
    picture = canvas(620, 860, (250, 226, 176), (244, 150, 96))
    draw = ImageDraw.Draw(picture)
    x, y = 310, 374
    for ray in range(0, 360, 20):
        corners = [
            (x, y),
            *((x + 700 * math.cos(math.radians(a)), y + 700 * math.sin(math.radians(a))) for a in (ray, ray + 10)),
        ]
        draw.polygon([(px * SCALE, py * SCALE) for px, py in corners], fill=(246, 190, 118))
    draw.ellipse(at(x - 190, y - 190, x + 190, y + 190), fill=(206, 60, 48))
    guitar(draw, x, y)
    draw.rectangle(at(0, 590, 620, 860), fill=(34, 26, 44))
    draw.rectangle(at(0, 584, 620, 592), fill=(206, 60, 48))
    centred(draw, 310, 56, "LIVE TONIGHT", size=44, fill=(34, 26, 44))
    centred(draw, 310, 650, "NORAH JONES", size=72, fill=(250, 226, 176))
    centred(draw, 310, 724, "ROYAL ALBERT HALL", size=42, fill=(246, 170, 96))
    centred(draw, 310, 776, "LONDON", size=34, fill=(250, 226, 176))
    centred(draw, 310, 822, "DOORS 7 PM", size=24, fill=(200, 186, 190))
    save(picture, "concert.jpg")


def guitar(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
    """An upright acoustic guitar; (x, y) is the middle of its waist."""
    wood, dark, light = (196, 122, 58), (62, 34, 26), (250, 226, 176)
    for radius, below in ((84, 92), (62, -6)):
        draw.ellipse(at(x - radius, y + below - radius, x + radius, y + below + radius), fill=dark)
    for radius, below in ((78, 92), (56, -6)):
        draw.ellipse(at(x - radius, y + below - radius, x + radius, y + below + radius), fill=wood)
    draw.rectangle(at(x - 44, y + 10, x + 44, y + 66), fill=wood)
    draw.ellipse(at(x - 26, y + 22, x + 26, y + 74), fill=dark)
    draw.rectangle(at(x - 11, y - 210, x + 11, y + 30), fill=dark)
    draw.polygon(at(x - 18, y - 262, x + 18, y - 262, x + 13, y - 206, x - 13, y - 206), fill=dark)
    draw.rectangle(at(x - 30, y + 112, x + 30, y + 120), fill=dark)
    for string in range(6):
        across = x - 7.5 + string * 3
        draw.line(at(across, y - 206, across, y + 114), fill=light, width=2)
    for peg in range(3):
        for side in (-1, 1):
            px, py = x + side * 22, y - 250 + peg * 16
            draw.ellipse(at(px - 5, py - 5, px + 5, py + 5), fill=light)


def bowling() -> None:
    """A bowling lane seen from the foul line, the ball on its way, the monitor above."""
    picture = canvas(860, 620, (24, 20, 46), (52, 34, 70))
    draw = ImageDraw.Draw(picture)
    draw.polygon(at(330, 300, 530, 300, 760, 620, 100, 620), fill=(214, 164, 102))
    for board in range(1, 14):
        share = board / 14
        draw.line(at(330 + 200 * share, 300, 100 + 660 * share, 620), fill=(190, 138, 80), width=3)
    for left, right in (((312, 100), (330, 40)), ((530, 760), (548, 820))):
        draw.polygon(at(left[0], 300, right[0], 300, right[1], 620, left[1], 620), fill=(28, 24, 34))
    for lane in range(-3, 4):
        if lane:
            px = 430 + lane * 26
            draw.polygon(at(px - 5, 470, px + 5, 470, px, 448 - (3 - abs(lane)) * 10), fill=(120, 60, 36))
    draw.rectangle(at(318, 176, 542, 300), fill=(12, 10, 18))
    draw.polygon(at(346, 232, 514, 232, 530, 300, 330, 300), fill=(150, 108, 62))
    for row, (y, scale) in enumerate(((246, 0.8), (258, 0.88), (272, 0.96), (288, 1.06))):
        for place in range(4 - row):
            pin(draw, 430 + (place - (3 - row) / 2) * 44, y, scale)
    draw.rounded_rectangle(at(180, 36, 680, 168), 12 * SCALE, fill=(8, 12, 40), outline=(220, 60, 120), width=8)
    centred(draw, 430, 78, "PBA PLAYERS CHAMPIONSHIP", size=31, fill=(255, 236, 140))
    centred(draw, 430, 128, "BELMONTE  279", size=36, fill=(255, 255, 255))
    for x in (70, 790):
        glow(picture, x, 190, radius=46, colour=(220, 60, 120), strength=150)
    ball(picture, 396, 520, 66)
    save(picture, "bowling.jpg")


def pin(draw: ImageDraw.ImageDraw, x: float, y: float, scale: float) -> None:
    """One pin; (x, y) is where it stands."""
    outline = [(0, 5), (8, 9), (26, 13), (38, 10), (50, 5), (58, 6), (66, 4.5), (70, 0)]
    right = [(x + width * scale, y - height * scale) for height, width in outline]
    left = [(2 * x - px, py) for px, py in reversed(right)]
    draw.polygon([(px * SCALE, py * SCALE) for px, py in right + left], fill=(246, 244, 238))
    for height in (47, 52):
        draw.line(at(x - 5 * scale, y - height * scale, x + 5 * scale, y - height * scale), fill=(204, 36, 40), width=5)


def ball(picture: Image.Image, x: float, y: float, radius: float) -> None:
    """A shiny ball with three finger holes and its shadow."""
    draw = ImageDraw.Draw(picture)
    draw.ellipse(at(x - radius, y + radius * 0.72, x + radius * 1.2, y + radius * 1.16), fill=(146, 104, 62))
    steps = 40
    for step in range(steps):
        share = step / steps
        r, shift = radius * (1 - share), radius * 0.34 * share
        colour = (int(20 + 70 * share), int(40 + 110 * share), int(120 + 120 * share))
        draw.ellipse(at(x - shift - r, y - shift - r, x - shift + r, y - shift + r), fill=colour)
    for hx, hy in ((8, -34), (30, -26), (16, -8)):
        draw.ellipse(at(x + hx - 7, y + hy - 8, x + hx + 7, y + hy + 8), fill=(10, 14, 40))


if __name__ == "__main__":
    scoreboard()
    concert_poster()
    bowling()
