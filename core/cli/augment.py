"""The command that has a teacher make new samples, of one tweet or of a whole corpus, within limits and a budget."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from core.cli.asking import (
    DIRECTLY,
    BatchOptions,
    DryRun,
    LimitOptions,
    ask,
    end,
    foreseen,
    lines_of,
    price_within,
    problems_of,
)
from core.cli.cases import SampleOptions, Teacher, Workspace
from core.cli.door import AsJson, answer, command, progress, say, workbench
from core.domain import Augmentation, AugmentationKind, Sample
from core.drawing import drawn
from core.errors import BadInput
from core.stored import stored_samples

if TYPE_CHECKING:
    from core.asking import Limits, Tally
    from core.asking.prices import Price
    from core.augmentation import EntityPool
    from core.augmentation.naming import NameList
    from core.augmentation.report import KindReport
    from core.workbench import Workbench

NameSource = Literal["corpus", "teacher", "project"]
KINDS: tuple[AugmentationKind, ...] = get_args(AugmentationKind)

Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="KIND", help=f"One of {', '.join(KINDS)}; may be repeated; else all."),
]
Draws = Annotated[
    list[int] | None,
    typer.Option("--draw", min=0, help="With --limit: draw them under this seed, as a training does; may be repeated."),
]
Times = Annotated[int, typer.Option(min=1, max=50, help="Variants of each kind of a sample.")]
Seed = Annotated[int, typer.Option(min=0, help="Draws names, and further variants.")]
Names = Annotated[
    NameSource | None, typer.Option("--names", help="Whose names replace others; default: the corpus', if labelled.")
]
NotIn = Annotated[
    list[str] | None,
    typer.Option(metavar="CORPUS/SPLIT", help="No name of these, as of the corpus' other splits."),
]
Quota = Annotated[list[str] | None, typer.Option(metavar="TYPE=N", help="Replace at most N mentions of a type.")]
Out = Annotated[Path | None, typer.Option(help="Write the variants, with the decisions about them, to train on.")]


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(command(augment))


def augment(
    *,
    about: SampleOptions,
    draws: Draws = None,
    kinds: Kinds = None,
    times: Times = 1,
    seed: Seed = 0,
    names: Names = None,
    not_in: NotIn = None,
    quota: Quota = None,
    teacher: Teacher = None,
    within: LimitOptions,
    dry_run: DryRun = False,
    batch: BatchOptions,
    out: Out = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Have the teacher make new samples: in another style, with another entity, with an imagined picture.

    What the store has is not asked again: after Ctrl-C, a kill or a failure the same command goes on.
    """
    from core.augmentation.report import report  # noqa: PLC0415 - openai is slow to import
    from core.augmenting import Augmenting, Wish, read_quotas, variants_of  # noqa: PLC0415 - likewise

    wish = Wish(_kinds(kinds or KINDS), times, seed, read_quotas(quota or []))
    batch.check(within.budget)
    if draws and about.limit is None:
        raise BadInput(f"--draw {draws[0]} needs --limit: how many samples to draw")
    bench = workbench(teacher=teacher, workspace=workspace)
    samples = _samples(bench, about, draws or [])
    mind = bench.models.teacher(bench.settings)
    price = price_within(bench, within.budget)
    limits = within.of(mind)
    source = names or ("corpus" if about.corpus and any(sample.entities for sample in samples) else "project")
    listed, naming = None, None
    if source == "teacher":
        listed, naming = _names(bench, limits, price, ask_now=not dry_run and batch == DIRECTLY)
        limits = _less(limits, naming)
    pool = _pool(bench, listed or source, about, samples, not_in or [])
    with progress("plans", "samples") as bar:
        labelled = bench.labelled(samples, lambda done, total: bar(done, total, ""))
        work = Augmenting(bench.store, mind, labelled, wish, pool)
    if dry_run:
        document = {"kept": len(work.kept), "forecast": asdict(work.forecast(batch.price(price)))}
        answer(document, as_json=as_json, lines=foreseen(work, "variants", batch.price(price)))
        return
    if about.corpus:
        say(*foreseen(work, "variants", batch.price(price)))
    else:
        bench.store.add(*samples)
    tally, about_batch = ask(bench, work, "variants", limits, price, batch)
    work.refresh()
    ids = work.kept
    made = bench.store.bulk.records(Augmentation, ids)
    counts = report(made)
    about_file = {"file": str(out), "written": variants_of(bench.store, ids, out)} if out else {}
    problems = problems_of(tally, samples)
    document = {
        "variants": bench.store.bulk.documents(Augmentation, ids),
        "counts": {kind: each.model_dump() for kind, each in counts.items()},
        "problems": problems,
        "report": tally.report(),
        **({"names": naming.report()} if naming else {}),
        **about_batch,
        **about_file,
    }
    told = made if about.text is not None else ()  # a corpus' variants are no reading for a terminal
    one = [f"{each.kind} {each.dropped or each.caption or _text(each)}" for each in told]
    files = [f"{name}: {value}" for name, value in {**about_batch, **about_file}.items()]
    answer(document, as_json=as_json, lines=[*one, *_counted(counts), *files])
    end(tally, problems)


def _samples(bench: "Workbench", about: SampleOptions, draws: Sequence[int]) -> list[Sample]:
    """The samples that are asked about: the first ones, or those of all draws, each once."""
    if not draws:
        return [case.sample for case in about.cases(bench)]
    everything = [case.sample for case in replace(about, limit=None).cases(bench)]
    return list({sample.id: sample for draw in draws for sample in drawn(everything, about.limit, draw)}.values())


def _kinds(given: Sequence[str]) -> tuple[AugmentationKind, ...]:
    if unknown := set(given) - set(KINDS):
        raise BadInput(f"--kind {min(unknown)!r}: there is no such kind; there are: {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in given)


def _pool(
    bench: "Workbench",
    source: "NameList | NameSource",
    about: SampleOptions,
    samples: Sequence[Sample],
    not_in: Sequence[str],
) -> "EntityPool":
    """The names that replace others: none is in the corpus' other splits, nor in those that are to be kept apart."""
    from core.augmentation import EntityPool  # noqa: PLC0415 - openai is slow to import
    from core.augmentation.pool import mentions_of  # noqa: PLC0415 - likewise
    from core.augmenting import names_of_other_splits  # noqa: PLC0415 - likewise

    taken = mentions_of(sample for name in not_in for sample in _split(bench, name))
    if about.corpus:
        taken |= names_of_other_splits(bench.store, about.corpus, about.split)
    if source == "corpus":
        return EntityPool.from_samples(samples, f"{about.corpus}/{about.split}").without(taken)
    if isinstance(source, str):
        return EntityPool.of_the_project().without(taken)
    return source.pool(taken | mentions_of(samples))


def _names(bench: "Workbench", limits: "Limits", price: "Price | None", *, ask_now: bool) -> tuple["NameList", "Tally"]:
    """The teacher's whole list of names, and what it took: another list would make other variants.

    Raises:
        BadInput: it is not whole, and cannot be made so now.
    """
    from core.augmentation.naming import NameList  # noqa: PLC0415 - openai is slow to import

    listed = NameList(bench.models.teacher(bench.settings))
    if not ask_now and (lacking := listed.open(bench.store)):
        raise BadInput(
            f"--names teacher: {lacking} of the {listed.missing} questions for names have no answer yet, and nothing "
            "can be planned without: run once without --dry-run, --batch-out or --batch-in (--limit 1 will do)"
        )
    tally, _ = ask(bench, listed, "names", limits, price)
    if tally.requests:
        say("The list of names:", *lines_of(tally))
    if tally.stopped or tally.failures:
        why = tally.stopped or f"{len(tally.failures)} questions failed; the first: {tally.failures[0].problem}"
        raise BadInput(f"the list of names is not whole: {why}. The same command goes on from there")
    return listed, tally


def _less(limits: "Limits", tally: "Tally") -> "Limits":
    """The limits of a run after another one, which spent part of the budget."""
    if limits.budget is None:
        return limits
    return replace(limits, budget=max(0.0, limits.budget - (tally.cost or 0.0)))


def _split(bench: "Workbench", name: str) -> list[Sample]:
    corpus, _, split = name.partition("/")
    try:
        return stored_samples(bench.store, corpus, split or "all")
    except BadInput as error:
        raise BadInput(f"--not-in {name!r}: {error}") from None


def _counted(counts: "dict[AugmentationKind, KindReport]") -> list[str]:
    lines = []
    for kind, each in counts.items():
        reasons = "".join(f", {number:,} {reason}" for reason, number in each.dropped.items())
        types = ", ".join(f"{number:,} {name}" for name, number in each.types.items())
        lines.append(f"{kind}: {each.kept:,} of {each.made:,} kept{f' ({types})' if types else ''}{reasons}")
    return lines


def _text(made: Augmentation) -> str:
    return made.variant.text if made.variant else ""
