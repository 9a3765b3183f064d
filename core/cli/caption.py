"""The command that puts the pictures of a corpus into words. A second run asks nothing that is in the store."""

from typing import Annotated

import typer

from core import captioning
from core.cli.cases import Captioner, Pictures, SampleOptions, Workspace
from core.cli.door import AsJson, answer, command, progress, say, workbench

NOT_HERE = "its picture is not here; name the folder of the pictures with --images"

Engine = Annotated[str, typer.Option(help=f"Where captioners run: {', '.join(captioning.names())}.")]


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(caption))


def caption(
    *,
    about: SampleOptions,
    pictures: Pictures = None,
    captioner: Captioner = None,
    engine: Engine = "local",
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Put pictures into words. Ctrl-C stops; the same command goes on."""
    bench = workbench(captioner=captioner, workspace=workspace)
    file = captioning.find(engine)
    asked = about.cases(bench, pictures)
    problems = {case.sample.id: NOT_HERE for case in asked if case.sample.image and case.picture is None}
    with progress("captions") as bar, file.running(bench.settings) as running:
        report = captioning.caption_all(
            bench.store,
            running,
            [(case.sample, case.picture) for case in asked if case.picture],
            lambda done, total, failed: bar(done, total, f"{failed} failed"),
        )
    problems |= report.failures
    made = [report.captions[case.sample.id] for case in asked if case.sample.id in report.captions]
    failed = [case.sample for case in asked if case.sample.id in problems]
    document = {
        "captions": [{"id": each.id, **each.model_dump(mode="json")} for each in made],
        "problems": [{"sample": each.id, "text": each.text, "problem": problems[each.id]} for each in failed],
    }
    lines = [each.text for each in made]
    lines.append(f"{len(made):,} captions, {report.kept:,} of them kept before.")
    pictured = sum(bool(case.sample.image) for case in asked)
    lines.append(f"{len(failed):,} of {pictured:,} samples with a picture failed; {len(asked) - pictured:,} have none.")
    answer(document, as_json=as_json, lines=lines)
    say(*(f"{each.text}: {problems[each.id]}" for each in failed[:5]))
    if problems:
        raise SystemExit(1)
