"""Terraform with our provider compared with the real one, and `up` compared with a bare apply."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from localcloud.server import launcher

from . import processes
from .cloud import Target, call
from .rows import Row

OWNER = "user:owner@example.com"
ROOT = Path(__file__).parents[2]
HEAD = """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "7.45.0"
    }
  }
}

provider "google" {
  project = "bench-project"
  region  = "europe-west1"
}
"""

STATE = """
terraform {
  backend "gcs" {
    bucket = "bench-project-tfstate"
  }
}
"""


def mixed() -> str:
    """HCL of twenty resources of the small platform: 2 accounts, 6 bindings, 2 services, 4 buckets, 4 secrets, 2 repositories."""
    blocks = [HEAD]
    for n in range(2):
        blocks.append(
            f'resource "google_project_service" "s{n}" {{\n  service = "{("run", "logging")[n]}.googleapis.com"\n}}'
        )
        blocks.append(f'resource "google_service_account" "a{n}" {{\n  account_id = "account-{n}"\n}}')
        repository = f'  repository_id = "images-{n}"\n  format = "DOCKER"\n  location = "europe-west1"\n'
        blocks.append(f'resource "google_artifact_registry_repository" "r{n}" {{\n{repository}}}')
    for n in range(4):
        bucket = f'  name = "bench-project-{n}"\n  location = "europe-west1"\n  uniform_bucket_level_access = true\n'
        blocks.append(f'resource "google_storage_bucket" "b{n}" {{\n{bucket}}}')
        blocks.append(secret(n))
    blocks.extend(
        f'resource "google_storage_bucket_iam_member" "m{n}" {{\n  bucket = google_storage_bucket.b{n % 4}.name\n'
        f'  role = "roles/storage.{("objectViewer", "objectUser")[n // 4]}"\n'
        f"  member = google_service_account.a{n % 2}.member\n}}"
        for n in range(6)
    )
    return "\n".join(blocks)


def secret(number: int) -> str:
    replication = "  replication {\n    auto {}\n  }\n"
    return f'resource "google_secret_manager_secret" "s{number}" {{\n  secret_id = "secret-{number}"\n{replication}}}'


def many() -> str:
    """HCL of three hundred resources: 200 secrets and 100 buckets."""
    buckets = (
        f'resource "google_storage_bucket" "b{n}" {{\n  name = "bench-project-{n}"\n  location = "europe-west1"\n}}'
        for n in range(100)
    )
    return "\n".join([HEAD, *(secret(n) for n in range(200)), *buckets])


def environment(state: Path, *, real: bool) -> dict[str, str]:
    """The variables that point Terraform at a fresh local cloud with our provider, or with the real one."""
    running = launcher.start(state)
    target = Target("local cloud", running.base, launcher.token(state, OWNER))
    call(target, "POST", "/cloudresourcemanager/v3/projects", {"projectId": "bench-project"})
    for api in ("secretmanager", "iam", "cloudresourcemanager", "artifactregistry"):
        call(target, "POST", f"/serviceusage/v1/projects/bench-project/services/{api}.googleapis.com:enable", {})
    call(target, "POST", "/storage/v1/b?project=bench-project", {"name": "bench-project-tfstate"})
    variables = {
        **os.environ,
        **running.endpoints,
        "GOOGLE_OAUTH_ACCESS_TOKEN": launcher.token(state, OWNER),
    }
    variables |= {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
    if not real:
        variables["TF_REATTACH_PROVIDERS"] = launcher.start_provider(
            state, running, launcher.token(state, OWNER)
        ).reattach
    return variables


def run(hcl: str, folder: Path, *, real: bool) -> float:
    """Seconds of init, plan, apply and plan again of `hcl` in a fresh folder on a fresh local cloud, with the state in a bucket."""
    folder.mkdir()
    (folder / "main.tf").write_text(hcl + STATE, encoding="utf-8")
    state = folder / "cloud"
    variables = environment(state, real=real)
    steps = (["init"], ["plan", "-out=plan"], ["apply", "plan"], ["plan", "-detailed-exitcode"])
    try:
        return sum(processes.seconds(["terraform", *step], env=variables, cwd=folder) for step in steps)
    finally:
        launcher.stop(state)


def floor(folder: Path) -> Row:
    """Terraform's seconds for three hundred built-in resources divided by those for three hundred of Google's with our provider."""
    folder.mkdir()
    built_in = "\n".join(f'resource "terraform_data" "d{n}" {{\n  input = "text {n}"\n}}' for n in range(300))
    alone = min(run(built_in, folder / f"alone-{turn}", real=False) for turn in range(2))
    ours = run(many(), folder / "ours", real=False)
    return Row(
        "300 resources: Terraform alone ÷ with our provider",
        alone / ours,
        note=f"{alone:.2f} s against {ours:.2f} s: the floor",
    )


def ratio(name: str, hcl: str, goal: float, folder: Path) -> Row:
    """Our provider's seconds divided by the real one's for the same HCL."""
    folder.mkdir()
    ours = min(run(hcl, folder / f"ours-{turn}", real=False) for turn in range(2))
    try:
        real = run(hcl, folder / "real", real=True)
    except RuntimeError as problem:
        return Row(name, None, at_most=goal, note=f"ours {ours:.2f} s; the real provider: {str(problem)[-160:]}")
    return Row(name, ours / real, at_most=goal, note=f"{ours:.2f} s against {real:.2f} s")


def copied(folder: Path) -> Path:
    """A copy of the working tree in its own folder."""
    tree = folder / "tree"
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    for name in files:
        if (ROOT / name).is_file() and name.startswith(
            ("infra/", "modules/", "envs/", "tools/", "Makefile", "pyproject")
        ):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def _groundwork(tree: Path, *arguments: str) -> None:
    argv = [sys.executable, "-m", "groundwork", *arguments]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    processes.seconds(argv, env={**kept, "PYTHONPATH": str(tree / "tools")}, cwd=tree)


def up_row(environment: str, provider: str, folder: Path) -> Row:
    """`groundwork up` of an environment divided by a bare init and apply of its two layers, after the same preparation."""
    name = f"up of {environment} ÷ bare apply of the same resources ({provider} provider)"
    folder.mkdir()
    tree = copied(folder)
    options = ["--env", environment, "--provider", provider]
    try:
        _groundwork(tree, "up", *options, "--yes")
        ours, bare = [], []
        for _ in range(5 if provider == "local" else 1):
            _groundwork(tree, "down", *options, "--yes")
            bare.append(_bare(tree, environment, provider))
            _groundwork(tree, "down", *options, "--yes")
            began = time.perf_counter()
            _groundwork(tree, "up", *options, "--yes")
            ours.append(time.perf_counter() - began)
    except RuntimeError as problem:
        return Row(name, None, at_most=1.1, note=str(problem)[-200:])
    finally:
        launcher.stop(tree / ".groundwork" / "local")
    return Row(name, min(ours) / min(bare), at_most=1.1, note=f"{min(ours):.2f} s against {min(bare):.2f} s")


def _bare(tree: Path, environment: str, provider: str) -> float:
    state = tree / ".groundwork" / "local"
    running = launcher.start(state)
    variables = {
        **os.environ,
        **running.endpoints,
        "GOOGLE_OAUTH_ACCESS_TOKEN": launcher.token(state, OWNER),
    }
    variables |= {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
    if provider == "local":
        variables["TF_REATTACH_PROVIDERS"] = launcher.start_provider(
            state, running, launcher.token(state, OWNER)
        ).reattach
    file = next((tree / "envs").rglob(f"{environment}.yaml"))
    took = 0.0
    for layer in ("bootstrap", "platform"):
        env = {**variables, "TF_DATA_DIR": str(tree / ".groundwork" / f"{environment}-env-data" / layer)}
        init = [f"-backend-config=bucket={_project(file)}-tfstate", f"-backend-config=prefix={environment}/{layer}"]
        chdir = ["terraform", f"-chdir={tree / 'infra' / layer}"]
        took += processes.seconds([*chdir, "init", *init], env=env)
        apply = [*chdir, "apply", "-auto-approve", f"-var=environment_file={file}"]
        took += processes.seconds(apply, env=env)
    return took


def _project(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(line.split(":")[1].split("#")[0].strip() for line in lines if line.startswith("project:"))


def rows(folder: Path) -> list[Row]:
    """All measurements of Terraform, in one run."""
    return [
        ratio("20 mixed resources: init, plan, apply, plan: ours ÷ real", mixed(), 0.05, folder / "twenty"),
        ratio("300 resources: init, plan, apply, plan: ours ÷ real", many(), 0.4, folder / "many"),
        floor(folder / "floor"),
        up_row("local", "local", folder / "up-local"),
        up_row("local", "google", folder / "up-google"),
        up_row("pokemon-cards", "local", folder / "up-example"),
    ]
