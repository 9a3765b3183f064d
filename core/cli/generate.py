"""Commands that ask a teacher about samples: think, augment. A second run asks nothing that is in the store."""

from collections.abc import Callable
from typing import Annotated, Any, get_args

import typer

from core import images
from core.cli.cases import Captioner, Case, Corpus, Limit, Picture, Split, Teacher, Text, Workspace, cases_of
from core.cli.door import AsJson, answer, command, progress, stderr, workbench
from core.domain import AugmentationKind, Record
from core.errors import CotpdError, StoreError, Unavailable


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    for function in (think, augment):
        app.command()(command(function))


def think(
    corpus: Corpus = None,
    split: Split = "all",
    limit: Limit = None,
    text: Text = None,
    image: Picture = None,
    teacher: Teacher = None,
    captioner: Captioner = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Have the teacher explain samples: noun, sentence and, where there is a picture, multimodality."""
    bench = workbench(teacher=teacher, captioner=captioner, workspace=workspace)

    def work(case: Case) -> list[Record]:
        kept = [] if captioner else bench.store.captions(case.sample.id)
        described = kept[0] if kept else None
        if described is None and case.picture:
            described = bench.caption(case.sample, images.read(case.picture))
        thoughts: list[Record] = []
        for dialogue in bench.dialogues(case.sample):
            for grain in dialogue.grains:
                if grain != "multimodality" or described:
                    thoughts.append(bench.think(dialogue, grain, described if grain == "multimodality" else None))
        return thoughts

    _run("thoughts", cases_of(bench, corpus, split, limit, text, image), work, as_json)


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


def _run(made: str, asked: list[Case], work: Callable[[Case], list[Record]], as_json: bool) -> None:
    """Do the work case by case; a case that fails is told at the end and doesn't stop the others."""
    records: list[dict[str, Any]] = []
    problems: list[dict[str, str]] = []
    with progress(made) as bar:
        for done, case in enumerate(asked):
            bar(done, len(asked), f"{len(problems)} failed")
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
        lines=[*lines, f"{len(records):,} {made}, {len(problems):,} of {len(asked):,} samples failed."],
    )
    for problem in problems[:5]:
        stderr.print(f"{problem['text']}: {problem['problem']}", markup=False, soft_wrap=True)
    if problems:
        raise SystemExit(1)
