"""A training in a process of its own, so that its peak of memory is its own, and its death not that of the others."""

import multiprocessing
import signal
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from core.errors import BadInput, CotpdError
from core.files import write_text
from core.training.folder import is_over
from core.training.progress import Report, Told

if TYPE_CHECKING:
    from core.training.config import TrainConfig

TRACEBACK = "traceback.txt"
"""In a training's folder: where something unforeseen went wrong in it."""


def train(config: "TrainConfig", root: Path, folder: Path, report: Report) -> None:
    """Run a training to its end; one that came to it is scored on the tests that it has by now.

    Where this process is interrupted, the training keeps what it reached.

    Raises:
        CotpdError: what the trainer raised, or its process died.
    """
    context = multiprocessing.get_context("forkserver")  # forks before torch has threads, and imports it only once
    context.set_forkserver_preload(["core.training.trainer"])
    ours, theirs = context.Pipe(duplex=False)
    worker = context.Process(target=_work, args=(theirs, config, root, folder), daemon=True)
    worker.start()
    theirs.close()
    try:
        _follow(ours, report)
    except BaseException:  # whatever ends us, it must not wait for a worker that nobody listens to
        worker.terminate()
        raise
    finally:
        ours.close()
        worker.join()
    if worker.exitcode:
        raise CotpdError(f"the process of the training died with status {worker.exitcode}; -9 is for want of memory")


def _follow(pipe: "Connection", report: Report) -> None:
    """Report what the worker tells, to its end; raises what it raised."""
    while (heard := _hear(pipe)) is not None:
        if isinstance(heard, CotpdError):
            raise heard
        report(heard)


def _hear(pipe: "Connection") -> Told | CotpdError | None:
    """The next word of the worker; None when it has ended."""
    try:
        heard: Told | CotpdError = pipe.recv()
    except (EOFError, ConnectionResetError):
        return None
    return heard


def _work(pipe: "Connection", config: "TrainConfig", root: Path, folder: Path) -> None:
    """What the worker does: train or score, and tell."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both; the other process passes it on
    signal.signal(signal.SIGTERM, _stop)

    def tell(progress: Told) -> None:
        try:
            pipe.send(progress)
        except OSError:
            _stop()  # nobody listens any more

    (folder / TRACEBACK).unlink(missing_ok=True)
    try:
        from core.training import scoring, trainer  # noqa: PLC0415 - torch is slow to import

        if is_over(folder):
            scoring.score_again(config, root, folder)
        else:
            trainer.Trainer(config, root, folder).run(tell)
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # as a shell tells it; a training that was stopped has not ended well
    except CotpdError as error:
        problem = error
    except Exception as error:  # noqa: BLE001 - it is told, and written down whole
        what = f"something unforeseen went wrong: {type(error).__name__}: {error}"
        with suppress(BadInput, ValueError):
            write_text(traceback.format_exc(), folder / TRACEBACK)
            what += f"; {folder / TRACEBACK} says where"
        problem = CotpdError(what)
    else:
        return
    with suppress(OSError):  # perhaps nobody listens any more
        pipe.send(problem)


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt
