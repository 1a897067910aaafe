"""More than twenty wrong inputs for every command about credentials: one sentence each, its exit code, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.errors import Exit

from tests.small_clone import SmallClone, make_clone
from tests.wrong_inputs import ANYWHERE, AS_SOMEBODY, NOT_HERE, Wrong, check, prepare

DEV = ("--env", "dev")
TOKEN = {"GOOGLE_OAUTH_ACCESS_TOKEN": "hunter2"}
FILE = {"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/hunter2.json"}
NO_LOGIN = "GOOGLE_APPLICATION_CREDENTIALS is set, but does not name a usable login: unset it"
DEPLOYER = {"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "groundwork-deployer@groundwork-dev.iam.gserviceaccount.com"}
BEFORE = "and overrides every login, so logging in would change nothing: unset"
# A shell that still points at the local cloud.
POINTED = tuple(
    Wrong(DEV, f"dev is on Google Cloud, but {name} would send its calls elsewhere", variables={name: "http://127.0.0.1:9/"})
    for name in (
        "GOOGLE_IAM_CUSTOM_ENDPOINT", "STORAGE_EMULATOR_HOST", "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM", "TF_REATTACH_PROVIDERS",
        "GCE_METADATA_HOST",
    )
)  # fmt: skip
RIGHT = {"login": (), "whoami": (), "dvc": (), "docker": (), "env": ()}
UNKNOWN = (
    Wrong(("extra",), "unexpected extra argument"),
    Wrong(("-x",), "No such option '-x'"),
    Wrong(("--env",), "Option '--env' requires an argument", replaces=True),
)
NOT_AS = Wrong(("--as", "alice@example.com"), "No such option '--as'")
OWN = {
    "login": (
        *POINTED,
        NOT_AS,
        Wrong(DEV, "gcloud, which is needed to log in, was not found: install it from https://", Exit.FAILED),
        Wrong(DEV, f"GOOGLE_OAUTH_ACCESS_TOKEN is set {BEFORE}", variables=TOKEN),
        Wrong(DEV, f"GOOGLE_APPLICATION_CREDENTIALS is set {BEFORE}", variables=FILE),
        Wrong((*DEV, "--dry-run"), f"GOOGLE_OAUTH_ACCESS_TOKEN is set {BEFORE}", variables=TOKEN),
        Wrong((*DEV, "--impersonate"), "the deployer cannot act as itself: unset", variables=DEPLOYER),
        Wrong((*DEV, "--again=yes"), "does not take a value"),
        Wrong(("--json",), "No such option '--json'"),
    ),
    "whoami": (
        *AS_SOMEBODY,
        *NOT_HERE,
        *POINTED,
        Wrong(DEV, NO_LOGIN, Exit.PERMISSION, variables=FILE),
        Wrong(("--as", "train"), '"train" is not an e-mail address'),
        Wrong(("--json=yes",), "does not take a value"),
    ),
    "dvc": (
        NOT_AS,
        Wrong((), "is not inside a DVC repository: run `dvc init` in yours, or name it with --repository PATH."),
        Wrong(("--repository", "absent"), "absent is not a folder: name the one that contains your DVC repository."),
        Wrong(("--repository", "notes.txt"), "notes.txt is not a folder"),
        Wrong(("--repository", "envs"), "is not inside a DVC repository"),
        Wrong(("--repository", ""), "is not inside a DVC repository"),
        Wrong(("--bucket", "nope"), "envs/local.yaml has no bucket nope; for DVC it has data."),
        Wrong(("--bucket", ""), "envs/local.yaml has no bucket ; for DVC it has data."),
        Wrong(("--bucket", "gs://data"), "envs/local.yaml has no bucket gs://data"),
        Wrong(("--bucket", "plain"), "Bucket plain is not for DVC: set `dvc: true` for it in envs/local.yaml"),
        Wrong(("--env", "bare-of-secrets"), "has no bucket for DVC: add one such as"),
        Wrong(("--env", "two"), "envs/two.yaml has 2 buckets for DVC: choose one with --bucket, one, two."),
        Wrong(("--repository", "folder"), "/folder/.dvc/config cannot be read", Exit.FAILED),
        Wrong(("--repository", "binary"), "/binary/.dvc/config.local cannot be read", Exit.FAILED),
        Wrong((*DEV, "--repository", "other"), "is gs://theirs. Point it at gs://groundwork-dev-data instead?", Exit.REFUSED),
        Wrong(("--json",), "No such option '--json'"),
    ),
    "docker": (
        NOT_AS,
        Wrong((), "local is the local cloud (simulated), where docker needs no helper", Exit.FAILED),
        Wrong(("--token",), "podman login --username oauth2accesstoken", Exit.FAILED),
        Wrong(("--dry-run",), "podman login --username oauth2accesstoken", Exit.FAILED),
        Wrong(("--env", "bare-of-secrets"), "envs/bare-of-secrets.yaml has no repositories, so there is nothing to push to"),
        Wrong(DEV, "You are not logged in to Google Cloud", Exit.PERMISSION),
        Wrong((*DEV, "--token"), "You are not logged in to Google Cloud", Exit.PERMISSION),
        Wrong((*DEV, "--token"), NO_LOGIN, Exit.PERMISSION, variables=FILE),
        Wrong(DEV, "docker was not found: install it or put it on PATH.", Exit.FAILED, variables=TOKEN),
        *(Wrong((*row.words, "--token"), row.sentence, variables=row.variables) for row in POINTED),
        Wrong(("--token=hunter2",), "does not take a value"),
        Wrong(("--json",), "No such option '--json'"),
    ),
    "env": (
        NOT_AS,
        Wrong(("--python=3",), "does not take a value"),
        Wrong(("--json=yes",), "does not take a value"),
        Wrong(("--shell",), "No such option '--shell'"),
    ),
}  # fmt: skip


def every(verb: str) -> tuple[Wrong, ...]:
    return (*ANYWHERE, *UNKNOWN, *OWN[verb])


CASES = [pytest.param(verb, wrong, id=f"{verb}-{wrong}") for verb in RIGHT for wrong in every(verb)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, local_clone: Checkout) -> SmallClone:
    """ENV=local with a bucket for DVC and one that is not, and folders that are DVC repositories gone wrong."""
    more = "buckets:\n  data: {dvc: true}\n  plain: {}\nrepositories:\n  images: {}\n"
    clone = make_clone(tmp_path_factory.mktemp("wrong"), local_clone, [], more)
    prepare(clone)
    two = "cloud: local\nproject: groundwork-two\nregion: europe-west1\nbuckets: {one: {dvc: true}, two: {dvc: true}}\n"
    (clone.root / "envs" / "two.yaml").write_text(two)
    (clone.root / "notes.txt").touch()
    (clone.root / "folder" / ".dvc" / "config").mkdir(parents=True)
    for name in ("binary", "other"):
        (clone.root / name / ".dvc").mkdir(parents=True)
    (clone.root / "binary" / ".dvc" / "config.local").write_bytes(b"\xff\xfe")
    (clone.root / "other" / ".dvc" / "config").write_text("['remote \"data\"']\n    url = gs://theirs\n")
    return clone


def test_every_command_has_at_least_twenty_wrong_inputs() -> None:
    assert {verb: len(every(verb)) for verb in RIGHT if len(every(verb)) < 20} == {}


@pytest.mark.parametrize(("verb", "wrong"), CASES)
def test_wrong_input_is_reported_and_writes_nothing(
    verb: str, wrong: Wrong, clone: SmallClone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    before = written(clone.root)
    check(clone, (verb,), RIGHT[verb], wrong, tmp_path, monkeypatch)
    assert written(clone.root) == before
    assert not list(tmp_path.rglob("config.json"))


def written(root: Path) -> dict[str, int]:
    """Every file with its time, except groundwork's own caches."""
    files = (file for file in root.rglob("*") if file.is_file() and ".groundwork" not in file.parts)
    return {str(file): file.stat().st_mtime_ns for file in files}


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [("exit 3", "gcloud did not log you in (exit code 3): run"), ("kill -9 $$", "(exit code -9)")],
)
def test_a_failing_gcloud_is_reported_in_one_sentence(
    ending: str, sentence: str, clone: SmallClone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "gcloud"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{ending}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    check(clone, ("login",), (), Wrong(DEV, sentence, Exit.PERMISSION), tmp_path, monkeypatch)
