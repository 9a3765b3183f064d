"""What commands that ask a teacher many things share: their limits as options, progress, Ctrl-C, and the report."""

from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.door import progress
from core.errors import BadInput

if TYPE_CHECKING:
    from core.asking import Job, Tally
    from core.asking.prices import Price
    from core.workbench import Workbench

Budget = Annotated[float | None, typer.Option(min=0, help="Stop before this run costs more USD than this.")]
Concurrency = Annotated[int | None, typer.Option(min=1, help="Requests at once; else what suits the teacher.")]
PerMinute = Annotated[float | None, typer.Option(min=0.1, help="Requests a minute, at most.")]
TokensPerMinute = Annotated[float | None, typer.Option(min=1, help="Tokens a minute, at most.")]

SEEN_EVERY = 0.1
"""Seconds between two looks at a run."""


def price_within(bench: "Workbench", budget: float | None) -> "Price | None":
    """What the chosen teacher's tokens cost, None where nobody knows.

    Raises:
        BadInput: there is a budget but no price, or the table of prices is broken.
    """
    from core.asking.prices import price_of  # noqa: PLC0415 - openai is slow to import

    mind = bench.models.teacher(bench.settings)
    price = price_of(mind, bench.settings)
    if budget is not None and price is None:
        raise BadInput(f"--budget needs a price, and none is known for {mind.model!r}: name a table with COTPD_PRICES")
    return price


def watch(job: "Job", made: str) -> "Tally":
    """Run a job to its end, with a bar on stderr. Ctrl-C ends it cleanly; a second one leaves at once.

    Raises:
        CotpdError: what broke the run off.
    """
    with progress(made) as bar:
        job.start()
        try:
            while not job.wait(SEEN_EVERY):
                bar(job.tally.done, job.tally.planned, _state(job.tally))
        except KeyboardInterrupt:
            job.stop()
        return job.result()


def lines_of(tally: "Tally") -> list[str]:
    """The report of a run for people."""
    report = tally.report()
    lines = [
        f"{tally.answered:,} answered, {tally.found:,} from kept answers, {len(tally.failures):,} failed, "
        f"{report['open']:,} left open; {tally.requests:,} requests in {tally.seconds:,.1f} s.",
    ]
    if tally.requests:
        lines.append(f"{tally.prompt_tokens:,} tokens read, {tally.completion_tokens:,} written; {cost(tally.cost)}.")
    if tally.unpriced:
        lines.append(f"{tally.unpriced:,} answers did not say their tokens: they are not in these sums.")
    lines += [f"{count:,} failed: {reason}" for reason, count in report["failed_by_reason"].items()]
    if tally.stopped:
        lines.append(f"Stopped: {tally.stopped}. The same command goes on from there.")
    return lines


def cost(dollars: float | None) -> str:
    """An amount of money in words; None is unknown, which is not nothing."""
    if dollars is None:
        return "price unknown"
    return "free" if dollars == 0 else f"${dollars:,.4f}" if dollars < 1 else f"${dollars:,.2f}"


def _state(tally: "Tally") -> str:
    spent = f", {cost(tally.cost)}" if tally.cost else ""
    return f"{tally.rate:.1f}/s{spent}, {len(tally.failures):,} failed"
