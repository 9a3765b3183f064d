"""The command that explains cases: of the workspace, or of a list that names samples of a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.door import AsJson, answer, command, progress, workbench
from core.errors import BadInput
from core.identity import local
from core.training.config import PARTS

if TYPE_CHECKING:
    from core.explanation.case import CaseStudy


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(explain))
    app.command()(command(whatif))


def explain(
    case: Annotated[
        str | None, typer.Argument(help="The id of a case: 'predict --json' and the app's URL say it.")
    ] = None,
    ids: Annotated[Path | None, typer.Option(help="A list of cases, such as those in docs/cases, instead.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder that the list's paths are relative to.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write each case to, as an HTML page and as JSON.")] = None,
    student: Annotated[str | None, typer.Option(help="Name or folder of a student; 'doctor' lists them.")] = None,
    workspace: Annotated[Path | None, typer.Option(help="Folder of the workspace.")] = None,
    as_json: AsJson = False,
) -> None:
    """Explain why a student said what it said: which words, captions and thoughts moved it, and what would flip it."""
    from core.explanation import case as cases  # noqa: PLC0415 - torch is slow to import
    from core.explanation.cases import CaseList  # noqa: PLC0415
    from core.explanation.page import write_json, write_page  # noqa: PLC0415

    if (case is None) == (ids is None):
        raise BadInput("name one case, or a list of them with --ids")
    listed = CaseList.read(ids) if ids else None
    bench = workbench(student=student or (listed.student if listed else None), workspace=workspace)
    predictor = bench.models.student(bench.settings)
    studies: list[CaseStudy] = []
    with progress("explaining", "mentions") as bar:
        if listed:
            root = data or bench.settings.data
            if root is None:
                raise BadInput("name the folder of the corpora with --data or COTPD_DATA")
            rows = listed.rows(root)
            for number, row in enumerate(rows, start=1):
                state = f"case {number} of {len(rows)}"
                studies.append(cases.explain(predictor, row, lambda done, total: bar(done, total, state)))  # noqa: B023
                if out:
                    write_page(studies[-1], None, out / f"{row.sample.id}.html")
                    write_json(studies[-1], out / f"{row.sample.id}.json")
        elif case:
            study = cases.explain_stored(predictor, bench.store, case, lambda done, total: bar(done, total, ""))
            studies.append(study)
            if out:
                write_page(study, bench.picture(study.sample), out / f"{case}.html")
                write_json(study, out / f"{case}.json")
    document: dict[str, Any] = {"cases": [each.model_dump(mode="json") for each in studies]}
    answer(document, as_json=as_json, lines=[line for each in studies for line in _lines(each)])


def whatif(
    case: Annotated[str, typer.Argument(help="A case's id.")],
    without: Annotated[list[str] | None, typer.Option(help=f"Leave out one of: {', '.join(PARTS)}.")] = None,
    text: Annotated[str | None, typer.Option(help="Another tweet.")] = None,
    caption: Annotated[str | None, typer.Option(help="Another caption.")] = None,
    noun: Annotated[str | None, typer.Option(help="Another thought on special words.")] = None,
    sentence: Annotated[str | None, typer.Option(help="Another thought on the sentence.")] = None,
    multimodality: Annotated[str | None, typer.Option(help="Another thought on text and picture.")] = None,
    student: Annotated[str | None, typer.Option(help="Name or folder of a student; 'doctor' lists them.")] = None,
    workspace: Annotated[Path | None, typer.Option(help="Folder of the workspace.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the student again about a case of which something is left out or edited. The try is kept with the case."""
    from core.explanation.case import stored_case  # noqa: PLC0415 - torch is slow to import
    from core.explanation.counterfactuals import answers, ask_again, differences, edit  # noqa: PLC0415
    from core.stored import stored_row  # noqa: PLC0415
    from core.training.sections import parts_of  # noqa: PLC0415

    if unknown := set(without or ()) - set(PARTS):
        raise BadInput(f"{min(unknown)!r} is no part of the knowledge view; there are: {', '.join(PARTS)}")
    bench = workbench(student=student, workspace=workspace)
    predictor = bench.models.student(bench.settings)
    row = stored_row(bench.store, stored_case(bench.store, case).sample)
    edited = {"caption": caption, "noun": noun, "sentence": sentence, "multimodality": multimodality}
    told = {**parts_of(row), **{part: words for part, words in edited.items() if words is not None}}
    kept = {part: words for part, words in told.items() if part not in (without or ())}
    changed = edit(row, text if text is not None else row.sample.text, kept)
    tried = ask_again(predictor, bench.store, case, changed, by=local())
    lines = []
    for view, answered in tried.answers.items():
        before = (row.sample, answers(predictor, [row], view)[0])
        found = differences(before, (tried.sample, answered))
        named = [f"{tried.sample.mention(each)} ({each.type} {each.score:.0%})" for each in answered.entities]
        named += [f"{answered.relation.label} {answered.relation.score:.0%}"] if answered.relation else []
        lines.append(f"{view.replace('_', ' ')}: {', '.join(named) or 'nothing'}")
        lines += [f"  {change.sentence}" for change in found] or ["  nothing flips"]
    answer({"id": tried.id, **tried.model_dump(mode="json")}, as_json=as_json, lines=lines)


def _lines(study: "CaseStudy") -> list[str]:
    """A case for people: what was found, and for each mention what gave most to its score."""
    from core.explanation.case import name_of  # noqa: PLC0415 - torch is slow to import

    lines = ["", study.sample.text]
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
