"""Whether a rewrite is still in the tweet's language: a translation keeps the names, so projection would not notice."""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from threading import Lock, Thread

from py3langid.langid import MODEL_FILE, LanguageIdentifier

SURE = 0.8
"""The least probability of a language that a text is said to be in."""

# Those of the Latin script that tweets are mostly written in: among all, a tweet of names is taken for a rare one.
_LANGUAGES = (
    "en",
    "es",
    "fr",
    "de",
    "it",
    "pt",
    "nl",
    "pl",
    "tr",
    "sv",
    "da",
    "no",
    "fi",
    "cs",
    "ro",
    "hu",
    "id",
    "vi",
    "tl",
)
_NO_PROSE = re.compile(r"https?://\S+|[@#]\s?\w+")


def prepare() -> None:
    """Begin to read the model of languages, beside what else is done: that takes a second, and answers would wait."""
    Thread(target=_identifier, daemon=True, name="languages").start()


def is_other_language(rewrite: str, tweet: str) -> bool:
    """Whether a rewrite is written in another script than the tweet, or surely in another language."""
    scripts = _script(tweet), _script(rewrite)
    if None in scripts:
        return False
    if scripts[0] != scripts[1]:
        return True
    if scripts[0] != "LATIN":
        return False
    language, probability = _most_likely(rewrite)
    return probability >= SURE and dict(_ranked(tweet))[language] < 1 - SURE


def _script(text: str) -> str | None:
    """The writing system of most letters, or None where there are under three."""
    scripts = Counter(unicodedata.name(sign, "?").split()[0] for sign in text if sign.isalpha())
    return scripts.most_common(1)[0][0] if scripts.total() >= 3 else None


def _most_likely(text: str) -> tuple[str, float]:
    return _ranked(text)[0]


def _ranked(text: str) -> list[tuple[str, float]]:
    """Languages with their probabilities, the likeliest first."""
    ranked: list[tuple[str, float]] = _identifier().rank(_NO_PROSE.sub(" ", text))
    return ranked


_reading = Lock()


def _identifier() -> LanguageIdentifier:
    with _reading:
        return _read()


@lru_cache(maxsize=1)
def _read() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES)
    return identifier
