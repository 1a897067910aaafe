"""What the five teams need works on their platforms, done by the members concerned, in real containers; and nothing is left afterwards."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from groundwork.google import local
from groundwork.people.actions import attempt, let_in, on
from groundwork.people.personas import targets
from localcloud.containers import detection
from localcloud.server import launcher

from tests.groundwork.lifecycle.test_examples import APP, Clone, clone
from tests.localcloud.containers import images
from tests.localcloud.containers.conftest import python, store
from tests.polling import until
from tests.terraform_runs import ROOT
from tests.workflows.files import steps

__all__ = ["clone", "python", "store"]
pytestmark = pytest.mark.slow
STRANGER = "zoe@example.net"
DOCKERFILE = f'FROM {images.PYTHON}\nCOPY main.py .\nCMD ["python", "main.py"]\n'
TRAINS = f'FROM {images.PYTHON}\nCOPY train.py .\nENTRYPOINT ["python", "train.py"]\n'
TRAIN = """
import os, pathlib, sys
folder = pathlib.Path(os.environ["AIP_MODEL_DIR"].replace("gs://", "/gcs/", 1))
folder.mkdir(parents=True, exist_ok=True)
(folder / "model.pt").write_text("weights")
print("trained with", sys.argv[1:], "and a key" if os.environ.get("WANDB_API_KEY") == "k-123" else "without a key")
"""


@pytest.fixture(scope="module")
def program(python: str) -> str:
    """podman or docker, with an image of Python."""
    kind = detection.kind()
    assert kind is not None
    return kind.program


def _files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _commit(folder: Path, files: Mapping[str, str], branch: str = "") -> None:
    """A commit of these files; with a branch the first of a new repository."""
    _files(folder, files)
    author = ("-c", "user.name=Oat", "-c", "user.email=oat@example.com")
    steps = [["add", "."], [*author, "commit", "--quiet", "--message", "change"]]
    for step in [["init", "--quiet", f"--initial-branch={branch}"], *steps] if branch else steps:
        subprocess.run(["git", "-C", str(folder), *step], check=True, capture_output=True)


def _pushed(clone: Clone, name: str) -> dict[str, str]:
    """The logs of the builds that the last commit began, by the names of their triggers."""
    pushed = json.loads(clone.run("local", "push", "--json"))
    began = {one["name"]: one["build"].rpartition("/")[2] for push in pushed for one in push["triggers"]}
    return {trigger: clone.run("builds", "logs", build, "--env", name) for trigger, build in began.items() if build}


def _changed(clone: Clone, name: str, old: str, new: str) -> None:
    file = clone.root / "envs" / "examples" / f"{name}.yaml"
    assert old in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    clone.run("up", "--env", name, "--yes")
    clone.run("plan", "--env", name, "--detailed-exitcode")


def _gone(clone: Clone, name: str, program: str) -> None:
    """The platform is destroyed, and with it everything in the project and every container."""
    clone.run("down", "--env", name, "--yes")
    down = clone.run("down", "--env", name, "--yes", "--all")
    assert f"Nothing is left of the platform in project {clone.environment(name).project}" in down
    clone.run("local", "stop")  # an instance that does not listen to SIGTERM has ten seconds
    left = subprocess.run(
        [program, "ps", "--all", "--format", "{{.Names}}"], capture_output=True, text=True, check=True
    )
    assert left.stdout == ""


@dataclass(frozen=True)
class Team:
    """Who builds and who trains in a team, and what."""

    builder: str
    trainer: str
    training: str
    service: str
    bucket: str


TEAMS = {
    "cats-dogs": Team("felix@example.com", "rex@example.com", "trainer", "inference", "models"),
    "flowers-signs": Team("iris@example.com", "iris@example.com", "train", "predict", "weights"),
}


@pytest.mark.parametrize("name", TEAMS)
def test_members_build_deploy_call_and_train_and_find_the_model(
    clone: Clone, program: str, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    team, app = TEAMS[name], tmp_path_factory.mktemp("app")
    for build, text in ((team.service, DOCKERFILE), (team.training, TRAINS)):
        (app / f"{build}.dockerfile").write_text(text)
    (app / "main.py").write_text(APP.replace("VERSION", "one"))
    (app / "train.py").write_text(TRAIN)
    clone.run("up", "--env", name, "--yes")
    for build in (team.service, team.training):
        clone.run("builds", "submit", str(app), "--build", build, "--env", name, "--as", STRANGER, code=5)
        clone.run("builds", "submit", str(app), "--build", build, "--env", name, "--as", team.builder)
    called = ("services", "call", team.service, "/", "--env", name)
    assert clone.run(*called, "--as", team.trainer).startswith("one")
    clone.run(*called, "--as", STRANGER, code=5)
    clone.run("jobs", "submit", team.training, "--env", name, "--as", STRANGER, code=5)
    output = clone.run("jobs", "submit", team.training, "--env", name, "--as", team.trainer, "--", "--epochs", "3")
    assert "trained with ['--epochs', '3']" in output
    found = json.loads(clone.run("jobs", "artifacts", team.training, "--env", name, "--as", team.trainer, "--json"))
    project = clone.environment(name).project
    assert [one["url"].rpartition("/")[2] for one in found["artifacts"]] == ["model.pt"]
    assert found["artifacts"][0]["url"].startswith(f"gs://{project}-{team.bucket}/jobs/")
    _changed(clone, name, f"{team.service}: {{buckets:", f"{team.service}: {{max_instances: 2, buckets:")
    assert clone.run(*called, "--as", team.trainer).startswith("one")
    _gone(clone, name, program)


def test_a_push_builds_and_deploys_and_a_member_calls_what_an_outsider_may_not(
    clone: Clone, program: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name, app = "crop-nitrogen", tmp_path_factory.mktemp("app")
    files = {"main.py": APP, "inference.dockerfile": DOCKERFILE, "train.dockerfile": DOCKERFILE}
    clone.run("up", "--env", name, "--yes")
    _commit(app, files, "main")
    clone.run("local", "repository", "https://github.com/example-team/crop-nitrogen", str(app))
    called = ("services", "call", "inference", "/health", "--env", name)
    for version in ("two", "three"):
        _commit(app, {"main.py": APP.replace("VERSION", version)})
        assert len(_pushed(clone, name)) == 2
        assert clone.run(*called, "--as", "oat@example.com").startswith(version)
    refused = clone.run(*called, "--as", STRANGER, code=5)
    assert "may not" in refused or "run.routes.invoke" in refused
    clone.run("services", "rollback", "inference", "--env", name)
    assert clone.run(*called).startswith("two")
    clone.run("plan", "--env", name, "--detailed-exitcode")
    outsider, environment = clone.cloud(name, f"user:{STRANGER}"), clone.environment(name)
    for target in targets(environment):
        if target.kind in ("bucket", "repository"):
            assert not any(let_in(attempt(outsider, environment, action, target)) for action in on(target))
    _gone(clone, name, program)


def test_an_upload_runs_the_function_that_prepares_it(clone: Clone, program: str) -> None:
    name, oat = "crop-nitrogen", "oat@example.com"
    clone.run("up", "--env", name, "--yes")
    project = clone.environment(name).project
    as_oat = ("run", "--env", name, "--as", oat, "--", sys.executable, "-c")
    blob = f"__import__('google.cloud.storage').cloud.storage.Client().bucket('{project}-{{}}').blob('scan.csv')"
    clone.run(*as_oat, f"{blob.format('raw')}.upload_from_string('a,b\\n\\n1,2\\n')")
    cloud = clone.cloud(name)
    until(lambda: list(cloud.pages("storage", f"v1/b/{project}-processed/o", "items")))
    assert clone.run(*as_oat, f"print({blob.format('processed')}.download_as_text())") == "a,b\n1,2\n\n"
    assert "scan.csv: 2 of 3 lines kept" in clone.run("functions", "logs", "preprocess", "--env", name, "--as", oat)
    assert "200" in clone.run("functions", "call", "preprocess", "--object", "scan.csv", "--env", name, "--as", oat)
    clone.run("functions", "call", "preprocess", "--env", name, "--as", STRANGER, code=5)
    code = clone.root / "envs" / "examples" / name / "preprocess" / "main.py"
    code.write_text(code.read_text("utf-8").replace("lines kept", "lines left"), "utf-8")
    plan = clone.run("plan", "--env", name)
    shown = re.findall(r"^  [±~] function .*", (ROOT / "docs" / "functions.md").read_text("utf-8"), re.MULTILINE)
    assert len(shown) == 2
    assert [line for line in shown if line not in plan] == []
    assert "lost for good" not in plan
    clone.run("up", "--env", name, "--yes")
    clone.run("plan", "--env", name, "--detailed-exitcode")
    clone.run("functions", "call", "preprocess", "--object", "scan.csv", "--env", name, "--as", oat)
    assert "scan.csv: 2 of 3 lines left" in clone.run("functions", "logs", "preprocess", "--env", name)
    clone.run("verify", "--env", name)
    down = clone.run("down", "--env", name, "--yes")
    assert "deleting bucket gcf-v2-sources-" in down
    assert "soft-deleted" not in down
    _gone(clone, name, program)


def test_pokemon_cards_deploys_by_a_push_stays_warm_rolls_back_and_trains_by_a_build(
    clone: Clone, program: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name, app = "pokemon-cards", tmp_path_factory.mktemp("app")
    misty, brock = "misty@example.com", "brock@example.com"
    clone.run("up", "--env", name, "--yes")
    clone.run("secrets", "set", "wandb-api-key", "--env", name, "--as", misty, given="k-123")
    one = {f"{part}/{file}": text for part in ("backend", "frontend") for file, text in _service("one").items()}
    account = clone.environment(name).identities["train"].email
    training = {
        "train.py": TRAIN,
        "train.dockerfile": TRAINS,
        "job.yaml": JOB,
        "vertex.yaml": VERTEX.replace("ACCOUNT", account),
    }
    _commit(app, {"README.md": "cards"}, "main")
    clone.run("local", "repository", "https://github.com/example-team/pokemon-cards", str(app))
    _commit(app, {**one, **training})
    assert set(_pushed(clone, name)) == {"backend", "frontend", "train"}
    for _ in range(60):  # its minimum of instances is started after the deployment
        running = json.loads(clone.run("local", "status", "--json"))["workloads"]["running"]
        if waits := any("/services/backend/" in workload["resource"] for workload in running):
            break
        time.sleep(1)
    assert waits, "one instance of it waits"
    assert clone.run("services", "call", "frontend", "/", "--env", name, "--as", brock).startswith("one")
    _commit(app, {f"backend/{file}": text for file, text in _service("two").items()})
    logs = _pushed(clone, name)
    assert set(logs) == {"backend", "train"}
    assert "Using cache" in logs["train"] or "CACHED" in logs["train"]
    called = ("services", "call", "backend", "/health", "--env", name, "--as", brock)
    assert clone.run(*called).startswith("two")
    clone.run("services", "rollback", "backend", "--env", name, "--as", brock, code=5)
    clone.run("services", "rollback", "backend", "--env", name, "--as", misty)
    assert clone.run(*called).startswith("one")
    clone.run("builds", "submit", "--build", "start-training", "--env", name, "--as", STRANGER, code=5)
    log = clone.run("builds", "submit", "--build", "start-training", "--env", name, "--as", misty)
    assert "k-123" not in log
    assert "trained with ['cards'] and a key" in clone.run("jobs", "logs", "from-build", "--env", name, "--as", brock)
    _changed(clone, name, "port: 8501,", "port: 8501, max_instances: 2,")
    _gone(clone, name, program)


def _service(version: str) -> dict[str, str]:
    return {"main.py": APP.replace("VERSION", version), "Dockerfile": DOCKERFILE}


EVERYTHING = """
steps:
- {name: gcr.io/cloud-builders/docker, args: [build, -t, IMAGES/train, -f, train.dockerfile, .]}
- {name: gcr.io/cloud-builders/docker, args: [build, -t, IMAGES/backend, backend]}
- {name: gcr.io/cloud-builders/docker, args: [build, -t, IMAGES/frontend, frontend]}
- {name: gcr.io/cloud-builders/docker, args: [push, IMAGES/backend]}
- {name: gcr.io/cloud-builders/docker, args: [push, IMAGES/frontend]}
- {name: gcr.io/cloud-builders/docker, args: [build, -t, IMAGES/drift, drift]}
- {name: gcr.io/cloud-builders/docker, args: [push, IMAGES/drift]}
- name: gcr.io/google.com/cloudsdktool/cloud-sdk:slim
  entrypoint: gcloud
  args: [run, deploy, backend, --image=IMAGES/backend, --region=us-central1]
- name: gcr.io/google.com/cloudsdktool/cloud-sdk:slim
  entrypoint: gcloud
  args: [run, deploy, frontend, --image=IMAGES/frontend, --region=us-central1]
- name: gcr.io/google.com/cloudsdktool/cloud-sdk:slim
  entrypoint: gcloud
  args: [run, jobs, update, drift, --image=IMAGES/drift, --region=us-central1]
images: [IMAGES/train]
options: {logging: CLOUD_LOGGING_ONLY}
""".replace("IMAGES", "us-central1-docker.pkg.dev/$PROJECT_ID/images")
OBJECT = "__import__('google.cloud.storage').cloud.storage.Client().bucket('starfish-example-monitoring').blob('{}')"
DRIFT = """
import os, pathlib
bucket = pathlib.Path("/gcs/starfish-example-monitoring")
(bucket / "report.html").write_text(f"{len(list(bucket.glob('predictions/*')))} predictions, no drift")
print("compared as", os.environ["CLOUD_RUN_JOB"])
"""


def test_starfish_builds_all_by_one_build_trains_without_a_gpu_and_reports_drift(
    clone: Clone, program: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name, app = "starfish", tmp_path_factory.mktemp("app")
    coral, sandy, pearl = "coral@example.com", "sandy@example.com", "pearl@example.com"
    clone.run("up", "--env", name, "--yes")
    parts = {f"{part}/{file}": text for part in ("backend", "frontend") for file, text in _service(part).items()}
    waits = clone.run("jobs", "submit", "drift", "--env", name, "--as", coral, code=1)
    assert "is Google's placeholder, which does not run here (simulated)" in waits
    _commit(app, {"README.md": "stars"}, "master")
    clone.run("local", "repository", "https://github.com/example-team/starfish", str(app))
    parts |= {"drift/main.py": DRIFT, "drift/Dockerfile": DOCKERFILE}
    _commit(app, {**parts, "train.py": TRAIN, "train.dockerfile": TRAINS, "cloudbuild.yaml": EVERYTHING})
    assert set(_pushed(clone, name)) == {"everything"}
    for service in ("backend", "frontend"):
        assert clone.run("services", "call", service, "/", "--env", name, "--as", pearl).startswith(service)
    image = clone.environment(name).training["train"].image
    clone.run("services", "deploy", "backend", f"{image}:latest", "--env", name, "--as", pearl, code=5)
    refused = clone.run("jobs", "submit", "train", "--env", name, "--as", sandy, code=9)
    assert "The GPU quota is too low" in refused
    _changed(clone, name, ", accelerator: NVIDIA_TESLA_T4", "")
    assert "trained with []" in clone.run("jobs", "submit", "train", "--env", name, "--as", sandy)
    clone.run("jobs", "submit", "train", "--env", name, "--as", pearl, code=5)
    as_coral = ("run", "--env", name, "--as", coral, "--", sys.executable, "-c")
    clone.run(*as_coral, f"{OBJECT.format('predictions/1.json')}.upload_from_string('{{}}')")
    assert "compared as drift" in clone.run("jobs", "submit", "drift", "--env", name, "--as", coral)
    report = (*as_coral, f"print({OBJECT.format('report.html')}.download_as_text())")
    assert "1 predictions, no drift" in clone.run(*report)
    clone.run(*as_coral, f"{OBJECT.format('predictions/2.json')}.upload_from_string('{{}}')")
    _comes_monday(clone, name)
    assert "2 predictions, no drift" in clone.run(*report)
    assert "compared as drift" in clone.run("jobs", "logs", "drift", "--env", name, "--as", pearl)
    newest = json.loads(clone.run("jobs", "list", "--env", name, "--json"))["jobs"][0]
    assert newest["submitter"] == f"groundwork-scheduler@{clone.environment(name).project}.iam.gserviceaccount.com"
    clone.run("jobs", "pause", "drift", "--env", name, "--as", sandy, code=5)
    clone.run("jobs", "pause", "drift", "--env", name, "--as", coral)
    clone.run("plan", "--env", name, "--detailed-exitcode")
    _gone(clone, name, program)


def _comes_monday(clone: Clone, name: str) -> None:
    """The local cloud's clock moves on to when the drift job is due, and it runs."""
    running = local.start(clone.checkout)
    ((due, _),) = _scheduled(clone, name)
    launcher.control(running, "POST", "/_local/clock", {"set": due})
    until(lambda: _scheduled(clone, name)[0][1].startswith("succeeded"))


def _scheduled(clone: Clone, name: str) -> list[tuple[str, str]]:
    """When each schedule is due, and how its last start ended."""
    found = json.loads(clone.run("jobs", "schedules", "--env", name, "--json"))["schedules"]
    return [(one["next"], one["result"] or "") for one in found]


def test_the_scripts_of_a_pull_request_test_build_and_deploy_on_a_local_cloud_of_the_runners_own(
    clone: Clone, program: str
) -> None:
    file = clone.root / "envs" / "dev.yaml"
    file.write_text(file.read_text("utf-8").partition("github:")[0] + OF_A_PULL_REQUEST, "utf-8")
    _files(clone.root, _service("tried"))
    (clone.root / ".venv").symlink_to(Path(sys.executable).parents[1])
    variables = {**os.environ, "GROUNDWORK_ENV": "dev", "BUILD": "api", "TEST": "test -f main.py && echo tested"}
    scripts = [step.run for step in steps("try.yml") if step.run and step.run != "make ready"]
    assert len(scripts) == 2
    out = ""
    for script in scripts:
        result = subprocess.run(
            ["bash", "-e", "-c", script], cwd=clone.root, env=variables, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout + result.stderr
        out += result.stdout
    assert out.startswith("tested\n")
    assert re.search(r"^api +ready +api-00002-\w+ 100 % +images/api:", out, re.MULTILINE), out
    assert clone.run("services", "call", "api", "/", "--env", "dev", "--as", "alice@example.com").startswith("tried")
    _gone(clone, "dev", program)


OF_A_PULL_REQUEST = """
github: {repository: team/project, owner_id: "1234567"}
services:
  api: {health: /}
builds:
  api: {}
"""
JOB = """
workerPoolSpecs:
- machineSpec: {machineType: n1-highmem-2}
  replicaCount: 1
  containerSpec:
    imageUri: europe-west1-docker.pkg.dev/pokemon-cards-example/images/train:latest
    args: [cards]
    env: [{name: WANDB_API_KEY, value: _WANDB_}]
baseOutputDirectory: {outputUriPrefix: gs://pokemon-cards-example-models/from-build}
"""
FILL = (
    'import os; open("filled.yaml", "w").write(open("job.yaml").read().replace("_WANDB_", os.environ["WANDB_API_KEY"]))'
)
VERTEX = f"""
steps:
- name: {images.PYTHON}
  entrypoint: python
  args: ["-c", {json.dumps(FILL)}]
  secretEnv: [WANDB_API_KEY]
- name: gcr.io/google.com/cloudsdktool/cloud-sdk:slim
  entrypoint: gcloud
  args: [ai, custom-jobs, create, --region=europe-west1, --display-name=from-build, --config=filled.yaml, --service-account=ACCOUNT]
availableSecrets:
  secretManager: [{{versionName: projects/$PROJECT_ID/secrets/wandb-api-key/versions/latest, env: WANDB_API_KEY}}]
options: {{logging: CLOUD_LOGGING_ONLY}}
"""
