"""Encoders of other kinds than BERT, and those that are refused."""

import pytest
import torch
from transformers import T5Config, T5Model

from core.errors import BadInput, Unavailable
from core.student import encoder, files
from core.student.config import StudentConfig
from tests import tiny
from tests.students import GENERATORS, LABELS, tweet


def test_an_encoder_with_a_decoder_is_refused(tmp_path):
    source = tiny.encoder(tmp_path / "bert")
    T5Model(T5Config(vocab_size=50, d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=2)).save_pretrained(tmp_path)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / file).write_bytes((source / file).read_bytes())
    with pytest.raises(Unavailable, match="has a decoder as well"):
        encoder.load(str(tmp_path))


def test_an_encoder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Unavailable, match="nowhere"):
        encoder.load(str(tmp_path / "nowhere"))


def test_an_encoder_says_how_long_its_rows_may_be(tiny_encoder):
    with pytest.raises(BadInput, match=r"max_length is 512, but .* reads at most 128"):
        files.new(StudentConfig(encoder=str(tiny_encoder), labels=LABELS, max_length=512))


def test_an_encoder_whose_positions_begin_behind_the_paddings_is_read_as_its_own_ids_are(tmp_path):
    folder = tiny.xlm_roberta(tmp_path)
    with pytest.raises(BadInput, match=r"max_length is 65, but .* reads at most 64"):
        files.new(StudentConfig(encoder=str(folder), labels=LABELS, max_length=65))
    for name in GENERATORS:
        config = StudentConfig(encoder=str(folder), labels=LABELS, max_length=64, prompt_length=8, generator=name)
        student, views = files.new(config)
        student.eval()
        whole = views.encode(tweet(*["ana"] * 54), ["a city ."])  # with both marks and 8 vectors: 64
        short = views.encode(tweet("bob", "!"), [])
        batch = views.collate([whole, short])
        with torch.inference_mode():
            assert student.without_knowledge(batch).isfinite().all()
            ours = student.with_knowledge(views.collate([short]))
            ids = student.encoder(input_ids=torch.tensor([short.text])).last_hidden_state
            torch.testing.assert_close(ours, student.head(ids[:, short.places]))


def test_a_word_has_the_same_ids_in_the_tweet_as_in_its_knowledge(tmp_path):
    for folder in (tiny.roberta(tmp_path / "roberta"), tiny.encoder(tmp_path / "bert")):
        config = StudentConfig(encoder=str(folder), labels=LABELS, max_length=64, generator="bare")
        _, views = files.new(config)
        row = views.encode(tweet("ana", "goes", "to", "paris"), ["the singer goes to paris"])
        words = [row.text[word.start : word.stop] for word in row.words]
        (section,) = row.sections
        told = row.knowledge[section.start : section.stop]
        assert told[-sum(map(len, words[1:])) :] == [token for word in words[1:] for token in word]


def test_of_an_encoders_layers_the_first_ones_can_be_kept(tiny_encoder):
    config = StudentConfig(encoder=str(tiny_encoder), labels=LABELS, max_length=64, generator="bare")
    (whole, views), (short, _) = (files.new(each) for each in (config, config.model_copy(update={"layers": 1})))
    ids = torch.tensor([views.encode(tweet("ana", "goes"), []).text])
    with torch.inference_mode():
        states = whole.eval().encoder(input_ids=ids, output_hidden_states=True).hidden_states
        torch.testing.assert_close(short.eval().encoder(input_ids=ids).last_hidden_state, states[1])
    assert len(files.trained_weights(short)) < len(files.trained_weights(whole))


def test_more_layers_than_an_encoder_has_are_refused_with_both_numbers(tiny_encoder):
    with pytest.raises(BadInput, match=r"layers is 3, but encoder .* has 2"):
        files.new(StudentConfig(encoder=str(tiny_encoder), labels=LABELS, max_length=64, layers=3))
