"""Commands that ask models about samples: caption, think, augment. A second run asks nothing that is in the store."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from PIL import Image

from core import images
from core.cli.door import AsJson, answer, command, progress, stderr, workbench
from core.domain import AugmentationKind, Record, Sample
from core.errors import BadInput, CotpdError, StoreError, Unavailable

if TYPE_CHECKING:
    from core.workbench import Workbench

Corpus = Annotated[str | None, typer.Option(help="An imported corpus, e.g. demo; see import.")]
Split = Annotated[str, typer.Option(help="The corpus' split, e.g. train.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only its first samples.")]
Text = Annotated[str | None, typer.Option(help="One tweet, instead of a corpus.")]
Picture = Annotated[Path | None, typer.Option("--image", help="The tweet's picture.")]
Pictures = Annotated[Path | None, typer.Option("--images", help="Folder of the corpus' pictures, named by image id.")]
Captioner = Annotated[str | None, typer.Option(help="Who describes pictures; 'doctor' lists them.")]
Teacher = Annotated[str | None, typer.Option(help="Who explains; 'doctor' lists them.")]
Workspace = Annotated[Path | None, typer.Option(help="Folder of the workspace.")]


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    for function in (caption, think, augment):
        app.command()(command(function))


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
    cases = _cases(bench, corpus, split, limit, text, image, images_folder)

    def work(case: "_Case") -> list[Record]:
        if case.picture is None:
            raise BadInput("it has no picture here; name the folder of the pictures with --images")
        return [bench.caption(case.sample, case.picture())]

    _run("captions", cases, work, as_json)


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

    def work(case: "_Case") -> list[Record]:
        kept = [] if captioner else bench.store.captions(case.sample.id)
        described = kept[0] if kept else None
        if described is None and case.picture:
            described = bench.caption(case.sample, case.picture())
        thoughts: list[Record] = []
        for dialogue in bench.dialogues(case.sample):
            for grain in dialogue.grains:
                if grain != "multimodality" or described:
                    thoughts.append(bench.think(dialogue, grain, described if grain == "multimodality" else None))
        return thoughts

    _run("thoughts", _cases(bench, corpus, split, limit, text, image, None), work, as_json)


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

    def work(case: "_Case") -> list[Record]:
        return [bench.augment(each, case.sample, bench.entities(case.sample)) for each in kinds]

    _run("variants", _cases(bench, corpus, split, limit, text, image, None), work, as_json)


@dataclass(frozen=True)
class _Case:
    sample: Sample
    picture: Callable[[], Image.Image] | None


def _cases(
    bench: "Workbench",
    corpus: str | None,
    split: str,
    limit: int | None,
    text: str | None,
    image: Path | None,
    folder: Path | None,
) -> list[_Case]:
    """The samples that a command is about: one tweet, or a split of a corpus."""
    if (text is None) == (corpus is None):
        raise BadInput("name either one tweet with --text or an imported corpus with --corpus")
    if text is not None:
        sample, picture = bench.sample(text, images.read(image) if image else None)
        return [_Case(sample, (lambda: picture) if picture else None)]
    samples = bench.store.samples(str(corpus), split)[:limit]
    if not samples:
        known = ", ".join(f"{name}/{part}" for name, part in bench.store.corpora()) or "none yet"
        raise BadInput(f"no corpus {corpus}/{split} is in the workspace; there are: {known}")
    return [_Case(sample, _picture(bench, sample, folder)) for sample in samples]


def _picture(bench: "Workbench", sample: Sample, folder: Path | None) -> Callable[[], Image.Image] | None:
    path = bench.store.image(sample.image) if sample.image else None
    if path is None and folder and sample.image:
        name = sample.image if Path(sample.image).suffix else f"{sample.image}.jpg"
        path = folder / Path(name).name
    return (lambda: images.read(path)) if path and path.is_file() else None


def _run(made: str, cases: list[_Case], work: Callable[[_Case], list[Record]], as_json: bool) -> None:
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
