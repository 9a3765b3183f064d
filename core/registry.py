"""One idea for every pluggable part: a folder of files, each file one implementation, chosen by its file name."""

import importlib
import pkgutil
from types import ModuleType

from core.errors import BadInput


def names(package: ModuleType) -> list[str]:
    """The implementations in a package: its modules whose names don't begin with an underscore.

    Nothing is imported, so listing costs nothing however heavy the implementations are.
    """
    return sorted(info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_"))


def find(package: ModuleType, kind: str, name: str) -> ModuleType:
    """Import one implementation; `kind` is what a message calls it.

    Raises:
        BadInput: there is no file of that name.
    """
    if name not in names(package):
        raise BadInput(f"no {kind} is called {name!r}; there are: {', '.join(names(package))}")
    return importlib.import_module(f"{package.__name__}.{name}")
