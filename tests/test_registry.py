"""Parts are found by the names of their files, and none is imported before it is asked for."""

import subprocess
import sys

import pytest

from core import captioners, corpora, registry, teachers
from core.errors import BadInput, Unavailable


def test_files_with_an_underscore_are_no_parts() -> None:
    assert registry.names(captioners) == ["blip2", "describe", "lavis", "vision"]
    assert registry.names(teachers) == ["embedded", "endpoint"]
    forms = ["conll_bio", "conll_bioes", "huggingface", "jsonl", "label_studio", "mnre", "spacy", "twitter"]
    assert registry.names(corpora) == forms


@pytest.mark.parametrize("name", ["nope", "", "_chat", "../endpoint", "endpoint.load"])
def test_what_is_no_part_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(BadInput, match=r"no teacher is called .*; there are: embedded, endpoint"):
        teachers.find(name)


def test_a_form_whose_package_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "core.corpora.spacy", raising=False)
    monkeypatch.setitem(sys.modules, "spacy.tokens", None)  # as if it were not installed
    with pytest.raises(Unavailable, match=r"needs the package 'spacy'; pip install -r requirements-spacy\.txt"):
        corpora.find("spacy")


def test_a_message_calls_a_corpus_form_by_its_name() -> None:
    with pytest.raises(BadInput, match=r"no form of a corpus is called 'xml'; there are: conll_bio, .*, twitter"):
        corpora.find("xml")


def test_listing_imports_nothing() -> None:
    code = "import sys; from core import captioners; captioners.names(); print('core.captioners.blip2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "False"
