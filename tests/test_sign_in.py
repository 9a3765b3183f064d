"""Sign-in against a real OpenID provider, and what a role can make the server do, by its page or by forged requests."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.domain import Augmentation, Maker, Sample
from core.identity import local
from core.review import decide
from core.store import Store
from tests.browser import SECOND, app
from tests.forged import Wire
from tests.oidc import Provider, provider

ACCOUNTS = {
    "Ada, a curator": {"email": "ada@example.org", "email_verified": True, "name": "Ada"},
    "Bo, a reviewer": {"email": "bo@example.org", "email_verified": True, "name": "Bo"},
    "Vic, a viewer": {"email": "vic@example.org", "email_verified": True, "name": "Ada"},
    "Mallory, as Ada": {"email": "ada@example.org", "email_verified": False, "name": "Ada"},
}
PEOPLE = {"ada@example.org": "curator", "bo@example.org": "reviewer"}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two studied cases, each with a variant that waits for a decision."""
    folder = tmp_path_factory.mktemp("sign-in") / "workspace"
    maker = Maker(model="a teacher", created=datetime.now(UTC))
    with Store(folder) as store:
        for text in ("Ada sings", "Ada rests"):
            parent = Sample.from_text(text)
            store.study(parent)
            variant = Sample.from_text(f"{text} !!").model_copy(update={"entities": ()})
            store.add(Augmentation(parent_id=parent.id, kind="style", answer="!!", variant=variant, maker=maker))
    return folder


@pytest.fixture(scope="module")
def openid() -> Iterator[Provider]:
    with provider(ACCOUNTS) as running:
        yield running


@pytest.fixture(scope="module")
def url(workspace: Path, openid: Provider) -> Iterator[str]:
    secrets = openid.secrets(workspace.parent / "secrets.toml")
    with app(workspace, STREAMLIT_SECRETS_FILES=str(secrets), COTPD_PEOPLE=json.dumps(PEOPLE)) as address:
        yield address


@contextmanager
def signed_in(browser: Browser, url: str, account: str) -> Iterator[tuple[Page, Wire]]:
    """A browser of their own, in which somebody has signed in."""
    context = browser.new_context()
    page = context.new_page()
    wire = Wire(page)
    page.goto(url)
    page.get_by_role("button", name="Sign in").click(timeout=90 * SECOND)
    page.get_by_role("link", name=account).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    yield page, wire
    context.close()


def case_of(workspace: Path, text: str) -> tuple[str, str]:
    """The ids of a case and of its variant."""
    with Store(workspace) as store:
        parent = next(each.sample for each in store.recent() if each.sample.text == text)
        return parent.id, store.augmentations(parent.id)[0].id


def everything(workspace: Path) -> tuple[list[str], list[str]]:
    """All that is in a workspace: the database as SQL, and the names of its pictures."""
    with closing(sqlite3.connect(workspace / "workspace.db")) as db:
        return list(db.iterdump()), sorted(path.name for path in (workspace / "images").glob("*"))


def test_without_sign_in_there_is_only_the_door(browser: Browser, url: str, workspace: Path) -> None:
    case, _ = case_of(workspace, "Ada sings")
    page = browser.new_page()
    for address in (f"{url}/?case={case}", f"{url}/cases"):
        page.goto(address)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(page.get_by_text("Ada sings")).to_have_count(0)
    page.close()


def test_a_forged_press_of_a_button_that_may_be_pressed_counts_so_that_refusals_mean_something(
    browser: Browser, url: str, workspace: Path
) -> None:
    case, variant = case_of(workspace, "Ada rests")
    with signed_in(browser, url, "Bo, a reviewer") as (page, wire):
        page.goto(f"{url}/?case={case}")
        expect(page.get_by_role("button", name="Reject")).to_be_enabled()
        wire.press("Reject")
        expect(page.get_by_text("Rejected by bo@example.org")).to_be_visible()
        wire.press("Undo")
    with Store(workspace) as store:
        assert [each.choice for each in store.decisions(variant)][-2:] == ["rejected", "withdrawn"]


def test_a_reviewer_signs_in_decides_under_their_e_mail_and_signs_out(
    browser: Browser, url: str, workspace: Path
) -> None:
    case, variant = case_of(workspace, "Ada rests")
    with signed_in(browser, url, "Bo, a reviewer") as (page, _):
        expect(page.get_by_text("bo@example.org · reviewer")).to_be_visible()
        page.goto(f"{url}/?case={case}")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("Approved by bo@example.org")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    with Store(workspace) as store:
        assert [(each.choice, each.reviewer) for each in store.decisions(variant)][-2:] == [
            ("approved", "bo@example.org"),
            ("withdrawn", "bo@example.org"),
        ]


def test_a_viewer_sees_the_case_and_writes_nothing_whatever_their_browser_says(
    browser: Browser, url: str, workspace: Path
) -> None:
    case, _ = case_of(workspace, "Ada sings")
    with signed_in(browser, url, "Vic, a viewer") as (page, wire):
        page.goto(f"{url}/?case={case}")
        expect(page.get_by_text("Ada sings !!")).to_be_visible()
        before = everything(workspace)
        for label in ("Approve", "Reject", "Study this tweet"):
            expect(page.get_by_role("button", name=label)).to_be_disabled()
            wire.press(label)
        expect(page.locator("input[type=file]")).to_be_disabled()
        assert everything(workspace) == before


def test_a_reviewer_cannot_undo_what_another_decided_and_a_curator_can(
    browser: Browser, url: str, workspace: Path
) -> None:
    case, variant = case_of(workspace, "Ada sings")
    with Store(workspace) as store:
        decide(store, variant, "approved", by=local("Eve"))
    with signed_in(browser, url, "Bo, a reviewer") as (page, wire):
        page.goto(f"{url}/?case={case}")
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
        before = everything(workspace)
        wire.press("Undo")
        assert everything(workspace) == before
    with signed_in(browser, url, "Ada, a curator") as (page, _):
        page.goto(f"{url}/?case={case}")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("button", name="Approve")).to_be_enabled()
    with Store(workspace) as store:
        assert [(each.choice, each.reviewer) for each in store.decisions(variant)] == [
            ("approved", "Eve"),
            ("withdrawn", "ada@example.org"),
        ]


@pytest.mark.parametrize("account", ["Vic, a viewer", "Bo, a reviewer"])
def test_only_a_curator_takes_corpora_in_or_out(browser: Browser, url: str, workspace: Path, account: str) -> None:
    with signed_in(browser, url, account) as (page, wire):
        page.goto(f"{url}/corpora")
        before = everything(workspace)
        for label in ("Import", "Export"):
            expect(page.get_by_role("button", name=label)).to_be_disabled()
            wire.press(label)
        expect(page.get_by_role("button", name="Save")).to_have_count(0)
        assert everything(workspace) == before


def test_an_e_mail_that_is_not_verified_opens_nothing(browser: Browser, url: str) -> None:
    with signed_in(browser, url, "Mallory, as Ada") as (page, _):
        expect(page.get_by_role("alert")).to_contain_text("'ada@example.org' is not verified")
        expect(page.get_by_label("Tweet", exact=True)).to_have_count(0)


def test_secrets_that_cannot_be_read_let_nobody_in(browser: Browser, tmp_path: Path) -> None:
    broken = tmp_path / "secrets.toml"
    broken.write_text("[auth\n")
    with app(tmp_path / "workspace", STREAMLIT_SECRETS_FILES=str(broken)) as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.get_by_role("alert")).to_contain_text("cannot be read, so nobody can sign in")
        expect(page.get_by_label("Tweet", exact=True)).to_have_count(0)
        page.close()
