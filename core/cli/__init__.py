"""The batch door: every step of a sample's way as a command.

Answers go to stdout (with `--json` as one document), progress and logs to stderr. Exit status: 0 fine, 2 bad input,
1 anything else. The import of what a command needs waits until it runs, so that `--help` is quick.
"""

import typer

from core.cli import (
    augment,
    caption,
    compare,
    corpus,
    explain,
    extract,
    fit,
    machine,
    retrieve,
    review,
    runs,
    student,
    table,
    think,
)
from core.cli.door import Door

app = typer.Typer(
    name="core",
    cls=Door,
    help="CoTPD workbench: caption, think, augment, train, evaluate and predict on tweets with images.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (
    corpus,
    caption,
    think,
    augment,
    fit,
    extract,
    retrieve,
    review,
    student,
    explain,
    compare,
    table,
    runs,
    machine,
):
    commands.add_to(app)
