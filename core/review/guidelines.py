"""The workspace's guidelines for reviewers: a markdown file that stands beside the database."""

import fcntl
from datetime import UTC, datetime
from pathlib import Path

from core.errors import BadInput, StoreError
from core.files import replacing
from core.identity import Person
from core.review.deciding import named

FILE = "guidelines.md"
LOCK = "guidelines.lock"
MAX_CHARACTERS = 50_000

DEFAULT = """\
Approve a variant that a person could have tweeted, that says what its kind promises, and whose spans are right.

- Another style: the meaning is the parent's; every mention is still marked, whole, with its type.
- Another entity: the new name fits the sentence, and what it says is possible in fact.
- An imagined picture: it could stand beside this tweet.

Edit what is nearly right. Reject what is not, and say why. Flag what the guidelines don't settle.
"""


def read(workspace: Path) -> str:
    """The guidelines, or the project's own where the workspace has none yet.

    Raises:
        StoreError: the file cannot be read.
    """
    file = workspace / FILE
    try:
        return file.read_text(encoding="utf-8") if file.exists() else DEFAULT
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"the guidelines {file} cannot be read ({error}); mend or remove the file") from error


def write(workspace: Path, text: str, *, by: Person, instead_of: str | None = None) -> None:
    """Put other guidelines in their place; those before stay beside them, in a file named by the time.

    `instead_of` are those that the text was made from, where it was made from any.

    Raises:
        Forbidden: their role does not let them.
        BadInput: the text is too long, the reviewer's name is missing or too long, or the guidelines are others by now.
        StoreError: the file cannot be written.
    """
    by.must("change the guidelines")
    named(by)
    if len(text) > MAX_CHARACTERS:
        raise BadInput(f"the guidelines have {len(text):,} characters; shorten them to {MAX_CHARACTERS:,} or fewer")
    file = workspace / FILE
    try:
        with (workspace / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of two who save at once, the second is told
            if instead_of not in (None, read(workspace)):
                raise BadInput("somebody changed the guidelines while you wrote: yours are not saved")
            if file.exists():
                file.with_name(f"guidelines.{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.md").write_bytes(file.read_bytes())
            with replacing(file) as temporary:
                temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"the guidelines {file} cannot be written ({error.strerror}); make it writable") from error
