"""The command that has a teacher explain samples: one tweet, or a whole corpus within limits and a budget."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from core.captioning import caption_all
from core.captioning.local import Local
from core.cli.asking import BatchOptions, DryRun, LimitOptions, ask, end, foreseen, price_within, problems_of
from core.cli.cases import Captioner, Case, Pictures, SampleOptions, Teacher, Workspace
from core.cli.door import AsJson, answer, command, progress, say, workbench
from core.domain import Caption, Knowledge, Maker

FORESEEN = "foreseen"
"""The maker of captions that stand for those which a run will first make."""

if TYPE_CHECKING:
    from core.asking.prices import Price
    from core.thinking import Thinking
    from core.workbench import Workbench


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(think))


def think(
    *,
    about: SampleOptions,
    pictures: Pictures = None,
    teacher: Teacher = None,
    captioner: Captioner = None,
    within: LimitOptions,
    dry_run: DryRun = False,
    batch: BatchOptions,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Have the teacher explain samples: noun, sentence and, where there is a picture, multimodality.

    What the store has is not asked again: after Ctrl-C, a kill or a failure the same command goes on.
    """
    from core.thinking import Thinking  # noqa: PLC0415 - openai is slow to import

    batch.check(within.budget)
    bench = workbench(teacher=teacher, captioner=captioner, workspace=workspace)
    cases = about.cases(bench, pictures)
    samples = [case.sample for case in cases]
    mind = bench.models.teacher(bench.settings)
    price = price_within(bench, within.budget)
    abouts = bench.abouts((case.sample, case.picture) for case in cases)
    if captioner is not None:  # then its captions count, and not the newest
        abouts = {id_: about for id_, about in abouts.items() if not isinstance(about, Caption)}
    lacking = [case for case in cases if case.picture and case.sample.id not in abouts]
    problems: list[dict[str, Any]] = []
    if dry_run:
        captions = _foreseen_captions(bench, lacking)
    else:
        captions, problems = _captions(bench, lacking)
    abouts |= captions
    work = Thinking(bench.store, mind, samples, abouts)
    if dry_run:
        to_caption = sum(caption.maker.model == FORESEEN for caption in captions.values())
        document = {
            "kept": len(work.kept),
            "to_caption": to_caption,
            "uncaptioned": work.uncaptioned,
            "forecast": asdict(work.forecast(batch.price(price))),
        }
        first = [f"{to_caption:,} pictures are captioned first; what is asked about them is counted."]
        answer(document, as_json=as_json, lines=[*(first if to_caption else ()), *_foreseen(work, batch.price(price))])
        return
    if about.corpus:
        say(*_foreseen(work, batch.price(price)))
    else:
        bench.store.add(*samples)
    tally, about_batch = ask(bench, work, "thoughts", within.of(mind), price, batch)
    if tally.done:
        work = Thinking(bench.store, mind, samples, abouts)
    is_told = as_json or about.text is not None  # a corpus' thoughts are no reading for a terminal
    thoughts = bench.store.bulk.documents(Knowledge, work.kept) if is_told else []
    problems += problems_of(tally, samples)
    document = {"thoughts": thoughts, "problems": problems, "report": tally.report(), **about_batch}
    lines = [f"{thought['grain']} {thought['text']}" for thought in thoughts]
    answer(document, as_json=as_json, lines=[*lines, *(f"{name}: {value}" for name, value in about_batch.items())])
    end(tally, problems)


def _captions(bench: "Workbench", cases: list[Case]) -> tuple[dict[str, Caption], list[dict[str, Any]]]:
    """A caption for each sample with a picture. One that cannot be described is a problem of its sample."""
    if not cases:
        return {}, []
    engine = Local(bench.models.captioner(bench.settings))
    with progress("captions") as bar:
        report = caption_all(
            bench.store,
            engine,
            [(case.sample, case.picture) for case in cases if case.picture],
            lambda done, total, failed: bar(done, total, f"{failed} failed"),
        )
    problems = [
        {"sample_id": case.sample.id, "text": case.sample.text, "problem": report.failures[case.sample.id]}
        for case in cases
        if case.sample.id in report.failures
    ]
    return report.captions, problems


def _foreseen_captions(bench: "Workbench", cases: list[Case]) -> dict[str, Caption]:
    """The captions that the run will find and, for those that it will make first, such as are as long as most."""
    if not cases:
        return {}
    captioner = bench.models.captioner(bench.settings)
    ids = [case.sample.id for case in cases]
    kept = bench.store.bulk.captions(ids, model=captioner.model, parameters=captioner.parameters)
    maker = Maker(model=FORESEEN, created=datetime.now(UTC))
    text = "a man in a red shirt is standing on a football field"
    return {id_: kept.get(id_) or Caption(sample_id=id_, text=text, maker=maker) for id_ in ids}


def _foreseen(work: "Thinking", price: "Price | None") -> list[str]:
    """What a run will take, in words."""
    lines = foreseen(work, "thoughts", price)
    if work.uncaptioned:
        lines.insert(0, f"{work.uncaptioned:,} samples have a picture but no caption: nothing is asked about it.")
    return lines
