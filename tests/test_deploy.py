"""What stands in deploy/ is read as its tools would read it: names that exist, nobody is root, no secret in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config import Config, WrongConfiguration, read_config
from tests.services import missing

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
KNOWN = {f"LINECALL_{field.upper()}" for field in Config.model_fields}


def test_every_variable_is_one_that_linecall_reads() -> None:
    for file in (f for f in DEPLOY.rglob("*") if f.is_file()):
        named = set(re.findall(r"LINECALL_[A-Z_]+", file.read_text("utf-8")))
        assert {name.removesuffix("_FILE") for name in named} <= KNOWN, file.name


def test_the_container_is_nobody_and_installs_only_what_is_locked() -> None:
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    last = lines[len(lines) - 1 - lines[::-1].index(next(x for x in reversed(lines) if x.startswith("FROM "))) :]
    assert "USER 10001:10001" in last
    assert any("--require-hashes" in line for line in lines)
    assert not any(re.match(r"(ENV|ARG).*(TOKEN|SECRET|PASSWORD|KEY)", line) for line in lines)
    copied = {line.split()[1] for line in lines if line.startswith("COPY ") and "--from" not in line}
    assert {"bot", "workflow", "nlp", "integrations", "db", "prompts"} <= copied


def test_compose_and_kubernetes_run_words_that_exist() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "linecall.yaml").read_text("utf-8")))
    pods = [d["spec"]["template"]["spec"] for d in documents if d["kind"] == "Deployment"]
    said = [s["command"] for s in compose["services"].values() if "command" in s]
    said += [container["args"] for pod in pods for container in pod["containers"]]
    assert {" ".join(words) for words in said} == {
        "run --only web", "run --only channels", "worker --port 8080"
    }  # fmt: skip
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert {m["name"] for c in pod["containers"] for m in c["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
    for service in compose["services"].values():
        for mounted in service.get("secrets", ()):
            assert mounted in compose["secrets"]
    selected = next(d for d in documents if d["kind"] == "Service")["spec"]["selector"]
    labels: list[Any] = [d["spec"]["template"]["metadata"]["labels"] for d in documents if d["kind"] == "Deployment"]
    assert selected in labels


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        missing("systemd (Debian: apt-get install systemd)")
    unit = (DEPLOY / "linecall.service").read_text("utf-8").replace("/opt/linecall/.venv/bin/linecall", "/bin/true")
    (tmp_path / "linecall.service").write_text(unit)
    done = subprocess.run([program, "verify", str(tmp_path / "linecall.service")], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0


def test_a_secret_may_stand_in_a_file_and_not_in_two_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text("sixteen characters at least\n")
    monkeypatch.setenv("LINECALL_API_TOKEN_FILE", str(file))
    token = read_config().api_token
    assert token is not None
    assert token.get_secret_value() == "sixteen characters at least"
    monkeypatch.setenv("LINECALL_API_TOKEN", "another one of sixteen")
    with pytest.raises(WrongConfiguration, match="both set"):
        read_config()
    monkeypatch.delenv("LINECALL_API_TOKEN")
    monkeypatch.setenv("LINECALL_API_TOKEN_FILE", str(tmp_path / "gone"))
    with pytest.raises(WrongConfiguration, match="cannot be read"):
        read_config()
