"""What a table's trainings gave, from their `result.json` files: as values for the page, as Markdown for a document."""

import shlex
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import ValidationError

from core.domain import View
from core.domain.record import Value
from core.errors import complaint, first_line
from core.experiments.tables import FOLDER, Table, Training, tables
from core.runs import Result, is_running
from core.training.folder import RESULT

if TYPE_CHECKING:
    from core.training.config import TrainConfig

VIEWS: dict[View, str] = {"without_knowledge": "text alone", "with_knowledge": "with knowledge"}

TEXT_ALONE = "text alone"


class Score(Value):
    """F1 in per cent over the runs of a row: the mean and, of two runs or more, the sample standard deviation."""

    mean: float
    sd: float | None
    runs: int

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Self:
        """The score of one run or more."""
        sd = statistics.stdev(numbers) if len(numbers) > 1 else None
        return cls(mean=statistics.fmean(numbers), sd=sd, runs=len(numbers))

    def __str__(self) -> str:
        return f"{self.mean:.2f}" if self.sd is None else f"{self.mean:.2f} ± {self.sd:.2f} ({self.runs})"


class RunResult(Value):
    """One run: where it lies, how it stands, what it cost, and what is wrong with it.

    `published`: it came with the project, and nobody ran it here.
    """

    seed: int
    folder: Path
    state: Literal["done", "running", "failed", "not run"]
    published: bool = False
    problem: str | None = None
    best_epoch: int | None = None
    seconds: float | None = None
    precision: Literal["bf16", "fp32"] | None = None
    peak_memory_gb: float | None = None


class RowResults(Value):
    """One row: what its students saw and learned from, the scores of its finished runs, and the paper's number.

    `samples` is how many it trains on, where that is limited; `times` how many variants of each at most: 0 without
    augmentation, None where all that there are.

    `view` is the one by whose dev F1 the students were chosen, and beside which the paper's number is shown; None
    before a run is done.
    """

    name: str
    encoder: str
    source: str
    samples: int | None
    times: int | None
    teacher: str
    view: View | None
    dev: Score | None
    tests: dict[str, dict[View, Score]]
    paper: dict[str, float]
    paper_label: str | None
    runs: tuple[RunResult, ...]
    command: str


class Results(Value):
    """A whole table; `tests` are the names of its test sets, and `label_sets` of those with relations the labels'."""

    name: str
    title: str
    tests: tuple[str, ...]
    label_sets: dict[str, str]
    rows: tuple[RowResults, ...]

    @property
    def is_grid(self) -> bool:
        """Whether its rows are numbers of samples, each with numbers of variants, as in the paper's Figure 3."""
        samples = {row.samples for row in self.rows}
        times = {row.times for row in self.rows}
        cells = {(row.samples, row.times) for row in self.rows}
        is_counted = None not in samples | times
        return is_counted and len(cells) == len(self.rows) and min(len(samples), len(times)) > 1


def results(file: Path, home: Path) -> Results:
    """The table of that file, as far as its trainings under `home` are done or, failing that, were published.

    Raises:
        BadInput: the table is broken.
    """
    table = Table.read(file)
    trainings = [
        shipped if shipped.done and not mine.done else mine
        for mine, shipped in zip(table.trainings(home), table.trainings(FOLDER), strict=True)
    ]
    rows = []
    label_sets: dict[str, str] = {}
    for row in table.rows:
        own = [training for training in trainings if training.row == row]
        found = [(training, *_result(training)) for training in own]
        done = [result for _, result, _ in found if result]
        label_sets |= {
            test: scores.label_set
            for result in done
            for test, views in result.tests.items()
            for scores in views.values()
            if scores.label_set
        }
        source, scores = _source(own[0].config, table.sources), _scores(own[0].config.test, done)
        view = done[0].chosen_by if done else None
        if source == TEXT_ALONE and done:  # then both views saw the same
            view = "without_knowledge"
            scores = {test: {view: views[view]} for test, views in scores.items() if view in views}
        rows.append(
            RowResults(
                name=row.name,
                encoder=own[0].config.student.encoder,
                source=source,
                samples=own[0].config.train.limit,
                times=own[0].config.augment.times if own[0].config.augment else 0,
                teacher=_teacher(own[0]),
                view=view,
                dev=Score.of([result.best_dev_f1 for result in done]) if done else None,
                tests=scores,
                paper=row.paper,
                paper_label=row.paper_label,
                runs=tuple(_run(*each) for each in found),
                command=_command(file, row.name),
            )
        )
    tests = dict.fromkeys(test for training in trainings for test in training.config.test)
    return Results(name=table.name, title=table.title, tests=tuple(tests), label_sets=label_sets, rows=tuple(rows))


def markdown(table: Results) -> str:
    """The table for a document: scores, then what each row cost and the command that runs it."""
    columns = ["row", "encoder", "knowledge", "dev F1"]
    columns += [f"{test}: {name}" for test in table.tests for name in VIEWS.values()]
    papers = [test for test in table.tests if any(test in row.paper for row in table.rows)]
    columns += [f"{test}: paper" for test in papers]
    scores = []
    for row in table.rows:
        cells = [row.name, row.encoder, row.source, standing(row)]
        cells += [_cell(row, test, view) for test in table.tests for view in VIEWS]
        cells += [f"{row.paper[test]:.2f} ({row.paper_label})" if test in row.paper else "" for test in papers]
        scores.append(cells)
    costs = [[row.name, _seeds(row), row.teacher, *_cost(row), f"`{row.command}`"] for row in table.rows]
    return "\n\n".join(
        [
            f"### {table.title}",
            "F1 in per cent; of several seeds: mean ± sample standard deviation (seeds). **Bold**: the view by whose "
            f"dev F1 the student was chosen; the paper's number stands beside it.{scale(table)}",
            _grid(columns, scores),
            _grid(["row", "seeds", "teacher", "seconds a run", "trained in", "peak memory", "command"], costs),
        ]
    )


def scale(table: Results) -> str:
    """What F1 is of where it is of relations, as a sentence; else nothing."""
    told = (f"{test}'s are {name}" for test, name in table.label_sets.items())
    return f' Relations but "None" count: {", ".join(told)}.' if table.label_sets else ""


def _result(training: Training) -> tuple[Result | None, str | None]:
    """What a training came to, or why that is not known."""
    if not training.done:
        return None, training.problem
    path = training.folder / RESULT
    try:
        return Result.model_validate_json(path.read_bytes()), None
    except (OSError, ValidationError) as error:
        reason = complaint(error) if isinstance(error, ValidationError) else first_line(error)
        return None, f"{path} is no result of a training ({reason}); delete its folder to train anew"


def _run(training: Training, result: Result | None, problem: str | None) -> RunResult:
    if result:
        cost = result.model_dump(include={"best_epoch", "seconds", "precision", "peak_memory_gb"})
        published = FOLDER in training.folder.parents
        return RunResult(seed=training.seed, folder=training.folder, state="done", published=published, **cost)
    state: Literal["running", "failed", "not run"] = "failed" if problem else "not run"
    if is_running(training.folder):
        state = "running"
    return RunResult(seed=training.seed, folder=training.folder, state=state, problem=problem)


def _scores(tests: Iterable[str], done: Sequence[Result]) -> dict[str, dict[View, Score]]:
    found: dict[str, dict[View, Score]] = {}
    for test in tests:
        for view in VIEWS:
            numbers = [result.tests[test][view].f1 for result in done if view in result.tests.get(test, {})]
            if numbers:
                found.setdefault(test, {})[view] = Score.of(numbers)
    return found


def _source(config: "TrainConfig", names: dict[str, str]) -> str:
    """What a student's knowledge view held in training, by the names that the table gives to files."""
    split = config.train
    files = [str(split.path)] if split.format == "jsonl" else []  # such a file holds captions and knowledge itself
    files += [str(file) for file in (split.captions, split.knowledge) if file]
    parts = [names.get(file, file) for file in files]
    without = f" without {' and '.join(split.without)}" if split.without else ""
    return ", ".join(parts) + without if parts else TEXT_ALONE


def _teacher(training: Training) -> str:
    config = training.config
    if not config.alpha:
        return "none"
    if config.teacher is None:
        return "joint"
    return f"frozen: {training.teacher or config.teacher}"


def _command(file: Path, row: str) -> str:
    name = file.stem if file in tables() else str(file)
    return shlex.join(["python", "-m", "core", "table", name, "--data", "FOLDER", "--only", row])


def _seeds(row: RowResults) -> str:
    """The seeds of the row's runs, and which of these came with the project."""
    return ", ".join(f"{run.seed} (published)" if run.published else str(run.seed) for run in row.runs)


def standing(row: RowResults) -> str:
    """The dev score, and which of the row's runs it lacks."""
    missing = [f"{run.seed} {run.state}" for run in row.runs if run.state != "done"]
    if not row.dev:
        states = {run.state for run in row.runs}
        return states.pop() if len(states) == 1 else "not run"
    return f"{row.dev}; seed {', '.join(missing)}" if missing else str(row.dev)


def _cell(row: RowResults, test: str, view: View) -> str:
    score = row.tests.get(test, {}).get(view)
    if score is None:
        return ""
    return f"**{score}**" if view == row.view else str(score)


def _cost(row: RowResults) -> tuple[str, str, str]:
    """Mean seconds of a run, the precisions that the runs computed in, and the largest peak of memory."""
    seconds = [run.seconds for run in row.runs if run.seconds is not None]
    memory = [run.peak_memory_gb for run in row.runs if run.peak_memory_gb is not None]
    return (
        f"{statistics.fmean(seconds):,.0f}" if seconds else "",
        ", ".join(sorted({run.precision for run in row.runs if run.precision})),
        f"{max(memory):.2f} GB" if memory else "",
    )


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
