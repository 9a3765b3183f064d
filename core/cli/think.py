"""The command that has a teacher explain samples: one tweet, or a whole corpus within limits and a budget."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

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
    price_for,
    say,
)
from core.cli.cases import Captioner, Case, Corpus, Limit, Picture, Split, Teacher, Text, Workspace, cases_of
from core.cli.door import AsJson, answer, command, progress, workbench
from core.domain import Caption, Knowledge
from core.errors import BadInput

if TYPE_CHECKING:
    from core.asking.prices import Price
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
    cases = cases_of(bench, corpus, split, limit, text, image, None)
    samples = [case.sample for case in cases]
    mind = bench.models.teacher(bench.settings)
    price = price_for(bench, budget)
    captions, problems = _captions(bench, cases, anew=captioner is not None, make=not dry_run)
    work = Thinking(bench.store, mind, samples, captions)
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
    thoughts = bench.store.bulk.documents(Knowledge, Thinking(bench.store, mind, samples, captions).kept)
    texts = {sample.id: sample.text for sample in samples}
    problems += [{**asdict(failure), "text": texts.get(failure.sample_id or "", "")} for failure in tally.failures]
    document = {"thoughts": thoughts, "problems": problems, "report": tally.report(), **about_batch}
    lines = [f"{thought['grain']} {thought['text']}" for thought in thoughts] if text is not None else []
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
        with progress("captions") as bar:
            for done, case in enumerate(lacking):
                bar(done, len(lacking), f"{len(problems)} failed")
                try:
                    if case.picture:
                        captions[case.sample.id] = bench.caption(case.sample, case.picture())
                except BadInput as error:
                    problems.append({"sample_id": case.sample.id, "text": case.sample.text, "problem": str(error)})
    return captions, problems


def _foreseen(work: "Thinking", price: "Price | None") -> list[str]:
    """What a run will take, in words."""
    lines = foreseen(work, "thoughts", price)
    if work.uncaptioned:
        lines.insert(0, f"{work.uncaptioned:,} samples have a picture but no caption: nothing is asked about it.")
    return lines
