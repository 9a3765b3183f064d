"""The experiments page in a real browser: trainings listed, followed, compared, and the paper's tables."""

import re
import shutil
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from core import experiments
from core.experiments.tables import Table
from tests import trainings
from tests.browser import app
from tests.trainings import result, running, score, scored, steps, write

HOSTILE = "<img src=x onerror=alert(1)> **bold** $x^2$ :red[hi] %{x} [a](javascript:alert(1))"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, student: Path) -> Path:
    """A trained student, two finished trainings that differ, and one that stopped and whose every word is hostile."""
    folder = tmp_path_factory.mktemp("experiments") / "workspace"
    shutil.copytree(student, folder / "students/trained")
    lines = [*steps(10), scored(12, 1, 70.5, 71.5), *steps(20, epoch=2), scored(24, 2, 81.5, 82.5)]
    write(folder / "students/first", lines, result(80.25, 82.75, PER=90.5))
    write(folder / "students/second", lines, result(81.5, 82.0, PER=88.5), seed=7)
    hostile = {"encoder": HOSTILE, "generator": HOSTILE}
    bad = write(folder / "students" / HOSTILE.replace("/", "∕"), lines, student=hostile, alpha=HOSTILE)
    (bad / "result.json").write_text('{"best_epoch": "<script>alert(2)</script>"}')
    return folder


def look(page: Page, url: str, *names: str) -> None:
    """Open the page with these trainings picked, as a link does."""
    page.goto(f"{url}/experiments?{urlencode([('run', name) for name in names])}")
    expect(page.get_by_role("heading", name="The paper and ours")).to_be_visible()


def cells(page: Page, name: str | re.Pattern[str]) -> list[str]:
    """What a grid says, cell by cell; its canvas holds a table for those who cannot see it."""
    found = page.get_by_role("region", name=name).locator("[role=gridcell]")
    expect(found.first).to_be_attached()
    return found.all_text_contents()


def test_a_workspace_without_trainings_says_how_to_start_one_and_shows_it_when_it_starts(
    page: Page, tmp_path: Path
) -> None:
    with app(tmp_path / "workspace") as address:
        look(page, address)
        main = page.get_by_test_id("stMain")
        expect(main).to_contain_text("python -m core train")
        write(tmp_path / "workspace/students/new", steps(10))
        expect(main).to_contain_text("Pick a training to see its curves")


def test_a_real_training_shows_all_its_curves_and_its_settings(page: Page, url: str) -> None:
    look(page, url, "students/trained")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text(re.compile(r"finished · step 72 · best dev F1 \d+\.\d\d without knowledge, epoch \d+"))
    expect(main).to_contain_text("knowledge captions + knowledge · generator conditional")
    for title in ("Dev F1", "Loss", "NLL", "Distillation loss", "Seconds a step", "Tokens a second"):
        expect(main.locator(f"strong:text-is('{title}')")).to_be_visible()  # the table of trainings has such words too
    expect(main.locator(".js-plotly-plot .trace")).not_to_have_count(0)


def test_a_link_compares_two_trainings(page: Page, url: str) -> None:
    look(page, url, "students/first", "students/second")
    assert cells(page, "Settings in which the two trainings differ") == ["seed", "1", "7"]
    side_by_side = cells(page, "Scores on tweets, without knowledge, overall and by type")
    assert side_by_side == ["all", "80.25", "81.5", "1.25", "PER", "90.5", "88.5", "-2"]


def test_what_is_picked_is_in_the_url(page: Page, url: str) -> None:
    look(page, url)
    expect(page.get_by_test_id("stMain")).to_contain_text("Pick a training to see its curves")
    page.get_by_role("combobox", name="Trainings to look at").fill("students/second")
    page.get_by_role("option", name="students/second").click()
    page.wait_for_url(re.compile(r"run=students%2Fsecond"))
    expect(page.get_by_test_id("stMain")).to_contain_text("● students/second")


def test_a_row_that_is_clicked_is_picked(page: Page, url: str) -> None:
    look(page, url)
    assert len(cells(page, re.compile("^4 trainings"))) > 4
    page.get_by_test_id("stDataFrame").first.click(position={"x": 20, "y": 35 + 17})
    page.wait_for_url(re.compile(r"run=students%2F"))
    expect(page.get_by_role("heading", name="Curves")).to_be_visible()
    page.get_by_test_id("stDataFrame").first.click(position={"x": 20, "y": 35 + 35 + 17})
    page.wait_for_url(re.compile(r"run=.*run="))
    expect(page.get_by_role("heading", name="What differs in their settings")).to_be_visible()
    page.get_by_test_id("stDataFrame").first.click(position={"x": 20, "y": 35 + 17})
    expect(page.get_by_role("heading", name="What differs in their settings")).to_be_hidden()


def test_hostile_names_and_settings_are_shown_as_they_read(page: Page, url: str, workspace: Path) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    name = next(folder.name for folder in (workspace / "students").iterdir() if folder.name.startswith("<img"))
    look(page, url, f"students/{name}", "students/first")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text(f"● students/{name}")
    expect(main).to_contain_text(f"encoder {HOSTILE}")
    expect(main.get_by_role("alert")).to_contain_text("result.json: best_epoch", ignore_case=True)
    expect(main.locator(".js-plotly-plot .trace")).not_to_have_count(0)
    page.locator(".js-plotly-plot .nsewdrag").first.hover()
    assert main.locator("img[src=x], a[href^=javascript], .katex, script").count() == 0
    assert dialogs == []


def test_a_link_to_no_training_says_so(page: Page, url: str) -> None:
    look(page, url, "students/<b>gone</b>")
    expect(page.get_by_role("alert")).to_contain_text("there is no training 'students/<b>gone</b>'", ignore_case=True)


def test_a_running_training_is_followed_to_its_end_without_a_reload(page: Page, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    folder = write(workspace / "students/now", [*steps(10), scored(12, 1, 70.5, 71.5)])
    with app(workspace) as address:
        with running(folder):
            look(page, address, "students/now")
            main = page.get_by_test_id("stMain")
            expect(main).to_contain_text(re.compile(r"running · step 12 · best dev F1 70\.50"))
            trainings.add(folder, steps(20, epoch=2))
            expect(main).to_contain_text(
                "running · step 20 · best dev F1 70.50 without knowledge, epoch 1 · about 32 s left"
            )
            trainings.add(folder, [scored(24, 2, 75.25, 76.0)])
            expect(main).to_contain_text("best dev F1 75.25 without knowledge, epoch 2")
        expect(main).to_contain_text("stopped · step 24")


def test_a_table_of_the_paper_stands_beside_what_was_run(page: Page, tmp_path: Path) -> None:
    file = next(file for file in experiments.tables() if file.stem == "twitter2017")
    row = next(row for row in Table.read(file).rows if row.paper)
    workspace = tmp_path / "workspace"
    for training in Table.read(file).trainings(workspace / "experiments"):
        if training.row.name == row.name:
            views = {"without_knowledge": score(61.5), "with_knowledge": score(62.5)}
            write(training.folder, [], {**result(0, 0), "tests": dict.fromkeys(training.config.test, views)})
            (training.folder / "training.json").write_text(training.config.model_dump_json())
    with app(workspace) as address:
        look(page, address)
        said = [cell.partition(" ")[0] for cell in cells(page, re.compile("the paper's numbers and ours$"))]
        assert {"61.50", "62.50", f"{next(iter(row.paper.values())):.2f}"} <= set(said)
        expect(page.get_by_test_id("stMain").locator(".js-plotly-plot").last).to_be_visible()


def test_little_data_is_drawn_over_the_number_of_samples(browser: Browser, tmp_path: Path) -> None:
    file = next(file for file in experiments.tables() if file.stem == "lowdata")
    workspace = tmp_path / "workspace"
    for training in Table.read(file).trainings(workspace / "experiments"):
        times = training.config.augment.times if training.config.augment else 0
        scores = score((training.config.train.limit or 0) / 10 + (times or 0) + training.seed)
        tests = {"twitter2017": {"without_knowledge": score(1.0), "with_knowledge": scores}}
        write(training.folder, [], {**result(0, 0), "chosen_by": "with_knowledge", "tests": tests})
        (training.folder / "training.json").write_text(training.config.model_dump_json())
    page = browser.new_page(viewport={"width": 390, "height": 844})
    with app(workspace) as address:
        page.goto(f"{address}/experiments?table=lowdata")
        plot = page.get_by_role("figure", name=re.compile("^F1 on twitter2017 over the number of training samples"))
        expect(plot.locator(".js-plotly-plot .trace")).to_have_count(4)
        words = plot.get_attribute("aria-label") or ""
        assert "not augmented: 7.00 ± 1.00 (3) with 50, 12.00 ± 1.00 (3) with 100, 22.00 ± 1.00 (3) with 200, " in words
        assert words.endswith(
            "4× augmented: 11.00 ± 1.00 (3) with 50, 16.00 ± 1.00 (3) with 100, "
            "26.00 ± 1.00 (3) with 200, 46.00 ± 1.00 (3) with 400"
        )
        expect(page.get_by_text("Mean over the seeds")).to_be_visible()
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    page.close()


def test_the_page_is_no_wider_than_a_phone(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    look(page, url, "students/first", "students/second")
    expect(page.get_by_role("heading", name="Test scores")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    page.close()
