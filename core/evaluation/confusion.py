"""What is taken for what: gold labels against predicted ones."""

from collections import Counter
from collections.abc import Sequence

from core.domain.record import Value
from core.evaluation.mner import spans


class Confusion(Value):
    """How often a gold label (row) was predicted as another (column).

    `counts` is rows × columns. Both bear the same labels in the same order; for entities a last row, "spurious", and
    a last column, "missed", follow.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def lines(self) -> list[str]:
        """The table as plain text: a column stands under the number of the row with its label; a dot is a zero."""
        table = [["gold"]]
        for number, (row, column, counts) in enumerate(zip(self.rows, self.columns, self.counts, strict=True), start=1):
            shared = row == column
            table[0].append(str(number) if shared else column)
            table.append([f"{number:>2} {row}" if shared else f"   {row}"])
            table[-1] += [f"{count:,}" if count else "·" for count in counts]
        edge, *widths = (max(map(len, column)) for column in zip(*table, strict=True))
        return [
            head.ljust(edge) + "".join("  " + cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
            for head, *cells in table
        ]


def relation_confusion(gold: Sequence[str], predicted: Sequence[str]) -> Confusion:
    """Count the labels of pairs, "None" like any other.

    Raises:
        ValueError: gold and predicted differ in length.
    """
    pairs = Counter(zip(gold, predicted, strict=True))
    labels = tuple(sorted({*gold, *predicted}))
    return Confusion(rows=labels, columns=labels, counts=_matrix(pairs, labels))


def entity_confusion(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Confusion:
    """Count the types of spans in BIO tags, sentence by sentence, where gold and predicted bounds are the same.

    A gold span that no predicted one equals in its bounds is missed; a predicted one that no gold one equals is
    spurious. A span with one bound wrong is both.

    Raises:
        ValueError: gold and predicted differ in length, or a tag is no BIO tag.
    """
    nothing = ""  # no type is called that
    pairs: Counter[tuple[str, str]] = Counter()
    for known, found in spans(gold, predicted):
        bounds = known.keys() | found.keys()
        pairs.update((known.get(bound, nothing), found.get(bound, nothing)) for bound in bounds)
    types = tuple(sorted({label for pair in pairs for label in pair} - {nothing}))
    counts = _matrix(pairs, (*types, nothing))
    return Confusion(rows=(*types, "spurious"), columns=(*types, "missed"), counts=counts)


def _matrix(pairs: Counter[tuple[str, str]], labels: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(pairs[row, column] for column in labels) for row in labels)
