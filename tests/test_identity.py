"""Roles: what each may do, and who has which."""

from typing import Any, get_args

import pytest

from core.errors import BadInput, Forbidden
from core.identity import RIGHTS, Person, Right, Role, local, signed_in
from core.settings import Settings

PEOPLE: dict[str, Role] = {"Ada@Example.org": "curator", "bo@example.org": "reviewer"}


def test_each_role_may_do_what_the_one_before_it_may_and_more() -> None:
    assert RIGHTS["viewer"] == frozenset()
    assert RIGHTS["reviewer"] == {"study tweets", "decide on variants"}
    assert RIGHTS["curator"] == set(get_args(Right))


@pytest.mark.parametrize("right", get_args(Right))
@pytest.mark.parametrize("role", get_args(Role))
def test_what_a_role_may_not_do_is_refused_with_the_role_that_may(role: Role, right: Right) -> None:
    person = Person("Eve", role)
    assert person.may(right) == (right in RIGHTS[role])
    if person.may(right):
        person.must(right)
    else:
        with pytest.raises(Forbidden, match=rf"a {role} may not {right}; .* to make you a (reviewer|curator)"):
            person.must(right)


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"email": "ada@example.org", "email_verified": True}, "curator"),
        ({"email": " BO@Example.org", "email_verified": True}, "reviewer"),
        ({"email": "stranger@example.org", "email_verified": True}, "viewer"),
    ],
)
def test_roles_go_by_e_mail_whatever_its_case(claims: dict[str, Any], role: Role) -> None:
    assert signed_in(claims, PEOPLE, "viewer") == Person(claims["email"].strip().casefold(), role)


@pytest.mark.parametrize(
    ("claims", "what"),
    [
        ({}, "gives no e-mail"),
        ({"name": "Ada", "email": ""}, "gives no e-mail"),
        ({"email": ["ada@example.org"]}, "gives no e-mail"),
        ({"email": "ada@example.org"}, "is not verified"),
        ({"email": "ada@example.org", "email_verified": False}, "is not verified"),
        ({"email": "ada@example.org", "email_verified": "false"}, "is not verified"),
        ({"email": "ada@example.org", "email_verified": None}, "is not verified"),
    ],
)
def test_nobody_is_let_in_as_somebody_else(claims: dict[str, Any], what: str) -> None:
    with pytest.raises(Forbidden, match=what):
        signed_in(claims, PEOPLE, "curator")


def test_a_provider_that_verifies_without_saying_so_can_be_trusted() -> None:
    assert signed_in({"email": "ada@example.org"}, PEOPLE, "viewer", trusting=True).role == "curator"
    with pytest.raises(Forbidden, match="is not verified"):
        signed_in({"email": "ada@example.org", "email_verified": False}, PEOPLE, "viewer", trusting=True)


def test_whoever_sits_at_the_machine_is_a_curator() -> None:
    assert local("  Ada ") == Person("Ada", "curator")


def test_roles_are_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    file = tmp_path / "cotpd.toml"
    monkeypatch.setenv("COTPD_CONFIG", str(file))
    file.write_text('default_role = "reviewer"\n[people]\n"ada@example.org" = "curator"\n')
    settings = Settings.read()
    assert (settings.default_role, settings.people) == ("reviewer", {"ada@example.org": "curator"})
    file.write_text('[people]\n"ada@example.org" = "king"\n')
    with pytest.raises(BadInput, match=r"people\.ada@example\.org.*'viewer', 'reviewer' or 'curator'"):
        Settings.read()
