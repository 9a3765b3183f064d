"""What all commands share: answers on stdout, progress on stderr, failures as one line and an exit status.

Tweets and endpoints may put anything into what is said to people: a terminal gets no control character of it.
"""

import functools
import inspect
import json
import logging
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
import typer.core
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from core import captioners, teachers
from core.errors import BadInput, CotpdError
from core.printable import printable
from core.settings import Settings

if TYPE_CHECKING:
    from core.workbench import Workbench

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document on stdout.")]

stderr = Console(stderr=True, emoji=False)

LOG_EVERY = 15.0
"""Seconds between two lines of progress in a log."""


class Door(typer.core.TyperGroup):
    """All commands. What is wrong with an option is said in one line, like any other bad input."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> NoReturn:
        """Run one command, and end the process with the status it deserves; without a command, tell which there are."""
        given = list(sys.argv[1:] if args is None else args) or ["--help"]
        try:
            status = super().main(given, **{**extra, "standalone_mode": False})
        except typer.TyperException as error:
            _fail(f"{error.format_message().rstrip('.')}. Add --help to see what there is", status=2)
        raise SystemExit(status)


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Turn failures into one line on stderr and the exit status they deserve.

    A parameter that is a dataclass holds options that several commands share: each of its fields is one.
    """
    signature = inspect.signature(function, eval_str=True)
    options: list[inspect.Parameter] = []
    groups: dict[str, type[Any]] = {}
    for name, parameter in signature.parameters.items():
        kind = parameter.annotation
        if isinstance(kind, type) and is_dataclass(kind):
            groups[name] = kind
            options += inspect.signature(kind, eval_str=True).parameters.values()
        else:
            options.append(parameter)
    named = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options]

    @functools.wraps(function)
    def run(**given: Any) -> None:
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
        try:
            for name, group in groups.items():
                given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
            function(**given)
        except CotpdError as error:
            _fail(str(error), status=2 if isinstance(error, BadInput) else 1)
        except KeyboardInterrupt:
            _fail("stopped; what was done is kept, and the same command goes on from there", status=1)
        except BrokenPipeError:
            _fail("the reader of the answer is gone", status=1)
        except Exception as error:  # noqa: BLE001 - it is told, and written down whole
            _fail(f"something unforeseen went wrong: {type(error).__name__}: {error} {_written_down()}", status=1)

    vars(run)["__signature__"] = signature.replace(parameters=named)  # what Typer reads
    return run


def _written_down() -> str:
    """Put the traceback of what is being handled into a file, and say which."""
    with (
        suppress(OSError),
        tempfile.NamedTemporaryFile(
            "w", prefix="cotpd-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as log,
    ):
        log.write(traceback.format_exc())
        return f"({log.name} says where)"
    return ""


def _fail(message: str, *, status: int) -> NoReturn:
    say(f"Error: {' '.join(message.split())}", style="red")
    raise SystemExit(status)


def workbench(**flags: str | Path | None) -> "Workbench":
    """The workspace and the models that the options name.

    Raises:
        BadInput: a setting is wrong, or there is no captioner or teacher of that name.
    """
    from core.workbench import Workbench  # noqa: PLC0415 - torch is slow to import

    settings = Settings.read(**flags)
    captioners.find(settings.captioner)
    teachers.find(teachers.choose(settings))
    return Workbench(settings)


def answer(document: dict[str, Any], *, as_json: bool, lines: list[str]) -> None:
    """The command's answer: the document for machines, or the lines for people.

    Raises:
        BrokenPipeError: nobody reads it any more.
        BadInput: where it is to go has no room.
    """
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n" if as_json else ""
    try:
        sys.stdout.write(text or "".join(f"{printable(line)}\n" for line in lines))
        sys.stdout.flush()
    except OSError as error:
        with suppress(OSError):  # what is left in the buffer must not be tried again when Python ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise BadInput(f"the answer cannot be written to stdout ({error.strerror}): make room there") from None


def say(*lines: str, style: str | None = None) -> None:
    """Lines for people, on stderr."""
    for line in lines:
        stderr.print(printable(line), style=style, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(task: str, unit: str = "") -> Iterator[Callable[[int, int, str], None]]:
    """A bar on stderr: call what it gives with how much is done, of how much, and a word on the state.

    Where stderr is a log and no terminal, a line now and then.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[state]}", markup=False),
    )
    spoken = time.monotonic()
    with Progress(*columns, console=stderr, transient=True) as bars:
        bar = bars.add_task(task, total=None, state="")

        def show(done: int, total: int, state: str) -> None:
            nonlocal spoken
            bars.update(bar, completed=done, total=total, state=state)
            if not stderr.is_terminal and time.monotonic() - spoken >= LOG_EVERY:
                spoken = time.monotonic()
                say(f"{task}: {done}/{total} {unit} {state}")

        yield show
