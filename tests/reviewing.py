"""A reviewer at the desk, who decides by keys alone and draws spans with the mouse; and what must come of it."""

from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

from core.domain import Augmentation, Maker, Sample
from core.store import Store
from tests.variants import FIRST, variant


def open_desk(page: Page, url: str, name: str = "Ada", query: str = "") -> None:
    """Open the desk under a name; no text field has the keys then."""
    page.goto(f"{url}/review{query}")
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    page.get_by_label("Your name", exact=True).fill(name)
    page.get_by_label("Your name", exact=True).press("Enter")
    page.get_by_role("heading", name="Review", exact=True).click()
    page.wait_for_timeout(300)


def add(store: Store, model: str, *texts: str) -> list[str]:
    """Variants of one model; gives their ids."""
    ids = []
    for text in texts:
        parent = Sample.from_tokens(tuple(f"parent of {text}".split()))
        made = Augmentation(
            parent_id=parent.id,
            kind="style",
            answer=text,
            variant=Sample.from_tokens(tuple(text.split()), entities=()),
            maker=Maker(model=model, created=FIRST),
        )
        store.add(parent, made)
        ids.append(made.id)
    return ids


def states(store: Store, ids: list[str]) -> list[str]:
    found = map(store.queue.find, ids)
    return [item.state for item in found if item]


def quiet(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def tagged(sample: Sample) -> list[tuple[str, str]]:
    """Words and tags of a variant, as one reads them off its spans."""
    tags = ["O"] * len(sample.tokens)
    for span in sample.entities or ():
        for at in range(span.start, span.end):
            tags[at] = ("B-" if at == span.start else "I-") + span.type
    return list(zip(sample.tokens, tags, strict=True))


@dataclass
class Session:
    """Decides on the variants of `tests.variants.fill` in their order. `approved` is what the export must hold."""

    page: Page
    at: int = 0
    approved: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    rejected: set[int] = field(default_factory=set)
    edited: set[int] = field(default_factory=set)

    def expect_card(self) -> None:
        """The card of the variant whose turn it is lies on the desk, whole."""
        expect(self.page.get_by_text(f"with {self.at} friends").first).to_be_visible()
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")

    def approve(self) -> None:
        self.page.keyboard.press("a")
        self._decided(tagged(self._variant()))

    def reject(self) -> None:
        self.page.keyboard.press("x")
        expect(self.page.get_by_role("button", name="Meaning changed")).to_be_visible()
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        self.page.keyboard.press("2")
        self.rejected.add(self.at)
        self._decided(None)

    def edit(self) -> None:
        """Draw the place's span anew, one word longer, by dragging from its first word to the one behind it."""
        page, words = self.page, self.page.locator(".word")
        page.keyboard.press("e")
        place = next(span for span in self._variant().entities or () if span.type == "LOC")
        expect(words).to_have_count(len(self._variant().tokens))
        page.keyboard.press("1")  # LOC, of LOC and PER
        expect(page.locator("button[kind=primary]", has_text="LOC")).to_be_visible()
        first, last = words.nth(place.start), words.nth(place.end)
        expect(last).not_to_have_attribute("style", "background")
        a, b = first.bounding_box(), last.bounding_box()
        assert a is not None
        assert b is not None
        page.mouse.move(a["x"] + 4, a["y"] + a["height"] / 2)
        page.mouse.down()
        page.mouse.move(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2, steps=5)
        page.mouse.up()
        expect(last).to_have_attribute("aria-label", f"{self._variant().tokens[place.end]}, LOC")
        page.keyboard.press("Control+Enter")
        rows = tagged(self._variant())
        rows[place.end] = (rows[place.end][0], "I-LOC")
        self.edited.add(self.at)
        self._decided(rows)

    def undo(self, key: str = "u") -> None:
        """Take back the decision before; its card comes back."""
        self.expect_card()
        self.page.keyboard.press(key)
        self.at -= 1
        self.approved.pop(self.at, None)
        self.rejected.discard(self.at)
        self.edited.discard(self.at)
        self.expect_card()

    def run(self, decisions: int, *, edits: int, undone: int) -> None:
        """So many decisions that stand in the end, so many edits among them, and so many taken back on the way."""
        back = {round((number + 1) * decisions / (undone + 1)) for number in range(undone)}
        pens = {round((number + 0.5) * decisions / edits) for number in range(edits)}
        while self.at < decisions:
            self.expect_card()
            if self.at in pens:
                self.edit()
            elif self.at % 3 == 1:
                self.reject()
            else:
                self.approve()
            if self.at in back:
                back.discard(self.at)
                self.undo("Control+z" if len(back) % 2 else "u")

    def conll(self) -> str:
        """What the export must be, written without the project's own writer."""
        blocks = ("".join(f"{word}\t{tag}\n" for word, tag in rows) for rows in self.approved.values())
        return "".join(f"IMGID:\n{block}\n" for block in blocks)

    def _variant(self) -> Sample:
        sample = variant(self.at)[1].variant
        assert sample is not None
        return sample

    def _decided(self, rows: list[tuple[str, str]] | None) -> None:
        if rows is not None:
            self.approved[self.at] = rows
        self.at += 1
