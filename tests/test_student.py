"""The student: its two views, its prompt and its losses, on a tiny encoder of the real class."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from transformers import DistilBertConfig, DistilBertModel, ElectraConfig, ElectraModel, T5Config, T5Model

from core import registry
from core.domain import Relation, Sample, Span
from core.errors import BadInput, Unavailable
from core.student import encoder, files, heads, losses
from core.student.config import StudentConfig
from core.student.model import Student
from core.student.views import IGNORED, ViewBuilder
from tests import tiny

LABELS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
TWEET = ("ana", "goes", "to", "paris", "!")
GENERATORS = ("bare", "conditional", "prefix", "unconditional")


def tweet(*words: str) -> Sample:
    return Sample.from_tokens(words)


def pair(words: tuple[str, ...], head: tuple[int, int], tail: tuple[int, int]) -> Sample:
    """Two mentions, whose relation is not known."""
    head_, tail_ = (Span(start=start, end=end) for start, end in (head, tail))
    return Sample.from_tokens(words, task="mre", relation=Relation(head=head_, tail=tail_))


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
    batch = views.collate([views.encode(tweet(*tokens), known) for tokens, known in items])
    with torch.inference_mode():
        return getattr(student, view)(batch)


def test_both_views_begin_with_the_same_ids(made):
    encoded = made[1].encode(tweet(*TWEET), ["a city .", "ana says ."])
    assert encoded.knowledge[: len(encoded.text)] == encoded.text
    assert encoded.places == [1, 2, 3, 4, 5]


def test_a_word_is_labelled_at_its_first_sub_word(made):
    encoded = made[1].encode(tweet("plays", "playing", "bob"), [])
    assert encoded.places == [1, 3, 5]


@pytest.mark.parametrize("token", ["\ufe0f", "\u200b", "\u200d", "\u00a0", "\x92", "\ufffd"])
def test_a_word_that_vanishes_in_the_tokenizer_still_has_a_place(made, token):
    encoded = made[1].encode(tweet("ana", token, "bob"), [])
    assert encoded.places == [1, 2, 3]
    assert logits(made, [(("ana", token, "bob"), [])], "without_knowledge").shape == (1, 3, len(LABELS))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(alphabet="abc .", max_size=200), max_size=5))
def test_every_word_of_the_tweet_survives_any_knowledge(made, knowledge):
    encoded = made[1].encode(tweet(*TWEET), knowledge)
    assert encoded.knowledge[: len(encoded.text)] == encoded.text
    assert len(encoded.knowledge) <= 48


def test_knowledge_is_cut_between_sentences(made):
    sentence = "ana goes to paris ."
    encoded = made[1].encode(tweet(*TWEET), [" ".join([sentence] * 20)])
    room = 48 - len(encoded.text) - 1
    assert len(encoded.knowledge) == len(encoded.text) + room // 5 * 5 + 1


def test_a_tweet_that_leaves_no_room_for_the_prompt_is_refused_with_both_numbers(made):
    with pytest.raises(BadInput, match=r"60 sub-words.*at most 42"):
        made[1].encode(tweet(*["ana"] * 60), [])


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
    batch = views.collate([views.encode(tweet(*words), []) for words in (("ana", "!"), ("rome", "!"))])
    x = student.embedding(batch.text)
    p = student.generator.prompt(x, batch.text_mask)
    assert p.shape == (2, 4, 32)
    assert not torch.allclose(p[0], p[1])


def test_padding_to_a_stride_never_leads_beyond_what_the_encoder_reads(folder):
    config = StudentConfig(encoder=str(folder), labels=LABELS, max_length=128, prompt_length=11)
    made = files.new(config)
    longest = ("ana",) * (128 - 11 - 2)
    assert logits(made, [(longest, ["a city . " * 50])], "without_knowledge").shape[1] == len(longest)
    assert logits(made, [(longest, ["a city . " * 50])], "with_knowledge").shape[1] == len(longest)


def test_the_prompt_looks_at_words_alone_never_at_padding(made):
    student, views = made
    batch = views.collate([views.encode(tweet(*words), []) for words in (("ana",), TWEET)])
    generator = student.generator
    attention = generator.layers[0].weights(generator.queries, student.embedding(batch.text), batch.text_mask)
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(2, 4))
    assert (attention[0, :, 3:] == 0).all()


def test_the_prompt_is_equation_1(made):
    student, views = made
    batch = views.collate([views.encode(tweet(*TWEET), [])])
    x = student.embedding(batch.text)
    queries, layer = student.generator.queries, student.generator.layers[0]
    words = x[0, batch.text_mask[0]]
    scores = (queries @ layer.to_query.weight.T) @ (words @ layer.to_key.weight.T).T / 32**0.5
    expected = scores.softmax(dim=-1) @ (words @ layer.to_value.weight.T)
    torch.testing.assert_close(student.generator.prompt(x, batch.text_mask)[0], expected)


def random_log_p(*shape: int) -> torch.Tensor:
    return torch.randn(*shape).log_softmax(-1)


def test_the_distillation_loss_is_zero_for_equal_views():
    same = random_log_p(2, 3, 5)
    mask = torch.tensor([[True, True, True], [True, False, False]])
    assert losses.kl(same, same.clone(), mask).item() == pytest.approx(0, abs=1e-6)
    assert losses.kl(same, random_log_p(2, 3, 5), mask).item() > 0.01


def test_the_distillation_loss_is_the_kl_divergence_summed_over_words():
    teacher, student = random_log_p(2, 2, 3), random_log_p(2, 2, 3)
    by_word = (teacher.exp() * (teacher - student)).sum(-1)
    expected = by_word[0, 0] + by_word[0, 1] + by_word[1, 0]
    mask = torch.tensor([[True, True], [True, False]])
    torch.testing.assert_close(losses.kl(teacher, student, mask), expected)


@pytest.fixture(scope="module", params=("linear", "crf"))
def head(request):
    torch.manual_seed(0)
    made = registry.find(heads, "head", request.param).Head(width=8, labels=3, dropout=0.0)
    for name, weight in made.named_parameters():
        if "classifier" not in name:  # the scores of a chain begin at 0
            torch.nn.init.normal_(weight)
    return made


def test_no_gradient_reaches_the_teachers_emissions_or_transitions_through_the_distillation_loss(head):
    mask = torch.ones(1, 2, dtype=torch.bool)
    teacher, student = (torch.randn(1, 2, 3, requires_grad=True) for _ in range(2))
    answer = head.log_posteriors(student, mask).detach().requires_grad_()  # so that only the teacher's way is left
    losses.kl(head.log_posteriors(teacher, mask), answer, mask).backward()
    assert teacher.grad is None
    assert all(weight.grad is None for weight in head.parameters())
    assert answer.grad is not None
    losses.kl(head.log_posteriors(teacher, mask), head.log_posteriors(student, mask), mask).backward()
    assert teacher.grad is None
    assert student.grad.abs().sum() > 0


def test_padding_takes_no_part_in_what_a_head_reads(head):
    mask = torch.tensor([[True, True, False], [True, True, True]])
    labels = torch.tensor([[1, 2, IGNORED], [0, 1, 2]])
    logits_ = torch.randn(2, 3, 3)
    changed = logits_.clone()
    changed[0, 2] += 5
    torch.testing.assert_close(head.nll(logits_, labels, mask), head.nll(changed, labels, mask))
    for read in (head.log_posteriors, head.decode):
        assert torch.equal(read(logits_, mask)[mask], read(changed, mask)[mask])


def test_what_nobody_labelled_takes_no_part_in_the_nll(head):
    mask = torch.tensor([[True, True], [True, True]])
    logits_ = torch.randn(2, 2, 3)
    labels = torch.tensor([[1, 2], [IGNORED, IGNORED]])
    torch.testing.assert_close(head.nll(logits_, labels, mask), head.nll(logits_[:1], labels[:1], mask[:1]))


def test_posteriors_are_distributions_and_temperature_flattens_them(head):
    mask = torch.ones(2, 3, dtype=torch.bool)
    logits_ = torch.randn(2, 3, 3)
    for temperature in (1.0, 4.0):
        log_p = head.log_posteriors(logits_, mask, temperature)
        torch.testing.assert_close(log_p.exp().sum(-1), torch.ones(2, 3))
    assert head.log_posteriors(logits_, mask, 4.0).max() < head.log_posteriors(logits_, mask, 1.0).max()


@pytest.mark.parametrize("name", GENERATORS)
def test_each_generator_reads_a_tweet_as_it_would_in_any_batch_and_learns_if_it_can(folder, name):
    torch.manual_seed(1)
    config = StudentConfig(encoder=str(folder), labels=LABELS, prompt_length=4, max_length=48, generator=name)
    made = files.new(config)
    made[0].eval()
    alone = logits(made, [(("bob", "!"), [])], "without_knowledge")
    beside = logits(made, [(TWEET * 3, []), (("bob", "!"), [])], "without_knowledge")[1:, :2]
    torch.testing.assert_close(beside, alone, atol=1e-5, rtol=1e-4)
    batch = made[1].collate([made[1].encode(tweet(*TWEET), [])])
    made[0].without_knowledge(batch).square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in made[0].generator.parameters())


def test_a_bare_tweet_without_knowledge_is_the_same_in_both_views(folder):
    torch.manual_seed(1)
    made = files.new(StudentConfig(encoder=str(folder), labels=LABELS, max_length=48, generator="bare"))
    made[0].eval()
    views = (logits(made, [(TWEET, [])], view) for view in ("with_knowledge", "without_knowledge"))
    torch.testing.assert_close(*views)


def test_words_keep_their_positions_under_a_prefix(folder):
    torch.manual_seed(1)
    config = StudentConfig(encoder=str(folder), labels=LABELS, prompt_length=4, max_length=48, generator="prefix")
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


def test_an_encoder_with_a_decoder_is_refused(tmp_path):
    source = tiny.encoder(tmp_path / "bert")
    T5Model(T5Config(vocab_size=50, d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=2)).save_pretrained(tmp_path)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / file).write_bytes((source / file).read_bytes())
    with pytest.raises(Unavailable, match="has a decoder as well"):
        encoder.load(str(tmp_path))


@pytest.mark.parametrize("change", [{"prompt_layers": 3}, {"prompt_source": "contextual"}])
def test_the_conditional_prompt_may_look_again_or_at_the_encoders_states(folder, change):
    torch.manual_seed(1)
    config = {"encoder": str(folder), "labels": LABELS, "prompt_length": 4, "max_length": 48}
    plain, other = (files.new(StudentConfig(**config, **each)) for each in ({}, change))
    for made in (plain, other):
        made[0].eval()
    other[0].load_state_dict(plain[0].state_dict(), strict=False)
    one, two = (logits(made, [(TWEET, [])], "without_knowledge") for made in (plain, other))
    assert not torch.allclose(one, two)


def test_markers_stand_around_head_and_tail_in_both_views(folder):
    _, views = files.new(StudentConfig(encoder=str(folder), labels=("None",), head="relation", max_length=48))
    encoded = views.encode(pair(TWEET, (3, 4), (0, 1)), ["a city ."])
    begins, ends, tail_begins, tail_ends = -1, -2, -3, -4
    ana, goes, to, paris, sign = views.tokenizer.convert_tokens_to_ids(list(TWEET))
    assert encoded.text[1:-1] == [tail_begins, ana, tail_ends, goes, to, begins, paris, ends, sign]
    assert encoded.places == [6, 1]
    assert encoded.knowledge[: len(encoded.text)] == encoded.text


@pytest.mark.parametrize(
    ("head", "tail", "expected"),
    [
        ((0, 3), (1, 2), [-1, 0, -3, 1, -4, 2, -2]),  # nested
        ((1, 3), (0, 3), [-3, 0, -1, 1, 2, -2, -4]),  # with a common end
        ((0, 2), (1, 3), [-1, 0, -3, 1, -2, 2, -4]),  # crossing
        ((0, 1), (1, 2), [-1, 0, -2, -3, 1, -4, 2]),  # adjoining
        ((0, 3), (0, 3), [-1, -3, 0, 1, 2, -4, -2]),  # the same
    ],
)
def test_markers_of_mentions_that_overlap_are_nested_where_they_can_be(folder, head, tail, expected):
    _, views = files.new(StudentConfig(encoder=str(folder), labels=("None",), head="relation", max_length=48))
    words = ("ana", "bob", "carla")
    number = {views.tokenizer.convert_tokens_to_ids(word): at for at, word in enumerate(words)}
    encoded = views.encode(pair(words, head, tail), [])
    assert [number.get(each, each) for each in encoded.text[1:-1]] == expected
    assert [encoded.text[place] for place in encoded.places] == [-1, -3]


def test_relations_are_asked_for_once_a_sample_and_markers_learn(folder):
    torch.manual_seed(1)
    student, views = files.new(
        StudentConfig(encoder=str(folder), labels=("None", "lives in"), head="relation", max_length=48)
    )
    samples = [pair(TWEET, (0, 1), (3, 4)), pair(("bob", "works"), (0, 1), (1, 2))]
    batch = views.collate([views.encode(sample, []) for sample in samples], [[1], [0]])
    answer = student.with_knowledge(batch)
    assert answer.shape == (2, 1, 2)
    assert batch.asked.tolist() == [[True], [True]]
    student.head.nll(answer, batch.labels, batch.asked).backward()
    assert (student.markers.grad.abs().sum(dim=1)[[0, 2]] > 0).all()
    with pytest.raises(BadInput, match="has no head and tail"):
        views.encode(tweet(*TWEET), [])


def test_a_saved_student_answers_as_before_and_leaves_out_the_encoders_own_embeddings(made, tmp_path):
    student, _ = made
    files.save(student, tmp_path)
    again = files.load(tmp_path)
    before = logits(made, [(TWEET, ["a city ."])], "with_knowledge")
    after = logits(again, [(TWEET, ["a city ."])], "with_knowledge")
    torch.testing.assert_close(before, after, atol=2e-2, rtol=2e-2)  # half precision on disk
    names = files.load_file(tmp_path / files.WEIGHTS).keys()
    assert "generator.queries" in names
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


def test_an_encoder_says_how_long_its_rows_may_be(folder):
    with pytest.raises(BadInput, match=r"max_length is 512, but .* reads at most 128"):
        files.new(StudentConfig(encoder=str(folder), labels=LABELS, max_length=512))


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


@pytest.mark.parametrize(("field", "value"), [("head", "tree"), ("generator", "oracle"), ("prompt_length", 50)])
def test_a_student_that_cannot_be_is_refused(field, value):
    with pytest.raises(ValidationError, match=str(value)):
        StudentConfig(labels=LABELS, max_length=50, **{field: value})
