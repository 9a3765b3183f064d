"""What a teacher meant to say: its answer without the politeness around it, or why it is no answer.

Small models wrap a tweet in quotes, announce it, explain it, or repeat the question. Only what is surely not part of
the answer goes: a wrapping that the tweet itself has stays.
"""

import re
import unicodedata
from collections.abc import Sequence

from core.augmentation.language import is_other_language
from core.domain import DropReason
from core.domain.sample import MAX_CHARACTERS
from core.domain.tokens import split_words
from core.refusals import is_refusal
from core.teachers import Message

_REASONING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[\w-]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_NEXT_TURN = re.compile(
    r"<\|.*|\n\s*(?:user|human|assistant|system|sentence|question)\s*:.*", re.DOTALL | re.IGNORECASE
)
_COURTESY = r"(?:sure|certainly|of\ course|absolutely|okay|ok)"
_WHAT = r"(?:tweet|twitter|version|sentence|rewrite|image|photo|caption|description)"
_ANNOUNCEMENT = re.compile(
    rf"""(?:{_COURTESY}\b[,!.\s]*)?
    (?: here(?:'s|’s|\ is|\ are)\b[^:\n]*\b{_WHAT}\b[^:\n]*
      | (?:the\ |my\ |a\ )?(?:possible\ |rewritten\ |transformed\ |imagined\ )?(?:twitter[\ -]style\ )?{_WHAT}
      | twitter[\ -](?:style|version) | answer | output | response
      | {_COURTESY}
    )\s*[:!]\s+""",
    re.VERBOSE | re.IGNORECASE,
)
_REMARK = re.compile(
    r"""\(?(?: (?:note|explanation|remember)\b | let\ me\ know | feel\ free | hope\ this
      | i\ (?:hope|kept|added|used|changed|have)\b
      | (?:this|the|in\ this|my)\ (?:tweet|version|rewrite|sentence|rewritten|transformed|hashtag|style|answer)\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_NOTE = re.compile(r"(?<=[.!?…)])\s+\(?(?:note|explanation)\s*:.*$", re.IGNORECASE)
_BULLET = re.compile(r"(?:1[.)]|[-*•])\s+(?=\S)")
_SECOND = re.compile(r"\s2[.)]\s.*$")
_TAG = re.compile(r"[@#]\s?\w+")
_WHOLE = 20  # letters from which on a tweet is not in an answer by chance
_OWN = 15  # letters that an answer may have around the whole tweet and still be another wording of it
_QUOTES = ('""', "''", "“”", "‘’", "«»", "„“", "**", "__", "``")


class NoAnswer(Exception):
    """What a teacher said is no variant; `reason` says why."""

    def __init__(self, reason: DropReason) -> None:
        super().__init__(reason)
        self.reason = reason


def answer_in(said: str, dialogue: Sequence[Message], tweet: str) -> str:
    """The one line that answers a dialogue's last turn.

    `tweet` is what was asked about. Of several paragraphs or proposals the first counts, and hashtags that follow it.

    Raises:
        NoAnswer: `refused`, `empty`, or `echo`: the question came back, or the worked example's answer.
    """
    said = _REASONING.sub("", said)
    fenced = _FENCE.search(said)
    text = _NEXT_TURN.sub("", fenced[1] if fenced else said).strip()
    announcement = None if _ANNOUNCEMENT.match(tweet) else _ANNOUNCEMENT.match(text)
    text = text[announcement.end() :] if announcement else text
    text = _unquoted(" ".join(_first_proposal(text, tweet).split()), tweet)
    if not text or (any(map(str.isalnum, tweet)) and not any(map(str.isalnum, text))):
        raise NoAnswer("empty")
    if _is_echo(text, dialogue, tweet):
        raise NoAnswer("echo")
    if is_refusal(text) and not is_refusal(tweet):
        raise NoAnswer("refused")
    return text


def check_rewrite(rewrite: str, tweet: str) -> None:
    """Whether an answer can be another wording of a tweet.

    Raises:
        NoAnswer: `unchanged` where it differs in case, spaces and punctuation only; `echo` where more is told around
            the whole tweet; `unparsable` where it is longer than thrice the tweet and 20 words, shorter than a third of
            it, or longer than a tweet can be; `other language`.
    """
    if squeezed(rewrite) == squeezed(tweet):
        raise NoAnswer("unchanged")
    if _holds_all_of(rewrite, tweet):
        raise NoAnswer("echo")
    was, now = (sum(any(map(str.isalnum, word)) for word in split_words(text)) for text in (tweet, rewrite))
    if not was / 3 <= now <= 3 * was + 20 or len(rewrite) > MAX_CHARACTERS:
        raise NoAnswer("unparsable")
    if is_other_language(rewrite, tweet):
        raise NoAnswer("other language")


def squeezed(text: str) -> str:
    """Letters, digits, emoji, @ and # alone, without case: what is equal so says the same in the same words."""
    return "".join(
        sign for sign in text.casefold() if sign.isalnum() or sign in "@#" or unicodedata.category(sign) == "So"
    )


def _first_proposal(text: str, tweet: str) -> str:
    lines: list[str] = []
    is_new_paragraph = False
    for line in map(str.strip, text.splitlines()):
        if not line:
            is_new_paragraph = bool(lines)
        elif lines and (_REMARK.match(line) or re.match(r"2[.)]\s|[-*•]\s", line)):
            break
        elif not is_new_paragraph or _is_tags(line):
            lines.append(line)
        else:
            break
    first = " ".join(lines)
    first = first if _NOTE.search(tweet) else _NOTE.sub("", first)
    bullet = None if _BULLET.match(tweet) else _BULLET.match(first)
    return _SECOND.sub("", first[bullet.end() :]) if bullet else first


def _is_tags(line: str) -> bool:
    return all(word.startswith(("#", "@")) or not any(map(str.isalnum, word)) for word in line.split())


def _unquoted(text: str, tweet: str) -> str:
    """Without one pair of quotes or stars after the other, as long as they hold all of it, and the tweet has none."""
    while len(text) > 1 and text[0] != tweet[0]:
        pair = next((pair for pair in _QUOTES if text[0] == pair[0] and text[-1] == pair[1]), None)
        marks = 2 if pair in ("**", "__") and text[:2] == pair == text[-2:] else 1
        if pair is None or any(_quotes_again(sign, text[marks:-marks]) for sign in pair):
            break
        text = text[marks:-marks].strip()
    return text


def _quotes_again(sign: str, text: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(sign)}|{re.escape(sign)}(?!\w)", text))


def _is_echo(text: str, dialogue: Sequence[Message], tweet: str) -> bool:
    """Whether the answer repeats the question, or an earlier answer: small models copy the worked example."""
    *earlier, question = dialogue
    said = squeezed(text)
    if any(said == squeezed(turn["content"]) for turn in earlier if turn["role"] == "assistant"):
        return True
    asked = map(squeezed, question["content"].replace(tweet, "\n").splitlines())
    return any(len(line) > 20 and line in said for line in asked)


def _holds_all_of(rewrite: str, tweet: str) -> bool:
    """Whether a rewrite is the whole tweet with other words around it; tags and emoji may be added to one."""
    if len(squeezed(tweet)) < _WHOLE or squeezed(tweet) not in squeezed(rewrite):
        return False
    said, known = (squeezed(_TAG.sub(" ", text)) for text in (rewrite, tweet))
    return sum(map(str.isalnum, said.replace(known, "", 1))) > _OWN
