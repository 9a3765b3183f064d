"""Commands on the student: train one, score one, ask one."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core import corpora, images
from core.cli.cases import Workspace, data_folder, ends_of
from core.cli.door import AsJson, answer, command, progress, workbench
from core.domain import GRAINS, Prediction, Sample
from core.errors import BadInput, CotpdError
from core.identity import local
from core.settings import Settings
from core.training.progress import TeacherProgress, Told

if TYPE_CHECKING:
    from core.evaluation.scores import Score
    from core.study import Stage, Study

StudentName = Annotated[str | None, typer.Option(help="Name or folder of a trained student; 'doctor' lists them.")]


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    for function in (train, evaluate, predict):
        app.command()(command(function))


def train(
    config: Annotated[Path, typer.Argument(help="A TOML file; see docs/training.md.")],
    out: Annotated[Path, typer.Option(help="Folder of this training; started again there, it goes on.")],
    data: Annotated[Path | None, typer.Option(help="Folder that the file's paths are relative to.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a student by conditional prompt distillation. Ctrl-C stops; the same command goes on."""
    from core.training.config import TrainConfig  # noqa: PLC0415 - torch is slow to import
    from core.training.trainer import Trainer  # noqa: PLC0415

    root = data_folder(data, Settings.read())
    trainer = Trainer(TrainConfig.read(config), root, out)
    with progress("training", "steps") if trainer.speaks else nullcontext() as bar:

        def show(now: Told) -> None:
            if isinstance(now, TeacherProgress):
                if bar:
                    bar(0, trainer.steps, f"the teacher has labelled {now.done:,} of {now.of:,} samples")
                return
            best = f", best dev F1 {now.best_f1:.2f}" if now.best_f1 is not None else ""
            if bar:
                bar(now.step, now.steps, f"epoch {now.epoch}, loss {now.loss:.2f}{best}")

        result = trainer.run(show)
    if trainer.speaks:
        view = result["chosen_by"].replace("_", " ")
        lines = [f"Trained in {out}; best dev F1 {view} {result['best_dev_f1']:.2f}, in epoch {result['best_epoch']}."]
        for name, views in result["tests"].items():
            lines += [f"{name}, {view.replace('_', ' ')}: F1 {scores['f1']:.2f}" for view, scores in views.items()]
        answer({"folder": str(out), **result}, as_json=as_json, lines=lines)


def evaluate(
    path: Annotated[Path, typer.Option(help="A labelled split.")],
    form: Annotated[str, typer.Option("--format", help=f"Its form: {', '.join(corpora.names())}.")] = "twitter",
    captions: Annotated[Path | None, typer.Option(help="Captions, for the knowledge view.")] = None,
    knowledge: Annotated[Path | None, typer.Option(help="Knowledge, for the knowledge view.")] = None,
    student: StudentName = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Score a student on labelled samples, without and with knowledge: exact spans, or relations but "None"."""
    from core.evaluation.mre import NONE, RelationScores  # noqa: PLC0415 - torch is slow to import
    from core.evaluation.views import evaluate_views  # noqa: PLC0415 - likewise

    settings = Settings.read(student=student, workspace=workspace)
    rows = corpora.find(form).read(path, captions=captions, knowledge=knowledge)
    settings = settings if student else settings.of_task(rows[0].sample.task)
    with progress("evaluating") as bar:
        report = evaluate_views(settings, rows, lambda done, total: bar(done, total, ""))
    document = {"path": str(path), **report.model_dump(include={"student", "samples", "knowledge"})}
    for view, found in report.scores.items():
        document[view] = {**found.model_dump(), "confusion": report.confusion[view].model_dump()}
    lines = [f"{report.student} on {report.samples:,} samples of {path}; knowledge: {report.knowledge}"]
    for view, scores in report.scores.items():
        lines.append("")
        lines.append(_score_line(view.replace("_", " "), scores))
        if isinstance(scores, RelationScores):
            lines.append(f'{scores.label_set}; accuracy with "{NONE}" {scores.accuracy:.2f}')
        lines += [_score_line(name, each) for name, each in scores.by_type.items()]
        lines += report.confusion[view].lines()
    answer(document, as_json=as_json, lines=lines)


def predict(
    text: Annotated[str, typer.Option(help="The tweet.")],
    image: Annotated[Path | None, typer.Option(help="Its picture.")] = None,
    head: Annotated[str | None, typer.Option(help="A mention in it, to find its relation to the tail.")] = None,
    tail: Annotated[str | None, typer.Option(help="The mention that it is related to.")] = None,
    captioner: Annotated[str | None, typer.Option(help="Who describes the picture; 'doctor' lists them.")] = None,
    teacher: Annotated[str | None, typer.Option(help="Who explains the tweet; 'doctor' lists them.")] = None,
    student: StudentName = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Caption, think about and label one tweet, with and without what the teacher knows.

    Its entities are found or, where head and tail are given, their relation.
    """
    from core.study import Stage, StageName, Study  # noqa: PLC0415 - torch is slow to import

    if (head is None) != (tail is None):
        raise BadInput("a relation has two ends: give both --head and --tail, or neither")
    named = {"student" if head is None else "relation_student": student}
    bench = workbench(captioner=captioner, teacher=teacher, workspace=workspace, **named)
    bench.student("mner" if head is None else "mre")  # a wrong name is bad input, not the failure of a stage
    picture = images.read(image) if image else None
    sample = bench.sample(text, picture)
    if head is not None and tail is not None:
        sample = sample.of_pair(head, tail)
    study = Study(bench, sample, picture)
    with progress("studying") as bar:
        seen: dict[StageName, Stage] = {}

        def show(name: StageName, stage: Stage) -> None:
            seen[name] = stage
            done = sum(stage.state not in ("waiting", "working") for stage in seen.values())
            bar(done, len(study.stages()), f"{name.replace('_', ' ')}: {stage.state}")

        study.start(by=local(), variants=())
        try:
            study.follow(show)
        except KeyboardInterrupt:
            study.stop(by=local())
            raise
    document = _document(study)
    answer(document, as_json=as_json, lines=_lines(document))
    if None in (*document["without_knowledge"].values(), *document["with_knowledge"].values()):
        reasons = {**document["problems"], **document["skipped"]}
        raise CotpdError("; ".join(f"{name}: {reason}" for name, reason in reasons.items()))


def _score_line(name: str, scores: "Score") -> str:
    return f"{name:<20} P {scores.precision:6.2f}  R {scores.recall:6.2f}  F1 {scores.f1:6.2f}  of {scores.support:,}"


def _document(study: "Study") -> dict[str, Any]:
    stages = study.stages()
    document: dict[str, Any] = {"id": study.sample.id, "text": study.sample.text, **ends_of(study.sample)}
    document["caption"] = _text(stages["caption"])
    document["knowledge"] = {grain: _text(stages[grain]) for grain in GRAINS}
    for view in ("with_knowledge", "without_knowledge"):
        prediction = stages[view].record
        document[view] = _found(study.sample, prediction if isinstance(prediction, Prediction) else None)
    document["changes"] = [change.sentence for change in study.changes()]
    document["models"] = {name: stage.record.maker.model for name, stage in stages.items() if stage.record}
    document["problems"] = {name: stage.note for name, stage in stages.items() if stage.state == "failed"}
    document["skipped"] = {name: stage.note for name, stage in stages.items() if stage.state == "skipped"}
    return document


def _text(stage: "Stage") -> str | None:
    return getattr(stage.record, "text", None)


def _found(sample: Sample, prediction: Prediction | None) -> dict[str, Any]:
    """The likeliest relations, or mentions with their place in the text: `start` and `end` in Unicode code points."""
    if sample.task == "mre":
        return {"relations": [each.model_dump() for each in prediction.relations] if prediction else None}
    if prediction is None:
        return {"entities": None}
    found = []
    for entity in prediction.entities:
        start, end = sample.characters(entity)
        found.append(
            {"text": sample.mention(entity), "type": entity.type, "start": start, "end": end, "score": entity.score}
        )
    return {"entities": found}


def _lines(document: dict[str, Any]) -> list[str]:
    made = {"caption": document["caption"], **document["knowledge"]}
    lines = [f"{name}: {text}" for name, text in made.items() if text is not None]
    for view in ("without_knowledge", "with_knowledge"):
        match document[view]:
            case {"relations": [*found]}:
                named = ", ".join(f"{each['label']} {each['score']:.0%}" for each in found)
            case {"entities": [*found]}:
                named = ", ".join(f"{each['text']} ({each['type']} {each['score']:.0%})" for each in found) or "nothing"
            case _:
                named = "no answer"
        lines.append(f"{view.replace('_', ' ')}: {named}")
    lines += [f"{name}: {problem}" for name, problem in {**document["problems"], **document["skipped"]}.items()]
    return [*lines, *document["changes"]]
