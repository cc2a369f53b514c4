"""The page of the rules tells the truth: its tests exist, and every story that is named after a rule stands on it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "rules.md"
RULES = range(1, 62)


def by_rule() -> dict[int, str]:
    """What the page says about each rule."""
    parts = re.split(r"^- \*\*R(\d+)\*\* ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return {int(number): said for number, said in zip(parts[1::2], parts[2::2], strict=True)}


def named(said: str) -> list[tuple[str, str]]:
    """The tests that a text names: file and test."""
    return re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", said)


@cache
def defined_in(file: str) -> frozenset[str]:
    path = ROOT / file
    tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_rule_stands_on_the_page_once_with_a_story_or_not_yet() -> None:
    assert list(by_rule()) == list(RULES)
    assert [number for number, said in by_rule().items() if not named(said) and "not yet" not in said] == []


def test_every_test_that_the_page_names_exists() -> None:
    all_named = [one for said in by_rule().values() for one in named(said)]
    assert len(all_named) > 60
    assert [f"{file}::{test}" for file, test in all_named if test not in defined_in(file)] == []


def test_every_story_that_is_named_after_a_rule_stands_under_it() -> None:
    stories = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "tests" / "stories").glob("test_*.py"))]
    found = [
        (int(m[1]), file, test)
        for file in stories
        for test in defined_in(file)
        if (m := re.match(r"test_R(\d+)_", test))
    ]
    assert len(found) > 40
    page = by_rule()
    missing = [f"R{n}: `{file}::{test}`" for n, file, test in found if (file, test) not in named(page.get(n, ""))]
    assert sorted(missing) == [], "add these lines to docs/rules.md"


def test_a_test_under_a_rule_is_not_named_after_another_one() -> None:
    wrong = [
        (n, test) for n, said in by_rule().items() for _, test in named(said)
        if (m := re.match(r"test_R(\d+)_", test)) and int(m[1]) != n
    ]  # fmt: skip
    assert wrong == []
