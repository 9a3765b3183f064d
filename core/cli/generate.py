"""The command that has a teacher make new samples. A second run asks nothing that is in the store."""

from collections.abc import Callable
from typing import Annotated, Any, get_args

import typer

from core.cli.cases import Case, Corpus, Limit, Picture, Split, Teacher, Text, Workspace, cases_of
from core.cli.door import AsJson, answer, command, progress, stderr, workbench
from core.domain import AugmentationKind, Record
from core.errors import CotpdError, StoreError, Unavailable


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(augment))


def augment(
    corpus: Corpus = None,
    split: Split = "all",
    limit: Limit = None,
    text: Text = None,
    image: Picture = None,
    kind: Annotated[AugmentationKind | None, typer.Option(help="Only this kind; else all three.")] = None,
    teacher: Teacher = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Have the teacher make new samples: in another style, with another entity, with an imagined picture."""
    bench = workbench(teacher=teacher, workspace=workspace)
    kinds: tuple[AugmentationKind, ...] = (kind,) if kind else get_args(AugmentationKind)

    def work(case: Case) -> list[Record]:
        return [bench.augment(each, case.sample, bench.entities(case.sample)) for each in kinds]

    _run("variants", cases_of(bench, corpus, split, limit, text, image), work, as_json)


def _run(made: str, cases: list[Case], work: Callable[[Case], list[Record]], as_json: bool) -> None:
    """Do the work case by case; a case that fails is told at the end and doesn't stop the others."""
    records: list[dict[str, Any]] = []
    problems: list[dict[str, str]] = []
    with progress(made) as bar:
        for done, case in enumerate(cases):
            bar(done, len(cases), f"{len(problems)} failed")
            try:
                records += [{"id": record.id, **record.model_dump(mode="json")} for record in work(case)]
            except (Unavailable, StoreError):
                raise  # these would fail for every case
            except CotpdError as error:
                problems.append({"sample": case.sample.id, "text": case.sample.text, "problem": str(error)})
    document = {made: records, "problems": problems}
    lines = [
        f"{record.get('grain') or record.get('kind') or ''} {record.get('text') or record.get('answer')}".strip()
        for record in records
    ]
    answer(
        document,
        as_json=as_json,
        lines=[*lines, f"{len(records):,} {made}, {len(problems):,} of {len(cases):,} samples failed."],
    )
    for problem in problems[:5]:
        stderr.print(f"{problem['text']}: {problem['problem']}", markup=False, soft_wrap=True)
    if problems:
        raise SystemExit(1)
