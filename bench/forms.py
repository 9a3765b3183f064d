"""Out, in, and out again: the three corpora whole, in each form. `python -m bench.forms --data FOLDER`.

A split goes through a workspace each way, as `core import` and `core export` do it. What a form has no place for
(captions, knowledge) is left out before; a corpus whose labels it cannot hold is refused.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core import corpora
from core.errors import BadInput
from core.exporting import Leavable, export_split
from core.identity import local
from core.importing import import_corpus
from core.store import Store


def splits(data: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every split with what it is imported from."""
    for corpus in ("twitter2015", "twitter2017"):
        for split in ("train", "valid", "test"):
            beside = {
                "captions": data / "captions" / f"{corpus}_blip2.txt",
                "knowledge": data / "knowledge" / corpus / f"{split}.txt",
            }
            yield corpus, split, {"path": data / corpus / f"{split}.txt", "format": "twitter", **beside}
    for split in ("train", "val", "test"):
        captions = data / "captions" / f"mnre_llavanext_{split}.txt"
        yield "mnre", split, {"path": data / "mnre" / f"mnre_{split}.txt", "format": "mnre", "captions": captions}


def main() -> None:
    """Print a row for each form and corpus: samples, seconds, whether the two files are the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("forms", nargs="*", default=corpora.names(), help="forms to take, else all")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = Store(home / "workspace")
        for corpus, split, source in splits(given.data):
            import_corpus(store, corpus=corpus, split=split, by=local(), **source)
        print("| form | corpus | samples | first export, s | import, s | second export, s | byte-identical |")
        print("|---|---|---|---|---|---|---|")
        for form in given.forms:
            for corpus in ("twitter2015", "twitter2017", "mnre"):
                print(_row(store, home / form / corpus, form, corpus), flush=True)


def _row(store: Store, folder: Path, form: str, corpus: str) -> str:
    folder.mkdir(parents=True)
    holds = corpora.find(form).HOLDS
    without: list[Leavable] = [part for part in ("caption", "knowledge") if part not in holds]
    spent, samples, same = [0.0, 0.0, 0.0], 0, True
    with Store(folder / "workspace") as other:
        for split in [split for name, split in store.corpora() if name == corpus]:
            first, second = folder / f"{split}.x", folder / f"{split}.y"
            place: dict[str, Any] = {"corpus": corpus, "split": split, "format": form, "by": local()}
            begun = time.perf_counter()
            try:
                samples += export_split(store, first, without=without, **place).samples
            except BadInput as error:
                return f"| {form} | {corpus} | — | — | — | — | refused: {str(error).partition(') ')[2]} |"
            exported = time.perf_counter()
            import_corpus(other, first, **place)
            imported = time.perf_counter()
            export_split(other, second, without=without, **place)
            for step, end, start in ((0, exported, begun), (1, imported, exported), (2, time.perf_counter(), imported)):
                spent[step] += end - start
            same &= first.read_bytes() == second.read_bytes()
    seconds = " | ".join(f"{each:.1f}" for each in spent)
    return f"| {form} | {corpus} | {samples:,} | {seconds} | {'yes' if same else 'NO'} |"


if __name__ == "__main__":
    main()
