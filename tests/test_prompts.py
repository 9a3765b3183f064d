"""Prompt files: what they say, and how a broken one is refused."""

from pathlib import Path

import pytest

from core import prompts
from core.errors import BadInput

PAPER = {
    "noun": "Help me explain the meaning of special words for understanding.",
    "sentence": "Explain the sentence to me with necessary background.",
    "multimodality": "What is the relation between the text and the attached image?",
    "style": "Transform the sentence in Twitter style without changing the meaning.",
    "entity": "Whether the sentence is possible in fact, answer yes or no.",
    "image": "What is a possible image with the text in a tweet?",
}


def values(prompt: prompts.Prompt) -> dict[str, str]:
    return {place: f"a {place} of mine" for place in prompt.places}


def write(folder: Path, content: str, name: str = "noun") -> str:
    (folder / f"{name}.toml").write_text(content, encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize("name", prompts.NAMES)
def test_the_paper_set_asks_in_the_papers_words(name: str) -> None:
    prompt = prompts.load("paper", name)
    (message,) = prompt.messages(**values(prompt))
    assert message["content"].startswith(f"{PAPER[name]}\na text of mine")


@pytest.mark.parametrize("name", prompts.NAMES)
def test_the_local_set_asks_the_same_after_one_worked_example(name: str) -> None:
    prompt = prompts.load("local", name)
    messages = prompt.messages(**values(prompt))
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert PAPER[name] in messages[-1]["content"]
    assert "a text of mine" in messages[-1]["content"]


def test_only_the_multimodality_prompt_takes_a_caption() -> None:
    taking = [name for name in prompts.NAMES if "caption" in prompts.load("paper", name).places]
    assert taking == ["multimodality"]


def test_only_the_papers_set_is_a_dialogue() -> None:
    assert prompts.is_dialogue("paper")
    assert not prompts.is_dialogue("local")


@pytest.mark.parametrize("tweet", ["{caption} {text} {0} {", "$text ${caption} %s", "{{}}", '"""\n[example]'])
def test_braces_and_dollars_in_a_tweet_are_only_text(tweet: str) -> None:
    content = prompts.load("paper", "multimodality").messages(text=tweet, caption="a cat")[0]["content"]
    assert tweet in content
    assert content.endswith("a cat")


def test_a_missing_value_is_named() -> None:
    with pytest.raises(BadInput, match=r"needs \{caption\}"):
        prompts.load("paper", "multimodality").messages(text="hello")


def test_an_unknown_value_is_named() -> None:
    with pytest.raises(BadInput, match=r"no place for \{caption\}"):
        prompts.load("paper", "noun").messages(text="hello", caption="a cat")


def test_an_edit_changes_the_version(tmp_path: Path) -> None:
    folder = write(tmp_path, 'version = 3\nmax_tokens = 9\nquestion = "Explain {text}"')
    before = prompts.load(folder, "noun").version
    write(tmp_path, 'version = 3\nmax_tokens = 9\nquestion = "Explain: {text}"')
    after = prompts.load(folder, "noun").version
    assert before.startswith(f"{tmp_path.name}/noun@3+")
    assert before != after


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('version = 1\nmax_tokens = 9\nquestion = "{text}"\ntemprature = 1', "temprature = 1: "),
        ('max_tokens = 9\nquestion = "{text}"', "version"),
        ('version = 1\nmax_tokens = 0\nquestion = "{text}"', "max_tokens"),
        ('version = 1\nmax_tokens = 9\nquestion = "{tweet}"', "tweet"),
        ("version = ", "noun.toml"),
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        prompts.load(write(tmp_path, content), "noun")


def test_an_example_must_fill_the_question(tmp_path: Path) -> None:
    content = 'version = 1\nmax_tokens = 9\nquestion = "{text} {caption}"\n[example]\ntext = "hi"\nanswer = "yo"'
    with pytest.raises(BadInput, match=r"needs \{caption\}"):
        prompts.load(write(tmp_path, content), "noun")


def test_an_example_may_hold_all_that_its_question_asks_for(tmp_path: Path) -> None:
    question = 'version = 1\nmax_tokens = 9\nquestion = "{text} {knowledge} {words}"\n'
    example = '[example]\ntext = "a"\nknowledge = "b"\nwords = "c"\nanswer = "d"'
    folder = write(tmp_path, question + example, "summary")
    messages = prompts.load(folder, "summary").messages(text="1", knowledge="2", words="3")
    assert [message["content"] for message in messages] == ["a b c", "d", "1 2 3"]
    question = 'version = 1\nmax_tokens = 9\nquestion = "{text}"\n'
    write(tmp_path, question + '[example]\ntext = "a"\nwrods = "b"\nanswer = "d"')
    with pytest.raises(BadInput, match=r"no place for \{wrods\}"):
        prompts.load(folder, "noun")


def test_the_versions_of_the_sets_are_those_that_answers_are_kept_under() -> None:
    assert prompts.load("local", "noun").version == "local/noun@1+0040b372"


def test_a_missing_prompt_or_set_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"noun\.toml does not exist"):
        prompts.load(str(tmp_path), "noun")
    with pytest.raises(BadInput, match="local, paper"):
        prompts.load("hosted", "noun")
