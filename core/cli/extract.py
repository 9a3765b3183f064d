"""The command that has a teacher find the entities, or the relation, itself, and scores it."""

from pathlib import Path
from typing import Annotated

import typer

from core import corpora, teachers
from core.cli.door import AsJson, answer, command, progress, say
from core.extraction.answers import open_answers
from core.extraction.asking import Extractor, ask_all
from core.extraction.labels import label_set, task_of
from core.extraction.scoring import Report, report
from core.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(extract))


def extract(
    path: Annotated[Path, typer.Option(help="A labelled split.")],
    out: Annotated[Path, typer.Option(help="The file of the answers; what it holds is not asked again.")],
    form: Annotated[str, typer.Option("--format", help=f"The split's form: {', '.join(corpora.names())}.")] = "twitter",
    captions: Annotated[Path | None, typer.Option(help="Captions of its images.")] = None,
    teacher: Annotated[str | None, typer.Option(help="Who is asked; 'doctor' lists them.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first samples.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Have the teacher find entities or relations itself, and score it. Ctrl-C stops; the same command goes on."""
    settings = Settings.read(teacher=teacher)
    chosen = teachers.find(teachers.choose(settings))
    rows = corpora.find(form).read(path, captions=captions)
    task, labels = task_of(rows), label_set(rows)
    rows = rows[:limit]
    extractor = Extractor(chosen.load(settings), task, labels)
    with open_answers(out) as answers:
        with progress("extracting") as bar:
            failures = ask_all(
                extractor,
                rows,
                answers,
                concurrency=concurrency,
                progress=lambda done, total, failed: bar(done, total, f"{failed} failed"),
            )
        result = report(extractor, rows, answers)
    document = {"path": str(path), "answers": str(out), **result.model_dump()}
    answer(document, as_json=as_json, lines=_lines(path, result))
    say(*list(dict.fromkeys(failures.values()))[:5])
    if failures:
        raise SystemExit(1)


def _lines(path: Path, result: Report) -> list[str]:
    counts, scores = result.counts, result.scores
    lines = [
        f"{result.model}, asked with {result.prompt_version} about {counts.asked:,} samples of {path} ({result.input})",
        f"Labels: {', '.join(result.labels)}",
        f"{counts.parsed:,} answers parsed, {counts.unparsed:,} not parsed, {counts.failed:,} failed.",
    ]
    if result.task == "mner":
        lines.append(
            f"Mentions that count as wrong: {counts.mentions_not_in_text:,} not in the text, "
            f"{counts.mentions_of_unknown_type:,} of a type that was not asked for, "
            f"{counts.mentions_overlapping:,} inside or across another."
        )
    return [*lines, f"P {scores.precision:.2f}  R {scores.recall:.2f}  F1 {scores.f1:.2f}"]
