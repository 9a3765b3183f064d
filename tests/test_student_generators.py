"""What stands where knowledge would: each generator, and equation 1."""

import pytest
import torch
from transformers import DistilBertConfig, DistilBertModel, ElectraConfig, ElectraModel

from core.errors import BadInput
from core.student import files
from core.student.config import StudentConfig
from tests import tiny
from tests.students import GENERATORS, LABELS, TWEET, logits, tweet


def test_the_prompt_follows_the_tweet(untrained):
    student, views = untrained
    batch = views.collate([views.encode(tweet(*words), []) for words in (("ana", "!"), ("rome", "!"))])
    x = student.embedding(batch.text)
    p = student.generator.prompt(x, batch.text_mask)
    assert p.shape == (2, 4, 32)
    assert not torch.allclose(p[0], p[1])


def test_the_prompt_looks_at_words_alone_never_at_padding(untrained):
    student, views = untrained
    batch = views.collate([views.encode(tweet(*words), []) for words in (("ana",), TWEET)])
    generator = student.generator
    attention = generator.layers[0].weights(generator.queries, student.embedding(batch.text), batch.text_mask)
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(2, 4))
    assert (attention[0, :, 3:] == 0).all()


def test_the_prompt_is_equation_1(untrained):
    student, views = untrained
    batch = views.collate([views.encode(tweet(*TWEET), [])])
    x = student.embedding(batch.text)
    queries, layer = student.generator.queries, student.generator.layers[0]
    words = x[0, batch.text_mask[0]]
    scores = (queries @ layer.to_query.weight.T) @ (words @ layer.to_key.weight.T).T / 32**0.5
    expected = scores.softmax(dim=-1) @ (words @ layer.to_value.weight.T)
    torch.testing.assert_close(student.generator.prompt(x, batch.text_mask)[0], expected)


@pytest.mark.parametrize("name", GENERATORS)
def test_each_generator_reads_a_tweet_as_it_would_in_any_batch_and_learns_if_it_can(tiny_encoder, name):
    torch.manual_seed(1)
    config = StudentConfig(encoder=str(tiny_encoder), labels=LABELS, prompt_length=4, max_length=48, generator=name)
    made = files.new(config)
    made[0].eval()
    alone = logits(made, [(("bob", "!"), [])], "without_knowledge")
    beside = logits(made, [(TWEET * 3, []), (("bob", "!"), [])], "without_knowledge")[1:, :2]
    torch.testing.assert_close(beside, alone, atol=1e-5, rtol=1e-4)
    batch = made[1].collate([made[1].encode(tweet(*TWEET), [])])
    made[0].without_knowledge(batch).square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in made[0].generator.parameters())


@pytest.mark.parametrize("parts", [*({"generator": name} for name in GENERATORS), {"prompt_source": "contextual"}])
def test_no_generator_looks_at_knowledge(tiny_encoder, parts):
    made = files.new(StudentConfig(encoder=str(tiny_encoder), labels=LABELS, prompt_length=4, max_length=48, **parts))
    made[0].eval()
    one, other = ([(TWEET, [text])] for text in ("a city .", "bob works at acme . the singer ."))
    assert torch.equal(logits(made, one, "without_knowledge"), logits(made, other, "without_knowledge"))


def test_a_bare_tweet_without_knowledge_is_the_same_in_both_views(tiny_encoder):
    torch.manual_seed(1)
    made = files.new(StudentConfig(encoder=str(tiny_encoder), labels=LABELS, max_length=48, generator="bare"))
    made[0].eval()
    views = (logits(made, [(TWEET, [])], view) for view in ("with_knowledge", "without_knowledge"))
    torch.testing.assert_close(*views)


def test_words_keep_their_positions_under_a_prefix(tiny_encoder):
    torch.manual_seed(1)
    config = StudentConfig(encoder=str(tiny_encoder), labels=LABELS, prompt_length=4, max_length=48, generator="prefix")
    made = files.new(config)
    student, _ = made
    student.eval()
    bare = logits(made, [(TWEET, [])], "with_knowledge")
    assert not torch.allclose(logits(made, [(TWEET, [])], "without_knowledge"), bare)
    seen = []
    student.encoder.embeddings.position_embeddings.register_forward_hook(lambda _, ids, __: seen.append(ids[0]))
    logits(made, [(TWEET, [])], "without_knowledge")
    assert seen[0].tolist() == [list(range(8))]  # the tweet, both marks and one place of padding


def test_a_prefix_needs_an_encoder_that_takes_one(tmp_path):
    folder = tiny.encoder(tmp_path / "bert")
    DistilBertModel(
        DistilBertConfig(vocab_size=len(tiny.WORDS) + 5, dim=32, n_layers=1, n_heads=2, hidden_dim=64)
    ).save_pretrained(tmp_path / "distil")
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "distil" / file).write_bytes((folder / file).read_bytes())
    config = StudentConfig(encoder=str(tmp_path / "distil"), labels=LABELS, generator="prefix", max_length=48)
    with pytest.raises(BadInput, match=r"'prefix' needs an encoder that takes past_key_values.*DistilBertModel"):
        files.new(config)


def electra(folder):
    """An encoder whose word embeddings are narrower than its states."""
    source = tiny.encoder(folder / "bert")
    config = ElectraConfig(
        vocab_size=len(tiny.WORDS) + 5,
        embedding_size=16,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    ElectraModel(config).save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).write_bytes((source / file).read_bytes())
    return str(folder)


@pytest.mark.parametrize("name", GENERATORS)
def test_word_embeddings_may_be_narrower_than_states(tmp_path, name):
    made = files.new(StudentConfig(encoder=electra(tmp_path), labels=LABELS, generator=name, max_length=48))
    assert logits(made, [(TWEET, [])], "without_knowledge").shape == (1, 5, len(LABELS))


def test_a_prompt_from_states_that_are_wider_than_word_embeddings_is_refused(tmp_path):
    config = StudentConfig(encoder=electra(tmp_path), labels=LABELS, prompt_source="contextual", max_length=48)
    with pytest.raises(BadInput, match="ElectraModel's are 32 and 16 wide: choose 'embeddings'"):
        files.new(config)


@pytest.mark.parametrize("change", [{"prompt_layers": 3}, {"prompt_source": "contextual"}])
def test_the_conditional_prompt_may_look_again_or_at_the_encoders_states(tiny_encoder, change):
    torch.manual_seed(1)
    config = {"encoder": str(tiny_encoder), "labels": LABELS, "prompt_length": 4, "max_length": 48}
    plain, other = (files.new(StudentConfig(**config, **each)) for each in ({}, change))
    for made in (plain, other):
        made[0].eval()
    other[0].load_state_dict(plain[0].state_dict(), strict=False)
    one, two = (logits(made, [(TWEET, [])], "without_knowledge") for made in (plain, other))
    assert not torch.allclose(one, two)
