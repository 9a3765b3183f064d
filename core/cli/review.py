"""Commands of the review desk: what waits, what was decided, by whom, and how far reviewers agree."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer
from pydantic import ValidationError

from core.cli.cases import Workspace, ends_of
from core.cli.door import AsJson, answer, command, progress, workbench
from core.domain import Augmentation, Choice, Entity, State
from core.errors import BadInput, complaint
from core.identity import local
from core.printable import one_line, printable
from core.settings import Settings
from core.store import Store
from core.store.filters import ORDERS, STATES, Filter
from core.store.queue import MAX_VOTES, Item, Rules

Reviewer = Annotated[str, typer.Option(help="Who decides: kept with every decision.")]
Id = Annotated[str, typer.Argument(help="The variant's id, as 'review list' shows it.")]
Many = Annotated[list[str] | None, typer.Option()]

_CHOICES = [choice for choice in get_args(Choice) if choice != "edited"]


def add_to(app: typer.Typer) -> None:
    """Offer these commands, under one name."""
    review = typer.Typer(
        help="Review variants: list, show, decide, edit, undo, agreement, rules, guidelines, opinions."
    )
    review.command("list")(command(list_))
    review.command()(command(show))
    review.command()(command(decide))
    review.command()(command(edit))
    review.command()(command(undo))
    review.command()(command(agreement))
    review.command()(command(rules))
    review.command()(command(guidelines))
    review.command()(command(opinions))
    app.add_typer(review, name="review")


def list_(
    state: Annotated[list[str] | None, typer.Option(help=f"Any of {', '.join(STATES)}; else pending.")] = None,
    kind: Many = None,
    type_: Annotated[list[str] | None, typer.Option("--type", help="Entity type, e.g. PER.")] = None,
    model: Many = None,
    label: Annotated[list[str] | None, typer.Option(help="A relation.")] = None,
    min_score: Annotated[float | None, typer.Option(help="Of the teacher's margin.")] = None,
    max_score: Annotated[float | None, typer.Option()] = None,
    text: Annotated[str, typer.Option(help="A part of the variant's words.")] = "",
    disputed: Annotated[bool, typer.Option("--disputed", help="Only where reviewers disagree.")] = False,
    dropped: Annotated[bool, typer.Option("--dropped", help="Also what the teacher's verdict dropped.")] = False,
    order: Annotated[str, typer.Option(help=f"One of {', '.join(ORDERS)}.")] = "oldest",
    seed: Annotated[int, typer.Option(help="Of the random order.")] = 0,
    reviewer: Annotated[str, typer.Option(help="Leaves out what this person has voted on.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 20,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """List variants in the queue, and count how many there are."""
    if order not in ORDERS:
        raise BadInput(f"no order is called {order!r}; there are: {', '.join(ORDERS)}")
    if unknown := set(state or ()) - set(STATES):
        raise BadInput(f"no state is called {min(unknown)!r}; there are: {', '.join(STATES)}")
    wanted = _filter(
        states=cast(tuple[State, ...], tuple(state or ("pending",))),
        kinds=tuple(kind or ()),
        types=tuple(type_ or ()),
        models=tuple(model or ()),
        labels=tuple(label or ()),
        score=(min_score, max_score),
        text=text,
        disputed=disputed,
        dropped=dropped,
    )
    queue = _store(workspace).queue
    items = queue.page(queue.places(wanted, order, seed=seed, reviewer=reviewer, limit=limit))
    total = queue.count(wanted, reviewer)
    lines = [
        f"{item.augmentation.id}  {item.state:<8}  {item.augmentation.kind:<6}  {_line(item.augmentation)}"
        for item in items
    ]
    document = {"total": total, "variants": [_document(item) for item in items]}
    answer(document, as_json=as_json, lines=[*lines, f"{len(items):,} of {total:,} variants."])


def show(augmentation_id: Id, workspace: Workspace = None, as_json: AsJson = False) -> None:
    """Show one variant with its history and its lineage."""
    from core.review.history import history, lineage  # noqa: PLC0415 - kept out of --help

    store = _store(workspace)
    item = _item(store, augmentation_id)
    events, line = history(store, augmentation_id), lineage(store, item.augmentation)
    lines = [f"{item.state}: {_line(item.augmentation)}", f"Parent: {_flat(item.parent.text)}"]
    lines += [f"Before: {each.id}  {_line(each)}" for each in line.before]
    lines += [f"Edited: {each.id}  {_line(each)}" for each in line.after]
    for each in events:
        taken_back = " (taken back)" if each.undone else ""
        change = f"{each.old or 'nothing'} → {each.new or 'nothing'}"
        reason = f": {_flat(each.reason)}" if each.reason else ""
        lines.append(f"{each.at:%Y-%m-%d %H:%M:%S} UTC  {_flat(each.reviewer)}  {change}{taken_back}{reason}")
    document = {
        **_document(item),
        "origin": line.origin.id,
        "before": [each.id for each in line.before],
        "after": [each.id for each in line.after],
        "history": [
            {
                "at": each.at.isoformat(),
                "reviewer": each.reviewer,
                "old": each.old,
                "new": each.new,
                "reason": each.reason,
                "adjudicates": each.adjudicates,
                "seconds": each.seconds,
                "undone": each.undone,
                "edit": each.edit.id if each.edit else None,
            }
            for each in events
        ],
    }
    answer(document, as_json=as_json, lines=lines)


def decide(
    choice: Annotated[str, typer.Argument(help=f"One of {', '.join(_CHOICES)}.")],
    augmentation_ids: Annotated[list[str], typer.Argument(help="The variants' ids: all of them, or none.")],
    reviewer: Reviewer,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    adjudicate: Annotated[bool, typer.Option("--adjudicate", help="End a disagreement.")] = False,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Decide on variants in one act; one undo takes all of it back."""
    from core import review  # noqa: PLC0415 - kept out of --help

    if choice not in _CHOICES:
        raise BadInput(f"no choice is called {choice!r}; there are: {', '.join(_CHOICES)}")
    made = review.decide_all(
        _store(workspace),
        augmentation_ids,
        cast(Choice, choice),
        by=local(reviewer),
        reason=reason,
        adjudicates=adjudicate,
    )
    document = {"choice": choice, "variants": [each.augmentation_id for each in made]}
    answer(document, as_json=as_json, lines=[f"{len(made):,} variants {choice}."])


def edit(
    augmentation_id: Id,
    reviewer: Reviewer,
    text: Annotated[str | None, typer.Option(help="The corrected words; else they stay.")] = None,
    span: Annotated[
        list[str] | None,
        typer.Option(help="Every span of the result as START:END:TYPE in words, END not included; else as found."),
    ] = None,
    relation: Annotated[str | None, typer.Option(help="How head and tail are related; else as it was.")] = None,
    caption: Annotated[str | None, typer.Option(help="The corrected imagined picture.")] = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Keep a corrected variant beside the one it corrects, and approve it."""
    from core import review  # noqa: PLC0415 - kept out of --help
    from core.review.editing import draft, finish  # noqa: PLC0415

    store = _store(workspace)
    item = _item(store, augmentation_id)
    made = draft(item.variant, text)
    if span is not None:
        made = made.with_spans([_span(each) for each in span])
    if relation is not None:
        if item.variant.relation is None:
            raise BadInput("the variant has no head and tail, whose relation could be corrected")
        made = replace(made, label=relation)
    variant = finish(item.variant, made)
    caption = item.augmentation.caption if caption is None else caption
    kept = review.edit(store, item.augmentation, variant, by=local(reviewer), caption=caption)
    lines = [f"{kept.id}: {_flat(kept.answer)}", *(f"Lost: {_flat(name)}" for name in made.lost)]
    answer({"variant": kept.id, "lost": list(made.lost)}, as_json=as_json, lines=lines)


def undo(reviewer: Reviewer, workspace: Workspace = None, as_json: AsJson = False) -> None:
    """Take back the latest act of a reviewer, whole."""
    from core import review  # noqa: PLC0415 - kept out of --help

    undone = review.undo(_store(workspace), by=local(reviewer))
    document = {"undone": [{"variant": each.augmentation_id, "choice": each.choice} for each in undone]}
    answer(document, as_json=as_json, lines=[f"{each.augmentation_id}: {each.choice} taken back" for each in undone])


def agreement(workspace: Workspace = None, as_json: AsJson = False) -> None:
    """Say how far the queue is, how much each reviewer did, and how far they agree."""
    from core.review import agreement as between  # noqa: PLC0415 - kept out of --help

    store = _store(workspace)
    tally, voters = store.queue.tally(), store.queue.voters()
    kappas, alpha = between.kappas(store), between.alpha(store)
    lines = [", ".join(f"{count:,} {state}" for state, count in tally.items())]
    lines += [f"{_flat(name)}: {count:,} votes" for name, count in voters.items()]
    lines += [f"κ of {_flat(a)} and {_flat(b)}: {_coefficient(each)}" for (a, b), each in kappas.items()]
    lines.append(f"α of all: {_coefficient(alpha)}")
    document = {
        "states": tally,
        "reviewers": voters,
        "kappa": [{"reviewers": list(pair), **vars(each)} for pair, each in kappas.items()],
        "alpha": vars(alpha),
    }
    answer(document, as_json=as_json, lines=lines)


def rules(
    votes: Annotated[
        int | None, typer.Option(min=1, max=MAX_VOTES, help="Reviewers who must agree on a variant.")
    ] = None,
    blind: Annotated[bool | None, typer.Option("--blind/--open", help="Hide others' votes before one's own.")] = None,
    reviewer: Annotated[str, typer.Option(help="Who changes them.")] = "",
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Show the workspace's rules of review, or change them."""
    from core.review.rules import change  # noqa: PLC0415 - kept out of --help

    store = _store(workspace)
    held = store.queue.rules()
    if votes is not None or blind is not None:
        held = Rules(votes=votes or held.votes, blind=held.blind if blind is None else blind)
        change(store, held, by=local(reviewer))
    seen = "hidden before one's own" if held.blind else "seen by all"
    answer(vars(held), as_json=as_json, lines=[f"{held.votes} votes must agree; others' votes are {seen}."])


def guidelines(
    write: Annotated[Path | None, typer.Option(help="Markdown file whose words take their place.")] = None,
    reviewer: Annotated[str, typer.Option(help="Who changes them.")] = "",
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Show the guidelines for reviewers, or put others in their place; those before stay beside them."""
    from core.review import guidelines  # noqa: PLC0415 - kept out of --help

    folder = Settings.read(workspace=workspace).workspace
    if write is not None:
        guidelines.write(folder, _words(write), by=local(reviewer))
    text = guidelines.read(folder)
    answer({"guidelines": text}, as_json=as_json, lines=[printable(text.rstrip())])


def opinions(
    student: Annotated[str | None, typer.Option(help="Who is asked about tweets; 'doctor' lists them.")] = None,
    relation_student: Annotated[str | None, typer.Option(help="Who is asked about pairs of mentions.")] = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Ask the students about all variants. Ctrl-C stops; the same command goes on."""
    from core.review.opinions import ask_all  # noqa: PLC0415 - torch is slow to import

    with progress("opinions") as bar:
        bench = workbench(student=student, relation_student=relation_student, workspace=workspace)
        asked = ask_all(bench, lambda done, total: bar(done, total, ""))
    answer({"asked": asked}, as_json=as_json, lines=[f"The students were asked about {asked:,} variants."])


def _filter(**wanted: Any) -> Filter:
    try:
        return Filter(**wanted)
    except ValidationError as error:
        raise BadInput(f"no variants can be chosen by {complaint(error)}") from None


def _store(workspace: Path | None) -> Store:
    return Store(Settings.read(workspace=workspace).workspace)


def _item(store: Store, augmentation_id: str) -> Item:
    item = store.queue.find(augmentation_id)
    if item is None:
        raise BadInput(f"no variant has the id {augmentation_id!r}: 'review list' shows those there are")
    return item


def _words(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read as text ({error}); name a markdown file in UTF-8") from error


def _span(text: str) -> Entity:
    start, _, rest = text.partition(":")
    end, _, kind = rest.partition(":")
    if not (start.isdecimal() and end.isdecimal() and kind and int(start) < int(end)):
        raise BadInput(f"a span is START:END:TYPE, such as 0:2:PER, not {text!r}")
    return Entity(start=int(start), end=int(end), type=kind)


def _document(item: Item) -> dict[str, Any]:
    return {
        "id": item.augmentation.id,
        "state": item.state,
        "kind": item.augmentation.kind,
        "model": item.augmentation.maker.model,
        "text": item.variant.text,
        **ends_of(item.variant),
        **({"relation": item.variant.relation.label} if item.variant.relation else {}),
        "parent": item.parent.text,
        "votes": item.votes,
        "disputed": item.disputed,
        "margin": item.augmentation.verdict.margin if item.augmentation.verdict else None,
        "uncertainty": item.uncertainty,
        "changes": item.changes,
    }


def _line(made: Augmentation) -> str:
    from core.review.wording import in_a_line  # noqa: PLC0415 - kept out of --help

    return _flat(in_a_line(made))


def _flat(text: str) -> str:
    return one_line(text)[:200]


def _coefficient(agreed: Any) -> str:
    where = f"over {agreed.variants:,} variants"
    return f"undefined: {agreed.undefined}" if agreed.value is None else f"{agreed.value:.3f} {where}"
