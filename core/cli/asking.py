"""What commands that ask a teacher many things share: their limits as options, progress, Ctrl-C, and the report."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.door import progress, say
from core.domain import Sample
from core.errors import BadInput

if TYPE_CHECKING:
    from core.asking import Job, Limits, Tally, Work
    from core.asking.prices import Price
    from core.teachers import Line, Teacher
    from core.workbench import Workbench

Budget = Annotated[float | None, typer.Option(min=0, help="Stop before this run costs more USD than this.")]
Concurrency = Annotated[int | None, typer.Option(min=1, help="Requests at once; else what suits the teacher.")]
PerMinute = Annotated[float | None, typer.Option(min=0.1, help="Requests a minute, at most.")]
TokensPerMinute = Annotated[float | None, typer.Option(min=1, help="Tokens a minute, at most.")]

BatchOut = Annotated[Path | None, typer.Option(help="Ask nothing; write the requests for OpenAI's Batch API.")]
BatchIn = Annotated[Path | None, typer.Option(help="Ask nothing; take the answers from the Batch API's results.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say how many calls it takes, and what they cost.")]

SEEN_EVERY = 0.1
"""Seconds between two looks at a run."""


@dataclass(frozen=True)
class LimitOptions:
    """How much a run may ask, and how fast."""

    budget: Budget = None
    concurrency: Concurrency = None
    rpm: PerMinute = None
    tpm: TokensPerMinute = None

    def of(self, teacher: "Teacher") -> "Limits":
        """The limits of a run that asks this teacher."""
        from core.asking import Limits  # noqa: PLC0415 - openai is slow to import

        return Limits(self.concurrency or teacher.concurrency, self.rpm, self.tpm, self.budget)


@dataclass(frozen=True)
class BatchOptions:
    """The files of the Batch API that a run writes or reads, if any."""

    batch_out: BatchOut = None
    batch_in: BatchIn = None

    def check(self, budget: float | None) -> None:
        """Find out before the work whether the files go together, and with a budget.

        Raises:
            BadInput: they are both to be written and to be read, or answers that are paid for would have to fit a
                budget.
        """
        if self.batch_out and self.batch_in:
            raise BadInput(
                "--batch-out and --batch-in are two steps: write the requests first, then read their results"
            )
        if self.batch_in and budget is not None:
            raise BadInput("--batch-in reads answers that are paid for: leave --budget out, or give it to --batch-out")

    def price(self, direct: "Price | None") -> "Price | None":
        """What tokens cost this way; None where nobody knows."""
        return direct.in_batch() if direct and (self.batch_out or self.batch_in) else direct


DIRECTLY = BatchOptions()
"""No files: the teacher itself is asked."""


def price_within(bench: "Workbench", budget: float | None) -> "Price | None":
    """What the chosen teacher's tokens cost, None where nobody knows.

    Raises:
        BadInput: there is a budget but no price, or the table of prices is broken.
    """
    from core.asking import prices  # noqa: PLC0415 - openai is slow to import

    return prices.price_within(bench.models.teacher(bench.settings), bench.settings, budget)


def foreseen(work: "Work", made: str, price: "Price | None") -> list[str]:
    """What a run will take, in words; `made` is what it makes."""
    forecast = work.forecast(price)
    lines = [f"{len(work.kept):,} {made} are in the store; {forecast.calls:,} are to be asked for."]
    if forecast.calls:
        money = cost(forecast.cost)
        if price and price.as_of:
            money += f" (at most {cost(forecast.most_cost)}, by prices of {price.as_of})"
        lines.append(
            f"About {forecast.prompt_tokens:,} tokens to read and {forecast.completion_tokens:,} to write, "
            f"{forecast.most_completion_tokens:,} at most: {money}."
        )
    return lines


def ask(
    bench: "Workbench",
    work: "Work",
    made: str,
    limits: "Limits",
    price: "Price | None",
    batch: BatchOptions = DIRECTLY,
) -> tuple["Tally", dict[str, Any]]:
    """Ask for what is missing: the teacher itself, or by files of the Batch API, of which there is more to say.

    `price` is that of asking directly.

    Raises:
        CotpdError: what broke the run off.
    """
    from core.asking import Engine, Job  # noqa: PLC0415 - openai is slow to import
    from core.asking.batch import BatchRequests, BatchResults  # noqa: PLC0415 - likewise

    mind = bench.models.teacher(bench.settings)

    def run(line: "Line | None" = None) -> "Tally":
        engine = Engine(mind, bench.store, limits, batch.price(price), planned=work.missing, line=line)
        return watch(Job(engine, work.conversations()), made)

    if batch.batch_out:
        with BatchRequests(mind, batch.batch_out) as requests:
            tally = run(requests)
        if not requests.files and batch.batch_out.exists():
            say(f"Nothing is left to ask: {batch.batch_out} is of an earlier round, and is not to be uploaded again.")
        return tally, {"requests": requests.lines, "files": [str(file) for file in requests.files]}
    if batch.batch_in:
        results = BatchResults(mind, batch.batch_in)
        tally = run(results)
        return tally, {"unknown": results.unknown(bench.store)}
    return run(), {}


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


def problems_of(tally: "Tally", samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """What could not be made, for machines; each with its sample's text."""
    texts = {sample.id: sample.text for sample in samples}
    return [{**asdict(failure), "text": texts.get(failure.sample_id or "", "")} for failure in tally.failures]


def end(tally: "Tally", problems: Sequence[dict[str, Any]]) -> None:
    """Tell people how a run went, with its first problems; one that did not do all ends the process with status 1."""
    say(*lines_of(tally), *(f"{problem['text']}: {problem['problem']}" for problem in problems[:5]))
    if problems or tally.stopped:
        raise SystemExit(1)


def cost(dollars: float | None) -> str:
    """An amount of money in words; None is unknown, which is not nothing."""
    if dollars is None:
        return "price unknown"
    return "free" if dollars == 0 else f"${dollars:,.4f}" if dollars < 1 else f"${dollars:,.2f}"


def _state(tally: "Tally") -> str:
    spent = f", {cost(tally.cost)}" if tally.cost else ""
    return f"{tally.rate:.1f}/s{spent}, {len(tally.failures):,} failed"
