"""What all commands share: answers on stdout, progress on stderr, failures as one line and an exit status."""

import functools
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, ParamSpec

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from core.errors import BadInput, CotpdError

Arguments = ParamSpec("Arguments")

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document on stdout.")]

stderr = Console(stderr=True)


def command(function: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Turn failures into one line on stderr and the exit status they deserve."""

    @functools.wraps(function)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
        try:
            function(*args, **kwargs)
        except CotpdError as error:
            _fail(" ".join(str(error).split()), status=2 if isinstance(error, BadInput) else 1)
        except KeyboardInterrupt:
            _fail("stopped; what was done is kept, and the same command goes on from there", status=1)
        except BrokenPipeError:
            _fail("the reader of the answer is gone", status=1)
        except Exception as error:
            logging.getLogger(__name__).debug("unforeseen", exc_info=error)
            _fail(f"something unforeseen went wrong: {type(error).__name__}: {error}", status=1)

    return run


def _fail(message: str, *, status: int) -> None:
    stderr.print(f"Error: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(status)


def answer(document: dict[str, Any], *, as_json: bool, lines: list[str]) -> None:
    """The command's answer: the document for machines, or the lines for people."""
    if as_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))


@contextmanager
def progress(task: str, unit: str = "") -> Iterator[Callable[[int, int, str], None]]:
    """A bar on stderr: call what it gives with how much is done, of how much, and a word on the state."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn() if not unit else TextColumn("{task.completed:.0f}/{task.total:.0f} " + unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[state]}", markup=False),
    )
    with Progress(*columns, console=stderr, transient=True) as bars:
        bar = bars.add_task(task, total=None, state="")

        def show(done: int, total: int, state: str) -> None:
            bars.update(bar, completed=done, total=total, state=state)

        yield show
