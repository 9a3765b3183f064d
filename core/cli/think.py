"""The command that has a teacher explain samples: one tweet, or a whole corpus within limits and a budget."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from core.captioning import caption_all
from core.captioning.local import Local
from core.cli.asking import (
    Batch,
    BatchIn,
    BatchOut,
    Budget,
    Concurrency,
    DryRun,
    PerMinute,
    TokensPerMinute,
    ask,
    foreseen,
    lines_of,
    price_within,
    say,
)
from core.cli.cases import Captioner, Case, Corpus, Limit, Picture, Pictures, Split, Teacher, Text, Workspace, cases_of
from core.cli.door import AsJson, answer, command, progress, workbench
from core.domain import Caption, Knowledge

if TYPE_CHECKING:
    from core.asking.prices import Price
    from core.knowledge import About
    from core.thinking import Thinking
    from core.workbench import Workbench

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

    bench = workbench(teacher=teacher, captioner=captioner, workspace=workspace)
    cases = cases_of(bench, corpus, split, limit, text, image, images_folder)
    samples = [case.sample for case in cases]
    mind = bench.models.teacher(bench.settings)
    price = price_within(bench, budget)
    shown = {case.sample.id: seen for case in cases if (seen := bench.shown(case.sample, case.picture))}
    unseen = [case for case in cases if case.sample.id not in shown]
    captions, problems = _captions(bench, unseen, anew=captioner is not None, make=not dry_run)
    abouts: dict[str, About] = {**captions, **shown}
    work = Thinking(bench.store, mind, samples, abouts)
    if dry_run:
        document = {"kept": len(work.kept), "uncaptioned": work.uncaptioned, "forecast": asdict(work.forecast(price))}
        answer(document, as_json=as_json, lines=_foreseen(work, price))
        return
    if corpus:
        say(_foreseen(work, price))
    else:
        bench.store.add(*samples)
    limits = Limits(concurrency or mind.concurrency, rpm, tpm, budget)
    tally, about_batch = ask(bench, work, "thoughts", limits, price, Batch(batch_out, batch_in))
    if tally.done:
        work = Thinking(bench.store, mind, samples, abouts)
    is_told = as_json or text is not None  # a corpus' thoughts are no reading for a terminal
    thoughts = bench.store.bulk.documents(Knowledge, work.kept) if is_told else []
    texts = {sample.id: sample.text for sample in samples}
    problems += [{**asdict(failure), "text": texts.get(failure.sample_id or "", "")} for failure in tally.failures]
    document = {"thoughts": thoughts, "problems": problems, "report": tally.report(), **about_batch}
    lines = [f"{thought['grain']} {thought['text']}" for thought in thoughts]
    answer(document, as_json=as_json, lines=[*lines, *(f"{name}: {value}" for name, value in about_batch.items())])
    say([*lines_of(tally), *(f"{problem['text']}: {problem['problem']}" for problem in problems[:5])])
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


def _foreseen(work: "Thinking", price: "Price | None") -> list[str]:
    """What a run will take, in words."""
    lines = foreseen(work, "thoughts", price)
    if work.uncaptioned:
        lines.insert(0, f"{work.uncaptioned:,} samples have a picture but no caption: nothing is asked about it.")
    return lines
