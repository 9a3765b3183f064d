"""The trained students that there are, told from each other and from what they were before; no weights are loaded."""

from functools import lru_cache
from pathlib import Path

from core.domain import Maker, Task
from core.errors import BadInput, Unavailable
from core.files import fingerprint
from core.settings import ASSETS, Settings
from core.student.folder import CONFIG, WEIGHTS, read_config
from core.student.sources import source


def student_folder(settings: Settings) -> Path:
    """The folder of the student that the settings name; it may not exist."""
    return student_folders(settings).get(settings.student, Path(settings.student))


def student_mark(settings: Settings) -> str:
    """The mark of the student that the settings name, which need not be loaded for it.

    Raises:
        BadInput: there is none, or its weights cannot be read.
    """
    folder = student_folder(settings)
    return f"{folder.name} {weights_of(folder)}"


def mark_of(maker: Maker) -> str:
    """The mark of the student that made a prediction."""
    return " ".join(str(part) for part in (maker.model, maker.parameters.get("weights")) if part)


def weights_of(folder: Path) -> str:
    """The fingerprint of a student's weights.

    Raises:
        BadInput: they are not there, or cannot be read.
    """
    path = folder / WEIGHTS
    try:
        state = path.stat()
    except OSError as error:
        raise BadInput(f"{folder} holds no student: {WEIGHTS}: {error.strerror}") from error
    return _fingerprint(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=32)
def _fingerprint(path: Path, changed: int, size: int) -> str:
    """Looked at again when the file `changed`."""
    return fingerprint(path)


def student_folders(settings: Settings) -> dict[str, Path]:
    """The trained students there are, by name: the shipped ones, then those of the workspace."""
    found = {}
    for home in (ASSETS / "students", settings.workspace / "students"):
        for config in sorted(home.glob(f"*/{CONFIG}")):
            found[config.parent.name] = config.parent
    return found


def task_of(folder: Path) -> Task:
    """What the student in a folder was trained to answer; entities, where that cannot be told, as `unusable` tells."""
    try:
        return read_config(folder).task
    except BadInput:
        return "mner"


def unusable(folder: Path) -> str | None:
    """Why the student in a folder cannot be used here, or None; no weights are loaded."""
    try:
        source(read_config(folder).encoder)
    except (BadInput, Unavailable) as error:
        return str(error)
    if not (folder / WEIGHTS).is_file():
        return f"{folder / WEIGHTS} is missing"
    return None
