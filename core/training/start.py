"""What a training begins with, where it doesn't begin afresh: the weights of a student that was trained before."""

from core.student import files
from core.student.config import StudentOptions
from core.student.model import Student

ALIKE = ("encoder", "layers", "head")
"""What two students must share, for the weights of one to mean anything to the other."""

GENERATOR = ("generator", "prompt_length", "prompt_layers", "prompt_source")


def differences(ours: StudentOptions, theirs: StudentOptions) -> list[str]:
    """The settings for which a student cannot begin with another's weights: none if it can."""
    return [name for name in ALIKE if getattr(ours, name) != getattr(theirs, name)]


def begin(student: Student, trained: Student) -> None:
    """Give a student the weights of a trained one that is alike; a prompt generator of other make stays as it is."""
    same = all(getattr(student.config, name) == getattr(trained.config, name) for name in GENERATOR)
    weights = files.trained_weights(trained)
    shared = {name: value for name, value in weights.items() if same or not name.startswith("generator.")}
    student.load_state_dict(shared, strict=False)
