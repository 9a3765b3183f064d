"""CoNLL's columns, BIO and BIOES, as others write them."""

from pathlib import Path

import pytest

from core import corpora
from core.corpora import Row
from core.errors import BadInput
from tests.ada import ADA

conll, bioes = corpora.find("conll_bio"), corpora.find("conll_bioes")


def test_bioes_marks_the_last_word_and_the_single_one(file: Path) -> None:
    bioes.write([Row(ADA)], file)
    tags = [line.partition("\t")[2] for line in file.read_text().splitlines() if "\t" in line]
    assert tags == ["O", "B-PER", "E-PER", "O", "S-LOC", "O", "O"]


def test_a_conll_2003_file_is_read_with_its_columns_and_document_starts(file: Path) -> None:
    file.write_text(
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG \nrejects VBZ B-VP O\n\n# id 7\n# NN O O\n1 CD O I-MISC\n"
    )
    samples = [row.sample for row in conll.read(file)]
    assert [sample.tokens for sample in samples] == [("EU", "rejects"), ("#", "1")]
    assert [entity.type for sample in samples for entity in sample.entities] == ["ORG", "MISC"]


@pytest.mark.parametrize(
    ("tags", "what"),
    [
        ("O B-PER O", "from token 1 has no end before token 2"),
        ("B-PER I-PER", "no end before token 2"),
        ("O E-PER", "goes on with no mention"),
        ("B-PER E-LOC", "no B-LOC is open"),
        ("B-PER B-PER E-PER", "no end before token 1"),
    ],
)
def test_a_broken_chain_of_bioes_is_named(file: Path, tags: str, what: str) -> None:
    file.write_text("a\tO\n\n" + "".join(f"w\t{tag}\n" for tag in tags.split()))
    with pytest.raises(BadInput, match=rf"corpus\.x:3: in the sentence from here, .*{what}.*; 1 samples read before"):
        bioes.read(file)


@pytest.mark.parametrize("line", ["word", "word\t", "\tO", "word X-PER", "word\tB-"])
def test_a_broken_conll_line_is_named(file: Path, line: str) -> None:
    file.write_text(f"a\tO\nb\tO\n{line}\n")
    with pytest.raises(BadInput, match=r"corpus\.x:3: "):
        conll.read(file)
