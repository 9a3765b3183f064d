"""Whether a side is right as often as it is sure: reliability bins and the expected calibration error."""

from core.analysis.compared import Compared, same
from core.analysis.tables import Line, Number, Table

BINS = 10


def reliability(compared: Compared, number: int) -> Table:
    """One side's mentions by confidence, in ten bins of equal width: how many, how sure, and how often right.

    The last line is over all; its gap is the expected calibration error, the bins' mean gap weighted by their counts
    (Naeini et al., 2015).
    """
    bins: list[list[tuple[float, bool, int]]] = [[] for _ in range(BINS)]
    for at, (gold, found) in enumerate(zip(compared.gold, compared.found[number], strict=True)):
        for mention in found:
            is_right = any(same(mention, each) for each in gold)
            bins[min(BINS - 1, int(mention.score * BINS))].append((mention.score, is_right, at))
    total = sum(map(len, bins))
    lines, error = [], 0.0
    for low, held in enumerate(bins):
        if held:
            sure, right = (sum(each[part] for each in held) / len(held) for part in (0, 1))
            error += abs(sure - right) * len(held) / total
            places = tuple(dict.fromkeys(at for *_, at in held))
            lines.append(_line(f"{low / BINS:.1f} to {(low + 1) / BINS:.1f}", len(held), sure, right, places))
    everything = [each for held in bins for each in held]
    if everything:
        sure, right = (sum(each[part] for each in everything) / total for part in (0, 1))
        places = tuple(sorted({at for *_, at in everything}))
        *numbers, _ = _line("", total, sure, right, places).numbers
        lines.append(Line(name="all", numbers=(*numbers, Number(value=error, rows=places))))
    return Table(
        title=f"Confidence of {compared.sides[number].name}",
        note="Of mentions as a whole. The gap of all is the expected calibration error (ECE).",
        columns=("mentions", "how sure", "how often right", "gap"),
        lines=tuple(lines),
    )


def _line(name: str, count: int, sure: float, right: float, places: tuple[int, ...]) -> Line:
    values = (count, sure, right, abs(sure - right))
    return Line(name=name, numbers=tuple(Number(value=value, rows=places) for value in values))
