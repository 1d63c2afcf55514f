"""The documentation keeps up: its links lead somewhere, its commands exist, nothing registered is left out."""

import ast
import re
import textwrap
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from community.interaction_kinds import InteractionKind, interaction_kinds, touch_kinds  # noqa: F401 - the walk-through's line
from community.models import Community, Cost
from community.sources import import_sources
from gateway.collections import collections
from metrics.attribution.models import attribution_models
from metrics.reports.report import RoiLine

BASE: Path = settings.BASE_DIR
PAGES = sorted([*BASE.glob("*.md"), *BASE.glob("docs/**/*.md")])
APPS = ("demo", "config", "metrics", "community", "crm", "jobs", "gateway")
TARGETS = set(re.findall(r"^([a-z-]+):", (BASE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
TARGET = re.compile(r"\bmake ([a-z-]+)")


def text(name: str) -> str:
    return (BASE / name).read_text(encoding="utf-8")


def in_code(page: str) -> str:
    """Return what stands in code blocks and between backticks."""
    blocks = re.findall(r"```.*?```", page, re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`[^`\n]+`", re.sub(r"```.*?```", "", page, flags=re.DOTALL))])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE)))
def test_links_lead_to_files_that_exist(page):
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not link.startswith("http")]

    missing = [link for link in links if link[0] != "#" and not (page.parent / link.split("#")[0]).exists()]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE)))
def test_commands_and_targets_exist(page):
    code = in_code(page.read_text(encoding="utf-8"))

    assert set(COMMAND.findall(code)) - set(get_commands()) == set()
    assert set(TARGET.findall(code)) - TARGETS == set()


def test_glossary_names_every_interaction_kind_and_model():
    glossary = text("docs/glossary.md")

    names = [*interaction_kinds.keys(), *attribution_models.keys(), *Community.PurposeMeasure.values]

    assert [name for name in names if f"`{name}`" not in glossary] == []


def test_importing_names_every_source_and_extending_every_registry():
    importing, extending = text("docs/importing.md"), text("docs/extending.md")

    assert [source.key for source in import_sources if f"`{source.key}`" not in importing] == []
    assert [key for key in [entry.key for entry in collections] if f"`{key}`" not in extending] == []


def test_glossary_explains_the_lines_of_reports():
    glossary = text("docs/glossary.md").lower()

    keys = re.findall(r"`(\w+)`", RoiLine.__doc__)

    assert len(keys) > 8
    explained = {"no_person": "guest orders", "unallocated": "unallocated"}
    assert [key for key in keys if explained.get(key, key.replace("_", " ")) not in glossary] == []


def test_every_page_is_found_from_the_readme_and_every_decision_from_the_list():
    readme, decisions = text("README.md"), text("docs/decisions/README.md")

    assert [page.name for page in BASE.glob("docs/*.md") if f"(docs/{page.name})" not in readme] == []
    assert [page.name for page in BASE.glob("docs/decisions/0*.md") if f"({page.name})" not in decisions] == []


def test_every_number_of_a_requirement_that_is_named_has_its_line():
    """R59 to R63 names all five. No line is left that nobody names, and each leads to a heading that there is."""
    number = re.compile(r"\b(?:R(\d+) to R(\d+)|R\d+|G\d|D\d|G-\d\d)\b")
    code = [
        path for app in (*APPS, "tests") for path in (BASE / app).rglob("*") if path.suffix in (".py", ".sql", ".html")
    ]
    named = set()
    for path in {*PAGES, *code} - {BASE / "docs/requirements.md", BASE / "CHANGELOG.md", Path(__file__)}:
        for found in number.finditer(path.read_text(encoding="utf-8")):
            first, last = found.groups()
            named |= {f"R{n}" for n in range(int(first), int(last) + 1)} if first else {found.group()}
    page = text("docs/requirements.md")
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text("docs/metrics.md"), re.MULTILINE)
    }

    assert set(re.findall(r"^\| ([RGD]-?\d+) \|", page, re.MULTILINE)) == named
    assert set(re.findall(r"\(metrics\.md#([^)]+)\)", page)) <= headings


def test_readme_and_real_data_tell_the_same_figures():
    readme = text("README.md").partition("## On real data")[2].partition("\n## ")[0]
    page = text("docs/real-data.md")

    figures = re.findall(r"\d+,\d+(?:\.\d+)?", readme)

    assert len(figures) > 5
    assert [figure for figure in figures if figure not in page] == []


def test_readme_tells_the_speed_that_the_benchmarks_tell():
    (row,) = re.findall(r"^\| Speed .*$", text("README.md"), re.MULTILINE)
    measured = set(re.findall(r"[\d.]+", text("benchmarks/README.md")))

    figures = re.findall(r"([\d.]+)(?= (?:×|ms)| to [\d.]+ (?:×|ms))", row)

    assert len(figures) > 8
    assert [figure for figure in figures if figure not in measured] == []


def test_paths_that_the_documentation_names_exist():
    for name in ("README.md", "CONTRIBUTING.md", "docs/extending.md"):
        paths = re.findall(r"`((?:crm|community|metrics|gateway|config|demo|jobs|tests)/[\w./-]*)`", text(name))
        assert [path for path in paths if not (BASE / path).exists()] == [], name


def test_python_in_the_documentation_can_be_parsed():
    blocks = [
        (page.name, textwrap.dedent(block).strip())
        for page in PAGES
        for block in re.findall(r"^ *```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    ]

    assert len(blocks) > 5
    for name, block in blocks:
        ast.parse(block, filename=name)


def test_interaction_kind_of_the_walkthrough_is_one():
    line = re.search(r"InteractionKind\(key=\"review\".*\)", text("docs/extending.md"))

    kind = eval(line.group())

    with interaction_kinds.temporarily(kind):
        assert "review" in touch_kinds()


def test_names_stand_where_the_walkthroughs_say():
    said = re.findall(r"`(\w+)` in\s`([\w/]+\.py)`", text("docs/extending.md"))

    assert len(said) > 1
    assert [(name, path) for name, path in said if not re.search(rf"\b{name}\b", text(path))] == []


def test_cost_categories_are_listed_where_costs_are_explained():
    page = text("docs/extending.md")

    assert [category for category in Cost.Category.values if f"`{category}`" not in page] == []
