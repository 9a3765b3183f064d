"""A training's student on its test sets: the best epoch's weights, as they were kept."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from core.domain import View
from core.evaluation.views import VIEWS, Example, Scores, label, score
from core.prediction import Predictor
from core.student import files
from core.student.folder import read_config
from core.training import folder
from core.training.config import TrainConfig
from core.training.data import check_labels, read_examples


def score_view(predictor: Predictor, examples: Sequence[Example], view: View) -> Scores:
    """A student's scores on labelled examples, seen in one view."""
    return score(predictor, [example.labels for example in examples], label(predictor, examples, view))


def score_tests(home: Path, tests: Mapping[str, Sequence[Example]], device: torch.device) -> dict[str, Any]:
    """By test set and view, the scores of the student in a training's folder."""
    student, views = files.load(home)
    predictor = Predictor(student.to(device), views, home.name)
    return {
        name: {view: score_view(predictor, examples, view).model_dump() for view in VIEWS}
        for name, examples in tests.items()
    }


def score_again(config: TrainConfig, root: Path, home: Path) -> None:
    """Score a finished training's student on the tests that its configuration names by now.

    Raises:
        BadInput: a test cannot be read, or has a type by another name than training had it; or the student is gone.
    """
    with folder.at_work(home):
        tests = {name: read_examples(split, root, config.student.task) for name, split in config.test.items()}
        known = read_config(home).labels
        for name, examples in tests.items():
            theirs = {label for each in examples for label in each.labels}
            check_labels(f"test.{name}", theirs, known, config.student.task)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        result = json.loads((home / folder.RESULT).read_text())
        folder.write_result(home, {**result, "tests": score_tests(home, tests, device)})
        folder.write_config(home, config)
