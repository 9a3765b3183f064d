"""Figures that know what they were counted from."""

from core.domain.record import Value


class Number(Value):
    """A figure, None where it has no meaning, and the places of the samples behind it, from 0, each once."""

    value: float | None
    rows: tuple[int, ...] = ()

    @classmethod
    def count(cls, places: list[int]) -> "Number":
        """How many things there are, from the place of each."""
        return cls(value=len(places), rows=tuple(dict.fromkeys(places)))


class Line(Value):
    """A named row of figures."""

    name: str
    numbers: tuple[Number, ...]


class Table(Value):
    """Figures with their heads; `note` says what they mean."""

    title: str
    note: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]

    def text(self) -> list[str]:
        """The table as plain text."""
        grid = [[self.title, *self.columns]]
        grid += [[line.name, *(_written(number.value) for number in line.numbers)] for line in self.lines]
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        return [
            cells[0].ljust(widths[0])
            + "".join("  " + cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
            for cells in grid
        ]


def _written(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{int(value):,}" if value == int(value) else f"{value:.4g}"
