"""The student: its two views, its prompt and its losses, on a tiny encoder of the real class."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, Unavailable
from core.student import encoder, files, losses
from core.student.model import Student, StudentConfig
from core.student.views import IGNORED, ViewBuilder
from tests import tiny

LABELS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
TWEET = ("ana", "goes", "to", "paris", "!")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    return tiny.encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def made(folder) -> tuple[Student, ViewBuilder]:
    torch.manual_seed(1)
    student, views = files.new(StudentConfig(encoder=str(folder), labels=LABELS, prompt_length=4, max_length=48))
    return student.eval(), views


def logits(made, items, view):
    student, views = made
    batch = views.collate([views.encode(tokens, known) for tokens, known in items])
    with torch.inference_mode():
        return getattr(student, view)(batch)


def test_both_views_begin_with_the_same_ids(made):
    encoded = made[1].encode(TWEET, ["a city .", "ana says ."])
    assert encoded.knowledge[: len(encoded.text)] == encoded.text
    assert encoded.starts == [1, 2, 3, 4, 5]


def test_a_word_is_labelled_at_its_first_sub_word(made):
    encoded = made[1].encode(("plays", "playing", "bob"), [])
    assert encoded.starts == [1, 3, 5]


@pytest.mark.parametrize("token", ["\ufe0f", "\u200b", "\u200d", "\u00a0", "\x92", "\ufffd"])
def test_a_word_that_vanishes_in_the_tokenizer_still_has_a_place(made, token):
    encoded = made[1].encode(("ana", token, "bob"), [])
    assert encoded.starts == [1, 2, 3]
    assert logits(made, [(("ana", token, "bob"), [])], "without_knowledge").shape == (1, 3, len(LABELS))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(alphabet="abc .", max_size=200), max_size=5))
def test_every_word_of_the_tweet_survives_any_knowledge(made, knowledge):
    encoded = made[1].encode(TWEET, knowledge)
    assert encoded.knowledge[: len(encoded.text)] == encoded.text
    assert len(encoded.knowledge) <= 48


def test_knowledge_is_cut_between_sentences(made):
    sentence = "ana goes to paris ."
    encoded = made[1].encode(TWEET, [" ".join([sentence] * 20)])
    room = 48 - len(encoded.text) - 1
    assert len(encoded.knowledge) == len(encoded.text) + room // 5 * 5 + 1


def test_a_tweet_that_leaves_no_room_for_the_prompt_is_refused_with_both_numbers(made):
    with pytest.raises(BadInput, match=r"60 sub-words.*at most 42"):
        made[1].encode(("ana",) * 60, [])


def test_changed_knowledge_leaves_the_text_only_logits_bit_identical(made):
    one = logits(made, [(TWEET, ["a city ."])], "without_knowledge")
    other = logits(made, [(TWEET, ["bob works at acme .", "the singer ."])], "without_knowledge")
    assert torch.equal(one, other)
    assert not torch.equal(
        logits(made, [(TWEET, ["a city ."])], "with_knowledge"),
        logits(made, [(TWEET, ["the singer ."])], "with_knowledge"),
    )


@pytest.mark.parametrize("view", ["with_knowledge", "without_knowledge"])
def test_padding_and_batch_order_do_not_change_logits(made, view):
    short, long = (("bob", "!"), ["a ."]), (TWEET * 3, ["ana goes to rome . " * 3])
    alone = logits(made, [short], view)[0, :2]
    for items, at in (([short, long], 0), ([long, short], 1)):
        torch.testing.assert_close(logits(made, items, view)[at, :2], alone, atol=1e-5, rtol=1e-4)


def test_the_prompt_follows_the_tweet(made):
    student, views = made
    batch = views.collate([views.encode(words, []) for words in (("ana", "!"), ("rome", "!"))])
    x = student.embedding(batch.text)
    p = student.prompt(x, batch.text_mask)
    assert p.shape == (2, 4, 32)
    assert not torch.allclose(p[0], p[1])


def test_the_prompt_looks_at_words_alone_never_at_padding(made):
    student, views = made
    batch = views.collate([views.encode(words, []) for words in (("ana",), TWEET)])
    attention = student.prompt.attention(student.embedding(batch.text), batch.text_mask)
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(2, 4))
    assert (attention[0, :, 3:] == 0).all()


def test_the_prompt_is_equation_1(made):
    student, views = made
    batch = views.collate([views.encode(TWEET, [])])
    x = student.embedding(batch.text)
    prompt = student.prompt
    scores = (prompt.queries @ prompt.to_query.weight.T) @ (x[0] @ prompt.to_key.weight.T).T / 32**0.5
    expected = scores.softmax(dim=-1) @ (x[0] @ prompt.to_value.weight.T)
    torch.testing.assert_close(prompt(x, batch.text_mask)[0], expected)


def test_the_distillation_loss_is_zero_for_equal_views():
    same = torch.randn(2, 3, 5)
    labels = torch.tensor([[0, 1, 2], [0, IGNORED, IGNORED]])
    assert losses.cpd(same, same.clone(), labels).item() == pytest.approx(0, abs=1e-6)
    assert losses.cpd(same, torch.randn(2, 3, 5), labels).item() > 0.01


def test_the_distillation_loss_is_the_kl_divergence_summed_over_words_and_averaged_over_sentences():
    teacher, student = torch.randn(2, 2, 3), torch.randn(2, 2, 3)
    labels = torch.tensor([[0, 1], [2, IGNORED]])
    p, q = teacher.softmax(-1), student.softmax(-1)
    by_word = (p * (p / q).log()).sum(-1)
    expected = (by_word[0, 0] + by_word[0, 1] + by_word[1, 0]) / 2
    torch.testing.assert_close(losses.cpd(teacher, student, labels), expected)


def test_no_gradient_reaches_the_teacher_through_the_distillation_loss():
    teacher, student = torch.randn(1, 2, 3, requires_grad=True), torch.randn(1, 2, 3, requires_grad=True)
    losses.cpd(teacher, student, torch.tensor([[0, 1]])).backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert student.grad.abs().sum() > 0


def test_padding_takes_no_part_in_the_losses():
    logits_, labels = torch.randn(1, 3, 4), torch.tensor([[1, 2, IGNORED]])
    changed = logits_.clone()
    changed[0, 2] += 5
    assert losses.nll(logits_, labels) == losses.nll(changed, labels)
    assert losses.cpd(logits_, logits_ * 2, labels) == losses.cpd(
        changed, torch.cat([logits_[:, :2] * 2, changed[:, 2:]], 1), labels
    )


def test_a_saved_student_answers_as_before_and_leaves_out_the_encoders_own_embeddings(made, tmp_path):
    student, _ = made
    files.save(student, tmp_path)
    again = files.load(tmp_path)
    before = logits(made, [(TWEET, ["a city ."])], "with_knowledge")
    after = logits(again, [(TWEET, ["a city ."])], "with_knowledge")
    torch.testing.assert_close(before, after, atol=2e-2, rtol=2e-2)  # half precision on disk
    names = files.load_file(tmp_path / files.WEIGHTS).keys()
    assert "prompt.queries" in names
    assert not [name for name in names if "word_embeddings" in name or name.startswith("embedding.")]


def test_broken_students_are_refused_by_name(made, tmp_path):
    with pytest.raises(BadInput, match=r"holds no student: student\.json"):
        files.load(tmp_path)
    files.save(made[0], tmp_path)
    (tmp_path / files.WEIGHTS).write_bytes(b"not weights")
    with pytest.raises(BadInput, match=r"student\.safetensors is broken"):
        files.load(tmp_path)
    (tmp_path / files.CONFIG).write_text('{"labels": []}')
    with pytest.raises(BadInput, match=r"student\.json is broken"):
        files.load(tmp_path)


def test_an_encoder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Unavailable, match="nowhere"):
        encoder.load(str(tmp_path / "nowhere"))
