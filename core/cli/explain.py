"""Commands on cases: explain those of the workspace or of a list, ask what if, and keep a note."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from PIL import Image

from core.cli.cases import Workspace, data_folder, ends_of
from core.cli.door import AsJson, answer, command, progress, workbench
from core.domain import Counterfactual, Task
from core.errors import BadInput
from core.identity import local
from core.review import remark
from core.settings import Settings
from core.store import Store
from core.stored import stored_case, stored_row
from core.training.config import PARTS

if TYPE_CHECKING:
    from core.explanation.case import CaseStudy


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command("cases")(command(list_cases))
    app.command()(command(explain))
    app.command()(command(whatif))
    app.command()(command(note))


def list_cases(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    text: Annotated[str, typer.Option(help="A part of the tweet's words.")] = "",
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """List what was studied in the workspace, the latest first, with the ids that 'explain' and 'whatif' take."""
    studied = Store(Settings.read(workspace=workspace).workspace).recent(limit=limit, text=text)
    document = [
        {"id": each.sample.id, "at": each.at.isoformat(), "text": each.sample.text, **ends_of(each.sample)}
        for each in studied
    ]
    lines = [f"{each.sample.id}  {each.at:%Y-%m-%d %H:%M} UTC  {each.sample.subject}" for each in studied]
    answer(
        {"cases": document},
        as_json=as_json,
        lines=lines or ["There is none." if text else "Nothing has been studied yet."],
    )


def explain(
    case: Annotated[
        str | None, typer.Argument(help="The id of a case: 'predict --json' and the app's URL say it.")
    ] = None,
    ids: Annotated[Path | None, typer.Option(help="A list of cases, such as those in docs/cases, instead.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder that the list's paths are relative to.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write each case to, as an HTML page and as JSON.")] = None,
    student: Annotated[str | None, typer.Option(help="Name or folder of a student; 'doctor' lists them.")] = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Explain why a student said what it said: which words, captions and thoughts moved it, and what would flip it.

    Ctrl-C stops; the same command goes on: cases of a list that stand in the folder are not explained again.
    """
    from core.explanation import case as cases  # noqa: PLC0415 - torch is slow to import
    from core.explanation.cases import CaseList  # noqa: PLC0415

    if (case is None) == (ids is None):
        raise BadInput("name one case, or a list of them with --ids")
    listed = CaseList.read(ids) if ids else None
    bench = workbench(workspace=workspace)
    rows = listed.rows(data_folder(data, bench.settings)) if listed else []
    samples = [stored_case(bench.store, case).sample] if case else [row.sample for row in rows]
    task: Task = next((sample.task for sample in samples), "mner")
    predictor = bench.student(task, student or (listed.student if listed else None))
    studies: list[CaseStudy] = []
    written: list[str] = []
    with progress("explaining", "mentions") as bar:
        if listed:
            for number, row in enumerate(rows, start=1):
                if out and _document(out, row.sample.id).exists():
                    written.append(row.sample.id)
                    continue
                state = f"case {number} of {len(rows)}"
                studies.append(cases.explain(predictor, row, lambda done, total: bar(done, total, state)))  # noqa: B023
                if out:
                    _write(studies[-1], None, out)
        elif case:
            study = cases.explain_stored(predictor, bench.store, case, lambda done, total: bar(done, total, ""))
            studies.append(study)
            if out:
                _write(study, bench.picture(study.sample), out)
    document: dict[str, Any] = {"cases": [each.model_dump(mode="json") for each in studies], "written_before": written}
    lines = [line for each in studies for line in _lines(each)]
    if written:
        lines.append(f"{len(written)} of the cases stood in {out} before; delete them there to explain them again.")
    answer(document, as_json=as_json, lines=lines)


def whatif(
    case: Annotated[str, typer.Argument(help="A case's id.")],
    without: Annotated[list[str] | None, typer.Option(help=f"Leave out one of: {', '.join(PARTS)}.")] = None,
    text: Annotated[str | None, typer.Option(help="Another tweet.")] = None,
    caption: Annotated[str | None, typer.Option(help="Another caption.")] = None,
    noun: Annotated[str | None, typer.Option(help="Another thought on special words.")] = None,
    sentence: Annotated[str | None, typer.Option(help="Another thought on the sentence.")] = None,
    multimodality: Annotated[str | None, typer.Option(help="Another thought on text and picture.")] = None,
    entities: Annotated[str | None, typer.Option(help="Of published knowledge: another list of entities.")] = None,
    reasoning: Annotated[str | None, typer.Option(help="Its other half, which begins with 'Reasoning:'.")] = None,
    after: Annotated[str | None, typer.Option(help="The id of a try to change further; else the case is.")] = None,
    student: Annotated[str | None, typer.Option(help="Name or folder of a student; 'doctor' lists them.")] = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Ask the student again about a case of which something is left out or edited. The try is kept with the case."""
    from core.explanation.counterfactuals import (  # noqa: PLC0415 - torch is slow to import
        answers,
        ask_again,
        differences,
        edit,
        row_of,
    )
    from core.training.sections import parts_of  # noqa: PLC0415

    if unknown := set(without or ()) - set(PARTS):
        raise BadInput(f"{min(unknown)!r} is no part of the knowledge view; there are: {', '.join(PARTS)}")
    bench = workbench(workspace=workspace)
    studied = stored_case(bench.store, case).sample
    predictor = bench.student(studied.task, student)
    parent = _try(bench.store, case, after) if after else None
    row = row_of(parent) if parent else stored_row(bench.store, studied, predictor.name)
    edited = {"caption": caption, "noun": noun, "sentence": sentence, "multimodality": multimodality}
    edited |= {"entities": entities, "reasoning": reasoning}
    told = {**parts_of(row), **{part: words for part, words in edited.items() if words is not None}}
    kept = {part: words for part, words in told.items() if part not in (without or ())}
    changed = edit(row, text if text is not None else row.sample.text, kept)
    tried = ask_again(predictor, bench.store, case, changed, parent, by=local())
    lines = []
    for view, answered in tried.answers.items():
        before = (row.sample, answers(predictor, [row], view)[0])
        found = differences(before, (tried.sample, answered))
        named = [f"{tried.sample.mention(each)} ({each.type} {each.score:.0%})" for each in answered.entities]
        named += [f"{answered.relation.label} {answered.relation.score:.0%}"] if answered.relation else []
        lines.append(f"{view.replace('_', ' ')}: {', '.join(named) or 'nothing'}")
        lines += [f"  {change.sentence}" for change in found] or ["  nothing flips"]
    answer({"id": tried.id, **tried.model_dump(mode="json")}, as_json=as_json, lines=lines)


def note(
    case: Annotated[str, typer.Argument(help="A case's id.")],
    text: Annotated[str, typer.Argument(help="What is to be remarked on it.")],
    author: Annotated[str, typer.Option(help="Who remarks: kept with the note.")],
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Keep a note on a case: the page and every later export of it show it."""
    store = Store(Settings.read(workspace=workspace).workspace)
    stored_case(store, case)
    kept = remark(store, case, text, by=local(author))
    answer(kept.model_dump(mode="json"), as_json=as_json, lines=[f"Kept on case {case}, by {kept.author}."])


def _try(store: Store, case: str, after: str) -> Counterfactual:
    tried = {each.id: each for each in store.counterfactuals(case)}
    if after not in tried:
        raise BadInput(f"there is no try {after!r} on case {case!r}; there are: {', '.join(tried) or 'none yet'}")
    return tried[after]


def _document(out: Path, case: str) -> Path:
    return out / f"{case}.json"


def _write(study: "CaseStudy", picture: Image.Image | None, out: Path) -> None:
    """The page, then the JSON: where that stands, both are whole."""
    from core.explanation.page import write_json, write_page  # noqa: PLC0415 - torch is slow to import

    write_page(study, picture, out / f"{study.sample.id}.html")
    write_json(study, _document(out, study.sample.id))


def _lines(study: "CaseStudy") -> list[str]:
    """A case for people: what was found, and for each mention what gave most to its score."""
    from core.explanation.case import name_of  # noqa: PLC0415 - torch is slow to import

    lines = ["", study.sample.subject]
    for view, found in study.answers.items():
        named = [f"{name_of(study.sample, each)} {each.score:.0%}" for each in found.entities]
        named += [f"{found.relation.label} {found.relation.score:.0%}"] if found.relation else []
        lines.append(f"{view.replace('_', ' ')}: {', '.join(named) or 'nothing'}")
    lines += [f"{each.change.sentence} ({each.effect or 'no gold'})" for each in study.differences]
    for each in study.explained:
        for reason in each.reasons:
            shares = sorted(
                zip(reason.attribution.units, reason.attribution.values, strict=True), key=lambda pair: -abs(pair[1])
            )
            best = ", ".join(f"{unit.text} ({unit.part}) {value:+.2f}" for unit, value in shares[:5])
            score = f"score {reason.attribution.score:+.2f}"
            lines.append(f"  {name_of(study.sample, each.target)} {reason.view.replace('_', ' ')}, {score}: {best}")
        if each.flips:
            sets = " or ".join(" and ".join(flip.without) for flip in each.flips)
            lines.append(f"  {name_of(study.sample, each.target)} flips without {sets}")
    return lines
