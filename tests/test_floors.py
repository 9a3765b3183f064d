"""The house: every part imports from the floors below it alone, and a door opens before the heavy parts are loaded."""

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = (
    ("domain", "errors", "identity", "settings", "registry", "files", "printable", "progress", "drawing"),
    ("store", "corpora", "images", "weights", "demo"),
    ("captioners", "teachers", "student", "prompts", "refusals", "imagenet", "bfloat16"),
    (
        "asking",
        "knowledge",
        "captioning",
        "summaries",
        "thinking",
        "augmenting",
        "jobs",
        "retrieval",
        "augmentation",
        "extraction",
        "training",
        "evaluation",
        "prediction",
        "students",
        "models",
        "importing",
        "exporting",
        "review",
        "comparison",
        "explanation",
        "analysis",
        "stored",
        "workbench",
        "study",
        "doctor",
        "runs",
        "experiments",
    ),
    ("cli", "__main__"),
)
"""The parts of core, the lowest floor first."""

FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}
OUT_OF_PAGES = {"torch", "transformers", "sqlite_utils", "sqlite3", "openai"}
OWN_ENVIRONMENT = {"lavis": "salesforce-lavis"}
"""What is imported from an environment of its own, and the package."""

SLOW = ("torch", "transformers", "streamlit", "cv2", "xllamacpp")


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(file: Path) -> set[str]:
    """The absolute names of all modules that a file imports, anywhere in it; `from core import x` is `core.x`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports by a relative name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def tops(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(file)}


def part_of(file: Path) -> str:
    return file.relative_to(ROOT / "core").parts[0].removesuffix(".py")


def test_every_part_of_core_has_a_floor() -> None:
    assert {part_of(file) for file in files("core")} - {"__init__"} == set(FLOOR)


@pytest.mark.parametrize("file", files("core"), ids=lambda file: str(file.relative_to(ROOT)))
def test_core_imports_from_its_own_floor_and_those_below(file: Path) -> None:
    assert not tops(file) & {"streamlit", "plotly", "app", "pages"}
    own = FLOOR.get(part_of(file), -1)  # core/__init__.py stands below all
    used = {name.split(".")[1] for name in imported(file) if name.startswith("core.")}
    assert {part for part in used if FLOOR[part] > own} == set()


@pytest.mark.parametrize("file", files("pages") + files("app"), ids=lambda file: str(file.relative_to(ROOT)))
def test_pages_leave_models_and_sql_to_core(file: Path) -> None:
    assert not tops(file) & OUT_OF_PAGES


def test_the_batch_door_opens_without_the_heavy_parts() -> None:
    code = f"import sys, core.cli; print([name for name in {SLOW} if name in sys.modules])"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_every_package_that_the_code_imports_is_pinned_or_comes_with_one_that_is() -> None:
    """Else it is there only where somebody installed it by hand."""
    lines = [line for file in ROOT.glob("requirements*.txt") for line in file.read_text(encoding="utf-8").splitlines()]
    pins = {line.partition("==")[0] for line in lines if re.match(r"[\w-]+==", line)} - set(OWN_ENVIRONMENT.values())
    brought = {requirement for pin in pins for requirement in installed_requires(pin)}
    come = {normal(name) for name in {*pins, *brought}} | set(OWN_ENVIRONMENT)
    own = {path.stem for path in ROOT.iterdir()} | set(sys.stdlib_module_names)
    everything = [file for folder in ("core", "app", "pages", "tests", "bench") for file in files(folder)]
    homes = packages_distributions()
    outside = {name for file in everything for name in tops(file)} - own
    assert {name for name in outside if come.isdisjoint(normal(home) for home in homes.get(name, [name]))} == set()


def installed_requires(distribution: str) -> list[str]:
    """What an installed distribution requires, names alone; nothing of one that is an extra and isn't here."""
    try:
        return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in requires(distribution) or []]
    except PackageNotFoundError:
        return []


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
