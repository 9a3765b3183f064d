"""Who is here: whoever signed in, where sign-in is set up; else whoever sits at the machine, by the name they type."""

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import streamlit as st
from streamlit.errors import StreamlitAuthError

from app import inert, problems, resources
from core.errors import Unavailable
from core.identity import Person, local, signed_in

COOKIE = "cotpd_reviewer"

LONGEST_NAME = 100

# Kept in the browser, not in the address: who opens another's link is not that other.
_remember = st.components.v2.component(
    "remember_name",
    html="",
    js=f"""
export default function ({{ data }}) {{
  document.cookie = "{COOKIE}=" + encodeURIComponent(data) + "; path=/; max-age=31536000; samesite=strict";
}}
""",
)


def current() -> Person:
    """The person of this session. Callbacks ask too, for they run before the page.

    Raises:
        Forbidden: nobody has signed in, or the sign-in does not say who.
        Unavailable: sign-in is set up and does not work.
    """
    if not _sign_in_is_set_up():
        return local(st.session_state.get("reviewer") or "")
    settings = resources.settings()
    return signed_in(st.user.to_dict(), settings.people, settings.default_role, trusting=settings.trust_emails)


def enter() -> bool:
    """Show who is here in the sidebar, and whether they may see the page; else show the door.

    Raises:
        Forbidden: the sign-in does not say who it is.
        Unavailable: sign-in is set up and does not work.
    """
    if not _sign_in_is_set_up():
        _ask_name()
        return True
    if not st.user.is_logged_in:
        _show_door()
        return False
    st.sidebar.button("Sign out", icon=":material/logout:", on_click=st.logout)
    person = current()
    st.sidebar.caption(f":material/person: {inert.label(person.name)} · {person.role}")
    return True


def _ask_name() -> None:
    """A field for the name of whoever sits here; the browser brings it back after a reload."""
    with st.sidebar:
        name = st.text_input(
            "Your name",
            unquote(st.context.cookies.get(COOKIE, ""))[:LONGEST_NAME],
            max_chars=LONGEST_NAME,
            key="reviewer",
            persist_state="session",
            placeholder="Kept with every decision",
        )
        _remember(data=name, key="remember_name")


def _show_door() -> None:
    st.title("CoTPD workbench")
    st.caption("Sign in to look at tweets, and to decide on their variants.")
    for provider in _providers():
        if st.button(f"Sign in with {provider}" if provider else "Sign in", type="primary", icon=":material/login:"):
            try:
                st.login(provider)
            except StreamlitAuthError as error:
                problems.show(f"sign-in is set up wrongly, in the section [auth] of secrets.toml: {error}")


def _sign_in_is_set_up() -> bool:
    """A server whose secrets cannot be read lets nobody in: without them, everybody would be a curator."""
    if not st.secrets.load_if_toml_exists():
        if broken := [file for file in st.get_option("secrets.files") if Path(file).exists()]:
            raise Unavailable(f"{broken[0]} cannot be read, so nobody can sign in; mend it, or take it away")
        return False
    if "auth" not in st.secrets:
        return False
    if find_spec("authlib") is None:
        raise Unavailable("sign-in needs a package that is missing; pip install -r requirements-signin.txt")
    return True


def _providers() -> list[str | None]:
    """The names of the providers, or None for the one that needs no name."""
    auth = st.secrets["auth"]
    named: list[str | None] = [
        name for name, section in auth.items() if hasattr(section, "items") and "client_id" in section
    ]
    return [None, *named] if "client_id" in auth else named
