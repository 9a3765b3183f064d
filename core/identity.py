"""Who acts, and what their role lets them do. What writes asks here first, so no door and no request goes past it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core.errors import Forbidden

Role = Literal["viewer", "reviewer", "curator"]

Right = Literal[
    "study tweets",
    "decide on variants",
    "undo the decisions of others",
    "decide on many at once",
    "adjudicate",
    "change the guidelines",
    "import corpora",
    "export corpora",
    "run jobs",
]
"""What a role may do, as it reads behind "may"."""

RIGHTS: dict[Role, frozenset[Right]] = {
    "viewer": frozenset(),
    "reviewer": frozenset({"study tweets", "decide on variants"}),
    "curator": frozenset(get_args(Right)),
}
"""Everybody may look; a reviewer decides, and takes back what they decided themselves; a curator may do all."""


@dataclass(frozen=True)
class Person:
    """Who acts. Their name stands with what they decide."""

    name: str
    role: Role

    def may(self, right: Right) -> bool:
        """Whether their role lets them; a screen asks, to show what can be done."""
        return right in RIGHTS[self.role]

    def must(self, right: Right) -> None:
        """Ask before writing.

        Raises:
            Forbidden: their role does not let them.
        """
        if not self.may(right):
            able = next(role for role, rights in RIGHTS.items() if right in rights)
            raise Forbidden(f"a {self.role} may not {right}; ask whoever runs this workspace to make you a {able}")


def local(name: str = "") -> Person:
    """Whoever sits at the machine itself, by the name they typed: who can open the files needs no leave."""
    return Person(name.strip(), "curator")


def signed_in(
    claims: Mapping[str, Any], people: Mapping[str, Role], default: Role, *, trusting: bool = False
) -> Person:
    """Who signed in, by what an OpenID provider says of them. They are known by their e-mail, in small letters.

    `trusting` takes an e-mail of which the provider does not say whether it has verified it.

    Raises:
        Forbidden: the provider gives no e-mail, or one that it has not verified.
    """
    email = claims.get("email")
    if not isinstance(email, str) or not email.strip():
        raise Forbidden("the sign-in gives no e-mail, by which roles are given; add the scope 'email' to its settings")
    if claims.get("email_verified", trusting) is not True:
        raise Forbidden(
            f"the e-mail {email!r} is not verified; verify it with whom you signed in with, and come back, or see "
            "trust_emails in docs/signing-in.md"
        )
    roles = {known.strip().casefold(): role for known, role in people.items()}
    name = email.strip().casefold()  # one person, however a provider writes them
    return Person(name, roles.get(name, default))
