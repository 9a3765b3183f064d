"""The rules under which a workspace is reviewed."""

from core.errors import BadInput
from core.identity import Person
from core.review.deciding import named
from core.store import Store
from core.store.queue import MAX_VOTES, Rules


def change(store: Store, rules: Rules, *, by: Person, instead_of: Rules | None = None) -> None:
    """Let other rules hold from now on; where every variant stands is settled anew by them.

    `instead_of` are those that somebody saw who chose the new ones, where they saw any.

    Raises:
        Forbidden: their role does not let them.
        BadInput: so many votes can't be asked for, the name is missing or too long, or the rules are others by now.
        StoreError: the workspace cannot be written.
    """
    by.must("change the guidelines")
    if not 1 <= rules.votes <= MAX_VOTES:
        raise BadInput(f"{rules.votes} reviewers can't be asked to agree on a variant: choose 1 to {MAX_VOTES}")
    if held := store.queue.set_rules(rules, reviewer=named(by), instead_of=instead_of):
        seen = f"{held.votes} must agree, votes are {'hidden' if held.blind else 'shown'}"
        raise BadInput(f"somebody changed the rules while you chose ({seen}): yours are not saved")
