"""The command that has a teacher explain samples: one tweet, or a whole corpus within limits and a budget."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.captioning import caption_all
from core.captioning.local import Local
from core.cli.asking import Budget, Concurrency, PerMinute, TokensPerMinute, cost, lines_of, price_within, watch
from core.cli.cases import Captioner, Case, Corpus, Limit, Picture, Pictures, Split, Teacher, Text, Workspace, cases_of
from core.cli.door import AsJson, answer, command, progress, stderr, workbench
from core.domain import Caption, Knowledge
from core.errors import BadInput

if TYPE_CHECKING:
    from core.asking import Limits, Tally
    from core.asking.prices import Price
    from core.teachers import Line
    from core.thinking import Forecast, Thinking
    from core.workbench import Workbench

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say how many calls it takes, and what they cost.")]
BatchOut = Annotated[Path | None, typer.Option(help="Ask nothing; write the requests for OpenAI's Batch API.")]
BatchIn = Annotated[Path | None, typer.Option(help="Ask nothing; take the answers from the Batch API's results.")]

AT_ONCE = 500
"""Samples that one look for captions is about."""


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(think))


def think(
    corpus: Corpus = None,
    split: Split = "all",
    limit: Limit = None,
    images_folder: Pictures = None,
    text: Text = None,
    image: Picture = None,
    teacher: Teacher = None,
    captioner: Captioner = None,
    budget: Budget = None,
    dry_run: DryRun = False,
    concurrency: Concurrency = None,
    rpm: PerMinute = None,
    tpm: TokensPerMinute = None,
    batch_out: BatchOut = None,
    batch_in: BatchIn = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Have the teacher explain samples: noun, sentence and, where there is a picture, multimodality.

    What the store has is not asked again: after Ctrl-C, a kill or a failure the same command goes on.
    """
    from core.asking import Limits  # noqa: PLC0415 - openai is slow to import
    from core.thinking import Thinking  # noqa: PLC0415 - likewise

    if batch_out and batch_in:
        raise BadInput("--batch-out and --batch-in are two steps: write the requests first, then read their results")
    bench = workbench(teacher=teacher, captioner=captioner, workspace=workspace)
    cases = cases_of(bench, corpus, split, limit, text, image, images_folder)
    samples = [case.sample for case in cases]
    mind = bench.models.teacher(bench.settings)
    price = price_within(bench, budget)
    shown = {case.sample.id: seen for case in cases if (seen := bench.shown(case.sample, case.picture))}
    unseen = [case for case in cases if case.sample.id not in shown]
    captions, problems = _captions(bench, unseen, anew=captioner is not None, make=not dry_run)
    abouts = {**captions, **shown}
    work = Thinking(bench.store, mind, samples, abouts)
    forecast = work.forecast(price)
    if dry_run:
        document = {"kept": len(work.kept), "uncaptioned": work.uncaptioned, "forecast": asdict(forecast)}
        answer(document, as_json=as_json, lines=_foreseen(work, forecast, price))
        return
    if corpus:
        _say(_foreseen(work, forecast, price))
    else:
        bench.store.add(*samples)
    limits = Limits(concurrency or mind.concurrency, rpm, tpm, budget)
    tally, about_batch = _run(bench, work, limits, price, batch_out, batch_in)
    if tally.done:
        work = Thinking(bench.store, mind, samples, abouts)
    is_told = as_json or text is not None  # a corpus' thoughts are no reading for a terminal
    thoughts = bench.store.bulk.documents(Knowledge, work.kept) if is_told else []
    texts = {sample.id: sample.text for sample in samples}
    problems += [{**asdict(failure), "text": texts.get(failure.sample_id or "", "")} for failure in tally.failures]
    document = {"thoughts": thoughts, "problems": problems, "report": tally.report(), **about_batch}
    lines = [f"{thought['grain']} {thought['text']}" for thought in thoughts]
    answer(document, as_json=as_json, lines=[*lines, *(f"{name}: {value}" for name, value in about_batch.items())])
    _say([*lines_of(tally), *(f"{problem['text']}: {problem['problem']}" for problem in problems[:5])])
    if problems or tally.stopped:
        raise SystemExit(1)


def _captions(
    bench: "Workbench", cases: list[Case], *, anew: bool, make: bool
) -> tuple[dict[str, Caption], list[dict[str, Any]]]:
    """A caption for each sample with a picture: the newest that is kept, unless `anew`; with `make`, a new one.

    A picture that cannot be described is a problem of its sample, and not the end.
    """
    captions: dict[str, Caption] = {}
    for start in range(0, len(cases), AT_ONCE):
        if not anew:
            captions |= bench.store.bulk.captions(case.sample.id for case in cases[start : start + AT_ONCE])
    problems: list[dict[str, Any]] = []
    lacking = [case for case in cases if case.sample.id not in captions and case.picture] if make else []
    if lacking:
        engine = Local(bench.models.captioner(bench.settings))
        with progress("captions") as bar:
            report = caption_all(
                bench.store,
                engine,
                [(case.sample, case.picture) for case in lacking if case.picture],
                lambda done, total, failed: bar(done, total, f"{failed} failed"),
            )
        captions |= report.captions
        problems = [
            {"sample_id": case.sample.id, "text": case.sample.text, "problem": report.failures[case.sample.id]}
            for case in lacking
            if case.sample.id in report.failures
        ]
    return captions, problems


def _run(
    bench: "Workbench",
    work: "Thinking",
    limits: "Limits",
    price: "Price | None",
    batch_out: Path | None,
    batch_in: Path | None,
) -> tuple["Tally", dict[str, Any]]:
    """Ask for what is missing: the teacher itself, or by files of the Batch API, of which there is more to say."""
    from core.asking import Engine, Job  # noqa: PLC0415 - openai is slow to import
    from core.asking.batch import BatchRequests, BatchResults  # noqa: PLC0415 - likewise

    mind = bench.models.teacher(bench.settings)

    def ask(line: "Line | None" = None) -> "Tally":
        paid = price.in_batch() if price and line else price
        engine = Engine(mind, bench.store, limits, paid, planned=work.missing, line=line)
        return watch(Job(engine, work.conversations()), "thoughts")

    if batch_out:
        with BatchRequests(mind, batch_out) as requests:
            tally = ask(requests)
        return tally, {"requests": requests.lines, "files": [str(file) for file in requests.files]}
    if batch_in:
        results = BatchResults(mind, batch_in)
        tally = ask(results)
        return tally, {"unknown": results.unknown(bench.store)}
    return ask(), {}


def _foreseen(work: "Thinking", forecast: "Forecast", price: "Price | None") -> list[str]:
    """What a run will take, in words."""
    lines = []
    if work.uncaptioned:
        lines.append(f"{work.uncaptioned:,} samples have a picture but no caption: nothing is asked about it.")
    lines.append(f"{len(work.kept):,} thoughts are in the store; {forecast.calls:,} are to be asked for.")
    if forecast.calls:
        money = cost(forecast.cost)
        if price and price.as_of:
            money += f" (at most {cost(forecast.most_cost)}, by prices of {price.as_of})"
        lines.append(
            f"About {forecast.prompt_tokens:,} tokens to read and {forecast.completion_tokens:,} to write, "
            f"{forecast.most_completion_tokens:,} at most: {money}."
        )
    return lines


def _say(lines: list[str]) -> None:
    for line in lines:
        stderr.print(line, markup=False, highlight=False, soft_wrap=True)
