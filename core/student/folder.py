"""What a trained student's folder holds, as far as it can be told without its weights."""

from pathlib import Path

from pydantic import ValidationError

from core.errors import BadInput, complaint
from core.student.config import StudentConfig

CONFIG = "student.json"
WEIGHTS = "student.safetensors"


def read_config(folder: Path) -> StudentConfig:
    """What kind of student a folder holds.

    Raises:
        BadInput: none, or its description is broken.
    """
    try:
        return StudentConfig.model_validate_json((folder / CONFIG).read_bytes())
    except OSError as error:
        raise BadInput(
            f"{folder} holds no student: {CONFIG}: {error.strerror}; train it first, or name another"
        ) from error
    except ValidationError as error:
        raise BadInput(f"{folder / CONFIG} is broken: {complaint(error)}; train or copy it anew") from error
