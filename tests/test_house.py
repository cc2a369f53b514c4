"""The house guards itself: arrows, sizes, words in every language, docs that lead somewhere, nothing of a machine."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from importlinter.cli import lint_imports

from nlp.kinds import CUE_OF
from workflow.reading import EXCEPTION_TYPES

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("bot", "workflow", "nlp", "integrations", "db")
LANGUAGES = frozenset({"en", "es", "pt", "de", "pl", "hi"})
ALSO_SPOKEN = frozenset({"fr", "hi-Deva"})

MOST_LINES = 350
LONGER: Mapping[str, str] = {  # module -> why it is better long
    "db/tables.py": "every table on one page, as all migrations together make it",
}
SAYS_NOTHING = frozenset({"manager", "managers", "helper", "helpers", "util", "utils", "misc", "common", "base"})


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository: what is committed or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def modules(*rooms: str) -> list[Path]:
    return [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in rooms]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# code ----------------------------------------------------------------------------------------------------------------


def test_the_arrows_between_the_rooms_hold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


def test_no_rule_of_the_plant_asks_a_clock() -> None:
    asks = re.compile(r"\.(?:now|utcnow|today)\(\)|\.now\(UTC\)")
    assert [named(path) for path in modules("workflow") if asks.search(path.read_text("utf-8"))] == []


def test_every_module_opens_with_the_reason_why_it_exists() -> None:
    silent = [
        named(path)
        for path in modules(*ROOMS, "tests", "bench")
        if (text := path.read_text("utf-8")).strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


def test_a_module_can_be_read_in_one_sitting() -> None:
    lines = {named(path): len(path.read_text("utf-8").splitlines()) for path in modules(*ROOMS)}
    too_long = {name: n for name, n in lines.items() if n > MOST_LINES and name not in LONGER}
    assert too_long == {}, f"over {MOST_LINES} lines: split it, or give the reason in LONGER"
    assert [name for name in LONGER if lines.get(name, 0) <= MOST_LINES] == [], "these need no exception any more"


def test_a_module_is_named_after_what_it_does() -> None:
    assert [named(path) for path in modules(*ROOMS, "tests", "bench") if path.stem in SAYS_NOTHING] == []


@pytest.mark.slow
def test_a_wheel_holds_every_file_of_the_rooms(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {named(path) for path in tracked(*ROOMS, "prompts")}
    assert wanted - inside == set()


# words ---------------------------------------------------------------------------------------------------------------


def flat(tree: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a YAML tree under its dotted name."""
    if isinstance(tree, Mapping):
        for key, below in tree.items():
            yield from flat(below, f"{at}.{key}" if at else str(key))
    else:
        yield at, str(tree)


def texts() -> dict[str, dict[str, str]]:
    files = tracked("bot/texts/*.yaml")
    return {path.stem: dict(flat(yaml.safe_load(path.read_text("utf-8")))) for path in files}


def placeholders(text: str) -> set[str]:
    return {match[1] or match[2] for match in re.finditer(r"\{(\w+)[^{}]*\}|\$\{?(\w+)", text)}


def test_the_program_reads_six_languages_and_speaks_them_and_two_more() -> None:
    assert set(texts()) >= LANGUAGES | ALSO_SPOKEN
    assert {path.stem for path in tracked("nlp/lexicon/*.yaml")} >= LANGUAGES


def test_every_language_says_the_same_things() -> None:
    spoken = texts()
    english = spoken.pop("en")
    for language, said in spoken.items():
        assert set(said) ^ set(english) == set(), f"only one of en and {language} has these"
        differ = {name for name, text in said.items() if placeholders(text) != placeholders(english[name])}
        assert differ == set(), f"{language} fills other placeholders than en"


def test_every_exception_type_has_its_words_in_every_language() -> None:
    for language, said in texts().items():
        endings = {name.rpartition(".")[2] for name in said}
        assert [kind for kind in EXCEPTION_TYPES if kind not in endings] == [], f"bot/texts/{language}.yaml"
    cue_of = {kind: cue for cue, kind in CUE_OF.items()}
    for path in tracked("nlp/lexicon/*.yaml"):
        if path.stem == "common":
            continue
        heard = {str(cue).partition(".")[0] for cue in yaml.safe_load(path.read_text("utf-8")).get("cues", {})}
        assert [kind for kind in EXCEPTION_TYPES if cue_of.get(kind) not in heard] == [], named(path)


# docs ----------------------------------------------------------------------------------------------------------------


def test_every_decision_is_in_the_index_and_every_number_is_used_once() -> None:
    decisions = sorted(path.name for path in tracked("docs/decisions/0*.md"))
    listed = re.findall(r"\]\((0\d{3}-[\w-]+\.md)\)", (ROOT / "docs/decisions/README.md").read_text("utf-8"))
    assert listed == decisions
    numbers = [name[:4] for name in decisions]
    assert len(numbers) == len(set(numbers))


def anchors(markdown: str) -> set[str]:
    """What a heading is called when one links to it."""
    titles = re.findall(r"^#+ +(.+?) *$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.replace("`", "")).strip().lower().replace(" ", "-") for title in titles}


def test_every_link_in_the_docs_leads_somewhere() -> None:
    broken = []
    for page in tracked("*.md"):
        text = page.read_text("utf-8")
        prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            file = (page.parent / target).resolve() if target else page
            if not file.exists():
                broken.append(f"{named(page)}: {link}")
            elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text("utf-8")):
                broken.append(f"{named(page)}: {link} (no such heading)")
    assert broken == []


def test_every_file_that_the_docs_or_the_code_name_is_there() -> None:
    rooms = "|".join((*ROOMS, "tests", "bench", "docs", "tools"))
    pages = [page for page in tracked("*.md") if not named(page).startswith(("prompts/", "fixtures/"))]
    said = [(page, rf"`((?:{rooms})/[\w./-]+)`") for page in pages]
    said += [(module, r"`?\b(docs/[\w./-]+\.md)\b") for module in modules(*ROOMS, "tests", "bench")]
    gone = [
        f"{named(path)}: {name}"
        for path, pattern in said
        for name in re.findall(pattern, path.read_text("utf-8"))
        if not (ROOT / name).exists()
    ]
    assert gone == []


def test_every_command_that_the_docs_name_can_be_typed() -> None:
    words = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    from bot.cli import app as cli  # here, so that the other tests speak even where the program does not start

    commands = {c.name or getattr(c.callback, "__name__", "").replace("_", "-") for c in cli.registered_commands}
    commands |= {group.name for group in cli.registered_groups}
    wrong = []
    for page in [*tracked("*.md"), *tracked(".ci/run")]:
        text = page.read_text("utf-8")
        # Only what stands as code is a command; "make sure" in a sentence is not.
        code = re.findall(r"`([^`\n]+)`|^\s*(?:\$ )?((?:make|linecall) [a-z].*)$", text, re.MULTILINE)
        for said in (a or b for a, b in code):
            if found := re.match(r"make ([a-z-]+)", said):
                wrong += [f"{named(page)}: {said}"] if found[1] not in words else []
            elif found := re.match(r"(?:\.venv/bin/)?linecall ([a-z-]+)", said):
                wrong += [f"{named(page)}: {said}"] if found[1] not in commands else []
    assert wrong == []


def test_what_others_made_is_named_in_the_notice() -> None:
    notice = (ROOT / "NOTICE").read_text("utf-8")
    foreign = [path for path in tracked("bot/web/static") if path.name.endswith(".min.js")]
    assert [named(path) for path in foreign if named(path) not in notice] == []


# what must not be in a repository ------------------------------------------------------------------------------------

_HOSTS = ("pypi" + ".org", "python" + "hosted", "registry" + ".npmjs", "deb" + ".debian.org")
NOT_OURS = re.compile(
    r"(?<![\w.$-])/(?:work/|tmp/v/|opt/(?:pypi|wheels)|root/\.)|" + "|".join(map(re.escape, _HOSTS)),
)
SECRETS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"
    r"|\bxox[abpors]-\d{6,}|\bAKIA[0-9A-Z]{16}\b|\b\d{9,10}:AA[\w-]{33}\b|\bSK[0-9a-f]{32}\b"
)


def readable() -> Iterator[tuple[str, str]]:
    for path in tracked():
        try:
            yield named(path), path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def test_no_path_of_a_machine_and_no_registry_is_in_the_repository() -> None:
    assert {name: match[0] for name, text in readable() if (match := NOT_OURS.search(text))} == {}


def test_no_secret_is_in_the_repository() -> None:
    assert {name for name, text in readable() if SECRETS.search(text)} == set()


# set-up --------------------------------------------------------------------------------------------------------------


def test_what_ci_runs_can_be_run() -> None:
    for name in (".ci/run", "tools/set-up"):
        assert os.access(ROOT / name, os.X_OK), name


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text("utf-8")
    hashes = r"(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"
    pins = re.findall(rf"^([a-z0-9-]+)==(\S+) \\\n({hashes})", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\S+==", text, re.MULTILINE)), f"{name}: a package without hashes"
    return {package: version for package, version, _ in pins}


def test_every_package_that_we_ask_for_is_pinned_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = {
        "runtime.lock": [*project["dependencies"], *extras["postgresql"]],
        "dev.lock": [*project["dependencies"], *extras["postgresql"], *extras["dev"]],
    }
    for lock, wanted in asked.items():
        names = {re.split(r"[\[<>=! ]", package)[0].lower().replace("_", "-") for package in wanted}
        assert names - set(locked(lock)) == set(), f"`make lock` was not run: {lock}"
    runtime, dev = locked("runtime.lock"), locked("dev.lock")
    assert {name: (pin, dev.get(name)) for name, pin in runtime.items() if dev.get(name) != pin} == {}
