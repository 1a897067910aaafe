"""The five teams' platforms come up by one command, let each member do what their persona may, change, and go without a trace."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment, load
from groundwork.google import local
from groundwork.google.cloud import GoogleCloud, connect
from groundwork.lifecycle.recovery import EVENTS
from groundwork.people.actions import attempt, let_in, on
from groundwork.people.personas import targets
from groundwork.terraform.session import open_session
from groundwork.terraform.state import read_state

from tests.groundwork.people.test_matrix import EXPECTED

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = sorted(path.stem for path in (ROOT / "envs" / "examples").glob("*.yaml"))
WHOLE = {"pokemon-cards": 60, "starfish": 60}
APP = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = b"VERSION"
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
"""


@dataclass(frozen=True)
class Clone:
    """A fresh clone of the project with a local cloud of its own."""

    root: Path

    @property
    def checkout(self) -> Checkout:
        return Checkout(self.root)

    def environment(self, name: str) -> Environment:
        return load(name, self.root)

    def cloud(self, name: str, principal: str | None = None) -> GoogleCloud:
        return connect(self.environment(name), principal, self.checkout)

    def run(self, *arguments: str, code: int = 0, given: str = "") -> str:
        """What a command writes when it is given this; an assertion with its words where it ends with another code."""
        result = subprocess.run(
            [sys.executable, "-m", "groundwork", *arguments],
            cwd=self.root, env={**os.environ, "NO_COLOR": "1"}, input=given, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert result.returncode == code, f"{arguments}:\n{result.stdout}\n{result.stderr}"
        return result.stdout + result.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    for part in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns(".terraform*"))
    clone = Clone(tmp_path)
    try:
        yield clone
    finally:
        local.stop(clone.checkout)


def _wrongly_answered(clone: Clone, name: str) -> list[str]:
    """What each member, and an outsider, can access, compared with the table of the personas."""
    environment = clone.environment(name)
    personas = {email: member.role for email, member in environment.members.items()} | {"zoe@example.net": ""}
    wrong = []
    for email, persona in personas.items():
        cloud = clone.cloud(name, f"user:{email}")
        for target in targets(environment):
            for action in on(target):
                expected = action.name in EXPECTED[persona]
                if target.kind == "identity":
                    expected = expected and persona in environment.identities[target.name].users
                if let_in(attempt(cloud, environment, action, target)) != expected:
                    wrong.append(f"{email} ({persona}): {action.name} on {target.text}")
    return wrong


def test_an_example_is_under_forty_lines_and_each_has_a_project_of_its_own() -> None:
    assert EXAMPLES == ["cats-dogs", "crop-nitrogen", "flowers-signs", "pokemon-cards", "starfish"]
    loaded = [load(name, ROOT) for name in EXAMPLES]
    assert len({one.project for one in loaded}) == len(EXAMPLES)
    for one in loaded:
        assert len(one.path.read_text("utf-8").splitlines()) < 40
        assert one.local


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_created_used_by_its_members_and_destroyed(clone: Clone, name: str) -> None:
    assert "to create, in project" in clone.run("plan", "--env", name)  # there is no such project yet
    up = clone.run("up", "--env", name, "--yes")
    assert "grants with far-reaching power" in up
    clone.run("plan", "--env", name, "--detailed-exitcode")
    status = json.loads(clone.run("status", "--env", name, "--json"))
    assert sum(layer["resources"] for layer in status["layers"].values()) > WHOLE.get(name, 40)
    assert _wrongly_answered(clone, name) == []
    assert "nothing found" in clone.run("policy", "--env", name)
    clone.run("verify", "--env", name)
    clone.run("down", "--env", name, "--yes")
    down = clone.run("down", "--env", name, "--yes", "--all")
    assert f"Nothing is left of the platform in project {clone.environment(name).project}" in down


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pokemon-cards", "starfish"])
def test_unrecorded_resources_are_adopted_without_any_state(clone: Clone, name: str) -> None:
    """As after a kill before the first write of the state: each import takes the configuration without any identity's address."""
    clone.run("up", "--env", name, "--yes")
    session = open_session(clone.checkout, clone.environment(name), None, "up", lambda _text: None)
    created = read_state(session.cloud, session.place("platform")).addresses
    session.terraform("platform").forget(sorted(created))
    (session.data("platform") / "apply.ndjson").rename(session.data("platform") / EVENTS)
    again = clone.run("up", "--env", name, "--yes")
    assert "import failed" not in again
    assert "imported module.identities" in again
    assert created == read_state(session.cloud, session.place("platform")).addresses
    clone.run("plan", "--env", name, "--detailed-exitcode")
