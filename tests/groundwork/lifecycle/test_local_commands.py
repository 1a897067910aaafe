"""Commands of the environment file in place of containers: a service answers and a training runs where containers cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from groundwork.environment.values import load
from groundwork.google import local
from groundwork.lifecycle.local_commands import commands, described

from tests.groundwork.lifecycle.test_examples import APP, ROOT, Clone, clone

__all__ = ["clone"]
TRAIN = "import os, sys\nprint('trains with', sys.argv[1:], 'into', os.environ['AIP_MODEL_DIR'])\n"


def _named(root: Path) -> None:
    """pokemon-cards with commands for its backend and its training."""
    file = root / "envs" / "examples" / "pokemon-cards.yaml"
    text = file.read_text("utf-8")
    text = text.replace("{identity: backend, public: true,", "{identity: backend, local_command: [python, app.py],")
    text = text.replace("train: {machine_type:", "train: {local_command: [python, train.py], machine_type:")
    file.write_text(text, "utf-8")
    (root / "app.py").write_text(APP.replace("VERSION", "a command"))
    (root / "train.py").write_text(TRAIN)


def test_commands_replace_a_service_by_name_and_a_training_by_image(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "envs", tmp_path / "envs")
    _named(tmp_path)
    place, images = (
        "projects/pokemon-cards-example/locations/europe-west1",
        "europe-west1-docker.pkg.dev/pokemon-cards-example",
    )
    assert commands(load("pokemon-cards", tmp_path)) == {
        f"{place}/services/backend": {"command": ["python", "app.py"], "folder": str(tmp_path)},
        f"{images}/images/train": {"command": ["python", "train.py"], "folder": str(tmp_path)},
    }
    assert commands(load("starfish", tmp_path)) == {}


def test_status_says_which_of_the_three_runs_each_workload(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "envs", tmp_path / "envs")
    _named(tmp_path)
    environment = load("pokemon-cards", tmp_path)
    settings = {"standIns": {}, "projects": {environment.project: commands(environment)}}
    assert list(described(environment, {"kind": "docker", **settings})) == ["containers run by docker"]
    lines = list(described(environment, {"kind": "process", **settings}))
    assert "  service backend: `python app.py` stands in for its container" in lines
    assert "  training train: `python train.py` stands in for its container" in lines
    assert "  builds: simulated" in lines
    texts = {line.partition(": ")[2] for line in described(environment, {"kind": "simulated", **settings})}
    assert texts == {"neither podman nor docker answers, or containers are turned off", "simulated"}


@pytest.mark.slow
def test_members_use_what_a_command_replaces(clone: Clone) -> None:
    _named(clone.root)
    name = "pokemon-cards"
    local.configure_workloads(clone.checkout, {"runtime": "process"})
    clone.run("up", "--env", name, "--yes")
    assert "a command" in clone.run("services", "call", "backend", "/", "--env", name, "--as", "brock@example.com")
    assert "process" in clone.run("services", "list", "--env", name)
    assert "`python app.py` stands in for its container" in clone.run("status", "--env", name)
    clone.run("services", "call", "backend", "/", "--env", name, "--as", "zoe@example.net", code=5)
    output = clone.run("jobs", "submit", "train", "--env", name, "--as", "brock@example.com", "--", "--epochs", "3")
    assert "trains with ['--epochs', '3'] into gs://pokemon-cards" in output
    file = clone.root / "envs" / "examples" / f"{name}.yaml"
    file.write_text(file.read_text("utf-8").replace("local_command: [python, app.py],", ""), "utf-8")
    clone.run("up", "--env", name, "--yes")
    running = local.workloads(local.start(clone.checkout))
    assert list(running["projects"][clone.environment(name).project]) == [
        clone.environment(name).training["train"].image
    ]
    clone.run("down", "--env", name, "--yes")
    assert local.workloads(local.start(clone.checkout))["running"] == []
