"""Whether an answer says that there will be none: models of all sizes put it in a few ways."""

import re

_REFUSAL = re.compile(
    r"""(?:unfortunately|sorry|oh)?\W*
    (?: (?:i['’]?m|i\ am)\ (?:\w+\ )?(?:sorry|afraid)\W+(?:but|i|there)\b
      | i\ apologi[sz]e\W+(?:but|i|for\ (?:the|any))\b
      | sorry\W+(?:but\ )?i\ (?:can|am|do|won)
      | (?:i['’]?m|i\ am)\ (?:not\ able|unable)\ to\b
      | i\ (?:can(?:['’]?t|not|\ not)|won['’]?t|will\ not)\ (?:assist|help|provide|fulfil|create|generate|transform
        |rewrite|comply|do\ that|answer|engage|continue|describe|imagine)
      | i\ (?:can(?:['’]?t|not|\ not))\ (?:see|view|access)\ (?:(?:the|any|this|an?)\ )?(?:image|picture|photo|tweet)
      | i\ (?:don['’]?t|do\ not)\ have\ (?:access|the\ ability)
      | (?:i['’]?m|i\ am)\ (?:just\ |only\ )?an?\ (?:[\w-]+\ )?(?:ai|language\ model)\b
      | as\ an?\ (?:[\w-]+\ )?(?:ai|language\ model)\b
      | there\ is\ no\ (?:image|picture|tweet|sentence)\ (?:provided|given|attached)
      | please\ (?:provide|give\ me)\ (?:(?:me|the|a|your|more)\ )*(?:tweet|sentence|text|image|picture|context)\b
      | (?:none|n/a|not\ applicable)\W*$
    )""",
    re.VERBOSE | re.IGNORECASE,
)


def is_refusal(answer: str) -> bool:
    """Whether an answer begins as a refusal does."""
    return bool(_REFUSAL.match(answer.lstrip()))
