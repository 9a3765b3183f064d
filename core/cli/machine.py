"""Commands on this machine: what can be used here, and getting what is missing."""

from typing import Annotated, get_args

import typer

from core import teachers, weights
from core.cli.cases import Workspace
from core.cli.door import AsJson, answer, command, progress, stderr
from core.settings import Settings

_WEIGHTS = ", ".join([*weights.LANGUAGE_MODELS, *weights.ENCODERS])


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    for function in (doctor, fetch):
        app.command()(command(function))


def doctor(workspace: Workspace = None, as_json: AsJson = False) -> None:
    """Say which captioners, teachers and students can be used here, and why the others can't."""
    from core.doctor import Kind, examine  # noqa: PLC0415 - torch is slow to import

    findings = examine(Settings.read(workspace=workspace))
    document = {
        kind: [finding.model_dump(exclude={"kind"}) for finding in findings if finding.kind == kind]
        for kind in get_args(Kind)
    }
    lines = []
    for finding in findings:
        mark = "chosen" if finding.chosen else "usable" if finding.problem is None else "not usable"
        kind = finding.kind.replace("_", " ")
        lines.append(f"{kind:<16} {finding.name:<14} {mark}{': ' + finding.problem if finding.problem else ''}")
    answer(document, as_json=as_json, lines=lines)


def fetch(
    name: Annotated[str | None, typer.Argument(help=f"One of {_WEIGHTS}.")] = None,
    as_json: AsJson = False,
) -> None:
    """Get an encoder's or the embedded teacher's weights.

    Without a name: those that the settings name for the embedded teacher, unless another teacher is configured.
    """
    settings = Settings.read()
    if name is None and teachers.choose(settings) != "embedded":
        answer({"fetched": None}, as_json=as_json, lines=["Another teacher is configured; nothing is needed."])
        return
    wanted = name or settings.embedded_teacher
    path = weights.find(wanted, settings.cache)
    if path is None:
        with progress(wanted, "MB") as bar:
            path = weights.fetch(wanted, settings.cache, lambda done, total: bar(done // 10**6, total // 10**6, ""))
        if wanted in weights.LANGUAGE_MODELS:
            with stderr.status("Reading the prompts' openings, once, so that no first word waits for it"):
                teachers.find("embedded").load(settings.model_copy(update={"embedded_teacher": wanted}))
    answer({"fetched": wanted, "path": str(path)}, as_json=as_json, lines=[f"{wanted} is at {path}."])
