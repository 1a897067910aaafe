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
from groundwork.google.cloud import Cloud, connect
from groundwork.people.actions import attempt, let_in, on
from groundwork.people.personas import targets
from localcloud.containers import detection

from tests.groundwork.people.test_matrix import EXPECTED
from tests.localcloud.containers import images
from tests.localcloud.containers.conftest import store

__all__ = ["store"]
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

    def cloud(self, name: str, principal: str | None = None) -> Cloud:
        return connect(self.environment(name), principal, self.checkout)

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command writes on standard output; an assertion with its words where it ends otherwise."""
        done = subprocess.run(
            [sys.executable, "-m", "groundwork", *arguments],
            cwd=self.root, env={**os.environ, "NO_COLOR": "1"}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    for part in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns(".terraform*"))
    made = Clone(tmp_path)
    try:
        yield made
    finally:
        local.stop(made.checkout)


def _wrongly_answered(clone: Clone, name: str) -> list[str]:
    """What each member, and an outsider, is let in to against the table of the personas."""
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
def test_an_example_comes_up_is_used_as_its_members_and_goes(clone: Clone, name: str) -> None:
    up = clone.run("up", "--env", name, "--yes")
    assert "what raises somebody's power" in up
    clone.run("plan", "--env", name, "--detailed-exitcode")
    made = json.loads(clone.run("status", "--env", name, "--json"))
    assert sum(layer["resources"] for layer in made["layers"].values()) > WHOLE.get(name, 40)
    assert _wrongly_answered(clone, name) == []
    assert "nothing found" in clone.run("policy", "--env", name)
    clone.run("verify", "--env", name)
    clone.run("down", "--env", name, "--yes")
    gone = clone.run("down", "--env", name, "--yes", "--all")
    assert f"Nothing is left of the platform in project {clone.environment(name).project}" in gone


@pytest.mark.slow
def test_a_push_builds_and_deploys_and_a_member_calls_what_an_outsider_may_not(
    clone: Clone, store: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = "crop-nitrogen"
    kind = detection.kind()
    assert kind is not None
    images.imported(kind.program, images.with_python(tmp_path_factory.mktemp("python")), images.PYTHON)
    clone.run("up", "--env", name, "--yes")
    app = tmp_path_factory.mktemp("app")
    _commit(app, "one", first=True)
    clone.run("local", "repository", "https://github.com/example-team/crop-nitrogen", str(app))
    for version in ("two", "three"):
        _commit(app, version)
        pushed = json.loads(clone.run("local", "push", "--json"))
        began = [one["build"].rpartition("/")[2] for push in pushed for one in push["triggers"]]
        assert len(began) == 2
        for build in began:
            clone.run("builds", "logs", build, "--env", name)
        assert clone.run(
            "services", "call", "inference", "/health", "--as", "oat@example.com", "--env", name
        ).startswith(version)
    refused = clone.run("services", "call", "inference", "/", "--as", "zoe@example.net", "--env", name, code=5)
    assert "may not" in refused or "run.routes.invoke" in refused
    clone.run("services", "rollback", "inference", "--env", name)
    assert clone.run("services", "call", "inference", "/health", "--env", name).startswith("two")
    clone.run("plan", "--env", name, "--detailed-exitcode")
    outsider = clone.cloud(name, "user:zoe@example.net")
    environment = clone.environment(name)
    for target in targets(environment):
        if target.kind in ("bucket", "repository"):
            assert not any(let_in(attempt(outsider, environment, action, target)) for action in on(target))
    clone.run("down", "--env", name, "--yes")
    clone.run("down", "--env", name, "--yes", "--all")
    clone.run("local", "stop")  # an instance that does not listen to SIGTERM has ten seconds
    left = subprocess.run(
        [kind.program, "ps", "--all", "--format", "{{.Names}}"], capture_output=True, text=True, check=True
    )
    assert left.stdout == ""


def _commit(folder: Path, version: str, *, first: bool = False) -> None:
    """A commit with an app that answers with its version, and both Dockerfiles of the team."""
    dockerfile = f'FROM {images.PYTHON}\nCOPY main.py .\nCMD ["python", "main.py"]\n'
    (folder / "main.py").write_text(APP.replace("VERSION", version))
    (folder / "inference.dockerfile").write_text(dockerfile)
    (folder / "train.dockerfile").write_text(dockerfile)
    who = ("-c", "user.name=Oat", "-c", "user.email=oat@example.com")
    steps = [["add", "."], [*who, "commit", "--quiet", "--message", version]]
    for step in [["init", "--quiet", "--initial-branch=main"], *steps] if first else steps:
        subprocess.run(["git", "-C", str(folder), *step], check=True, capture_output=True)
