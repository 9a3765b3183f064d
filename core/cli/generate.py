"""The command that puts pictures into words. A second run asks nothing that is in the store."""

from collections.abc import Callable
from typing import Any

import typer

from core.cli.cases import (
    Captioner,
    Case,
    Corpus,
    Limit,
    Picture,
    Pictures,
    Split,
    Text,
    Workspace,
    cases_of,
)
from core.cli.door import AsJson, answer, command, progress, stderr, workbench
from core.domain import Record
from core.errors import BadInput, CotpdError, StoreError, Unavailable


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command()(command(caption))


def caption(
    corpus: Corpus = None,
    split: Split = "all",
    limit: Limit = None,
    images_folder: Pictures = None,
    text: Text = None,
    image: Picture = None,
    captioner: Captioner = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Put pictures into words."""
    bench = workbench(captioner=captioner, workspace=workspace)
    cases = cases_of(bench, corpus, split, limit, text, image, images_folder)

    def work(case: Case) -> list[Record]:
        if case.picture is None:
            raise BadInput("it has no picture here; name the folder of the pictures with --images")
        return [bench.caption(case.sample, case.picture())]

    _run("captions", cases, work, as_json)


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
