"""Relations: markers around head and tail, and one answer a pair."""

import pytest
import torch

from core.domain import Relation, Sample, Span
from core.errors import BadInput
from core.student import files
from core.student.config import StudentConfig
from tests.students import TWEET, tweet


def pair(words: tuple[str, ...], head: tuple[int, int], tail: tuple[int, int]) -> Sample:
    """Two mentions, whose relation is not known."""
    head_, tail_ = (Span(start=start, end=end) for start, end in (head, tail))
    return Sample.from_tokens(words, task="mre", relation=Relation(head=head_, tail=tail_))


def test_markers_stand_around_head_and_tail_in_both_views(tiny_encoder):
    _, views = files.new(StudentConfig(encoder=str(tiny_encoder), labels=("None",), head="relation", max_length=48))
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
def test_markers_of_mentions_that_overlap_are_nested_where_they_can_be(tiny_encoder, head, tail, expected):
    _, views = files.new(StudentConfig(encoder=str(tiny_encoder), labels=("None",), head="relation", max_length=48))
    words = ("ana", "bob", "carla")
    number = {views.tokenizer.convert_tokens_to_ids(word): at for at, word in enumerate(words)}
    encoded = views.encode(pair(words, head, tail), [])
    assert [number.get(each, each) for each in encoded.text[1:-1]] == expected
    assert [encoded.text[place] for place in encoded.places] == [-1, -3]


def test_relations_are_asked_for_once_a_sample_and_markers_learn(tiny_encoder):
    torch.manual_seed(1)
    student, views = files.new(
        StudentConfig(encoder=str(tiny_encoder), labels=("None", "lives in"), head="relation", max_length=48)
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
