"""spaCy's DocBin: read by spaCy, and read from others."""

import zlib
from pathlib import Path

import numpy as np
import pytest
import srsly
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from core import corpora
from core.corpora import Row
from core.domain import Entity
from core.errors import BadInput
from tests.ada import ADA

spacy = corpora.find("spacy")


def packed(*docs: Doc) -> bytes:
    return DocBin(store_user_data=True, docs=docs).to_bytes()


def test_a_docbin_of_somebody_else_loses_its_white_space_and_keeps_its_mentions(file: Path) -> None:
    doc = Doc(Vocab(), words=["Ada", "\n\n", "Lovelace", "sings"], spaces=[True, False, True, False])
    doc.ents = [Span(doc, 0, 3, label="PER")]
    plain = Doc(Vocab(), words=["no", "labels"])
    file.write_bytes(packed(doc, plain))
    first, second = (row.sample for row in spacy.read(file))
    assert (first.text, first.tokens) == ("Ada \n\nLovelace sings", ("Ada", "Lovelace", "sings"))
    assert first.entities == (Entity(start=0, end=2, type="PER"),)
    assert second.entities is None


def test_spacy_finds_the_mentions_where_it_expects_them(file: Path) -> None:
    spacy.write([Row(ADA, "a portrait")], file)
    [doc] = DocBin().from_disk(file).get_docs(Vocab())
    assert doc.text == ADA.text
    assert [(each.text, each.label_) for each in doc.ents] == [("Ada Lovelace", "PER"), ("Pa\u0301ris", "LOC")]
    assert doc._.sample["caption"] == "a portrait"


def test_a_docbin_that_unpacks_to_more_than_its_limit_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacy, "MAX_BYTES", 1 << 20)
    file.write_bytes(zlib.compress(bytes(2 << 20)))
    with pytest.raises(BadInput, match="unpacks to over 1 MiB"):
        spacy.read(file)


def test_a_docbin_whose_heads_point_nowhere_is_read_without_them(file: Path) -> None:
    doc = Doc(Vocab(), words=["Ada", "sings"], heads=[1, 1], deps=["nsubj", "ROOT"])
    message = srsly.msgpack_loads(zlib.decompress(packed(doc)))
    tokens = np.frombuffer(message["tokens"], dtype="uint64").copy()
    from spacy.attrs import HEAD

    tokens[message["attrs"].index(HEAD) :: len(message["attrs"])] = 2**40
    message["tokens"] = tokens.tobytes()
    file.write_bytes(zlib.compress(srsly.msgpack_dumps(message)))
    assert [row.sample.tokens for row in spacy.read(file)] == [("Ada", "sings")]
