"""The command that writes a corpus as a student can read it: over-long knowledge is summarised first."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core import corpora
from core.cli.asking import LimitOptions, lines_of, price_within, watch
from core.cli.cases import Limit, SampleOptions, Split, Teacher, Workspace
from core.cli.door import AsJson, answer, command, say, workbench
from core.domain import Task

if TYPE_CHECKING:
    from core.student.views import ViewBuilder
    from core.workbench import Workbench

Student = Annotated[str | None, typer.Option(help="A trained student, or the TOML file of a training to come.")]


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(fit))


def fit(
    *,
    corpus: Annotated[str, typer.Option(help="An imported corpus whose knowledge is in the workspace.")],
    path: Annotated[Path, typer.Option(help="The JSONL file to write, to train on.")],
    split: Split = "all",
    limit: Limit = None,
    student: Student = None,
    teacher: Teacher = None,
    within: LimitOptions,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Write a corpus with captions and thoughts to train on; what is too long for the student, the teacher summarises.

    Summaries are kept: the same command goes on where it was stopped. Without one, the thoughts stand as they are.
    """
    from core.asking import Engine, Job  # noqa: PLC0415 - openai is slow to import
    from core.summaries import Fitting  # noqa: PLC0415 - torch is slow to import

    training = Path(student) if student and student.endswith(".toml") else None
    bench = workbench(teacher=teacher, workspace=workspace)
    samples = [case.sample for case in SampleOptions(corpus, split, limit).cases(bench)]
    mind = bench.models.teacher(bench.settings)
    work = Fitting(bench.store, mind, _views(bench, training, student, samples[0].task), samples)
    missing = len(work.missing())
    price = price_within(bench, within.budget)
    engine = Engine(mind, bench.store, within.of(mind), price, planned=missing)
    tally = watch(Job(engine, work.conversations()), "summaries")
    rows = work.rows()
    corpora.find("jsonl").write(rows, path)
    summarised = sum("summary" in row.knowledge for row in rows)
    document = {
        "path": str(path),
        "samples": len(rows),
        "overlong": work.overlong,
        "summarised": summarised,
        "problems": [asdict(failure) for failure in tally.failures],
        "report": tally.report(),
    }
    told = f"{len(rows):,} samples are in {path}; {work.overlong:,} had too much knowledge, {summarised:,} a summary."
    answer(document, as_json=as_json, lines=[told])
    say(*lines_of(tally), *(failure.problem for failure in tally.failures[:5]))
    if tally.failures or tally.stopped:
        raise SystemExit(1)


def _views(bench: "Workbench", training: Path | None, student: str | None, task: Task) -> "ViewBuilder":
    """How a trained student, or one that is to be trained, reads its rows."""
    if training is None:
        return bench.student(task, student).views
    from core.student import files  # noqa: PLC0415 - torch is slow to import
    from core.student.config import StudentConfig  # noqa: PLC0415 - likewise
    from core.training.config import TrainConfig  # noqa: PLC0415 - likewise

    options = TrainConfig.read(training).student
    _, views = files.new(StudentConfig(**options.model_dump(), labels=("O",)))
    return views
