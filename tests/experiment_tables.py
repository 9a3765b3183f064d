"""Small tables of experiments, as files."""

from pathlib import Path

from core.experiments.tables import Table, Training

ROOT = Path(__file__).parent.parent
BASE = """
title = "A table"
[sources]
"captions.txt" = "good captions"
[base]
epochs = 2
[base.student]
max_length = 64
[base.train]
path = "train.txt"
captions = "captions.txt"
knowledge = "knowledge.txt"
[base.dev]
path = "dev.txt"
[base.test.one]
path = "one.txt"
"""
TWO_ROWS = (
    BASE
    + """
[[rows]]
name = "Row A"
seeds = [1, 2, 3]
paper = { one = 87.5 }
paper_label = "BERT-base, ChatGPT"
[[rows]]
name = "+B"
[rows.change]
epochs = 5
student.generator = "bare"
train.knowledge = ""
"""
)


def table(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text)
    return file


def trainings(file: Path, home: Path) -> list[Training]:
    return Table.read(file).trainings(home)


def rows(*rows: str) -> str:
    """A table whose rows are given by name and what follows it."""
    return BASE + "".join(f"\n[[rows]]\nname = {row}\n" for row in rows)
