"""Strangers' text without the characters that are no text: they could hide words, or turn ours round."""

_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # overrides reach beyond the text that they stand in
_CONTROLS = dict.fromkeys((*range(0x00, 0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), *_BIDI))


def printable(text: str) -> str:
    """The text without control characters and bidirectional overrides; tabs and line ends stay."""
    return text.translate(_CONTROLS)


def one_line(text: str) -> str:
    """The same in a single line: a space for each run of white space."""
    return " ".join(printable(text).split())


def mended(text: str) -> str:
    """Text that can be kept: halves of a surrogate pair that came apart are joined, and a half alone is replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
