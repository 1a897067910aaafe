"""`groundwork init`: a valid file, a working folder, and no existing file overwritten."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from groundwork import cli
from groundwork.environment.placeholders import placeholders
from groundwork.environment.values import load
from groundwork.errors import Exit
from groundwork.start.needs import plain

from tests.terminal import at_terminal

Init = Callable[..., int]


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Init:
    """`groundwork init WORDS` in the test's folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: cli.run(["init", *arguments])


WORDS = ("--name", "dev", "--project", "cats-dogs-1", "--email", "alice@example.com")


def test_an_empty_folder_becomes_a_project_with_a_valid_file(init: Init, tmp_path: Path) -> None:
    assert init(*WORDS) == Exit.OK
    environment = load("dev", tmp_path)
    assert (environment.project, environment.region, environment.local) == ("cats-dogs-1", "europe-west1", False)
    assert environment.members["alice@example.com"].role == "operator"
    assert set(environment.identities) == {"train", "serve", "build"}
    assert environment.buckets["data"].dvc
    assert (tmp_path / "infra" / "platform" / "main.tf").is_file()
    assert {".groundwork/", "*.tfplan", "gha-creds-*.json"} <= set((tmp_path / ".gitignore").read_text().splitlines())


def test_every_part_of_the_file_has_a_comment(init: Init, tmp_path: Path) -> None:
    init(*WORDS)
    lines = (tmp_path / "envs" / "dev.yaml").read_text().splitlines()
    parts = [number for number, line in enumerate(lines) if line.endswith(":") and not line.startswith((" ", "#"))]
    assert all(lines[number - 1].startswith("#") for number in parts)


def test_the_budget_in_a_comment_is_valid_and_its_account_is_an_example(init: Init, tmp_path: Path) -> None:
    init(*WORDS)
    path = tmp_path / "envs" / "dev.yaml"
    path.write_text(path.read_text().replace("# budget:", "budget:"))
    assert "budget.billing_account: 000000-000000-000000" in placeholders(load("dev", tmp_path))


def test_the_alerts_in_a_comment_are_valid_where_there_is_a_service(init: Init, tmp_path: Path) -> None:
    init(*WORDS)
    path = tmp_path / "envs" / "dev.yaml"
    assert "alerts" not in path.read_text()
    path.unlink()
    (tmp_path / "Dockerfile").write_text("FROM scratch\nEXPOSE 8000\nCMD uvicorn main:app\n")
    init(*WORDS)
    path.write_text(path.read_text().replace("# alerts:", "alerts:"))
    assert load("dev", tmp_path).alerts is not None


def test_what_the_code_says_is_in_the_file_with_its_reason(init: Init, tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("['remote \"a\"']\n    url = gs://their-data\n")
    (tmp_path / ".env").write_text("HF_TOKEN=hidden\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert init(*WORDS) == Exit.OK
    environment = load("dev", tmp_path)
    assert environment.buckets["their-data"].full_name == "their-data"
    assert environment.identities["train"].buckets["their-data"] == "read"
    assert environment.secrets["hf-token"].readers == ("train",)
    text = (tmp_path / "envs" / "dev.yaml").read_text()
    assert "# Dockerfile: image app in repository images." in text
    assert "hidden" not in text


def test_what_is_deployed_trained_and_built_has_its_place(init: Init, tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "train.dockerfile").write_text("FROM scratch\n")
    (tmp_path / "job.yaml").write_text("workerPoolSpecs:\n- machineSpec: {machineType: n1-standard-4}\n")
    (tmp_path / "cloudbuild.yaml").write_text("steps: [{name: gcloud, args: [run, deploy, api]}]\n")
    assert init(*WORDS) == Exit.OK
    environment = load("dev", tmp_path)
    assert environment.services["api"].identity == "serve"
    assert environment.training["train"].output == environment.buckets["models"].url
    path = tmp_path / "envs" / "dev.yaml"
    github = 'github: {repository: team/cats, owner_id: "42"}\n'
    path.write_text(path.read_text().replace("# builds:", f"{github}builds:").replace("\n#   ", "\n  "))
    builds = load("dev", tmp_path).builds
    assert (builds["api"].dir, builds["train"].dockerfile) == ("api", "train.dockerfile")
    assert builds["cloudbuild"].file == "cloudbuild.yaml"


def test_a_teams_own_builds_and_deployments_keep_their_names_place_and_settings(init: Init, tmp_path: Path) -> None:
    image = "europe-west4-docker.pkg.dev/harbour-42/ours/tide_train"
    files = {
        "ci/cloudbuild.yaml": f"steps: [{{name: docker, args: [push, '{image}:1']}}]\nimages: ['{image}:1']\n",
        "cloudbuild.yaml": (
            "steps: [{name: sdk, args: [gcloud, run, deploy, tides, --image=x, --region=europe-west4, --memory=1Gi, "
            "--allow-unauthenticated, --set-env-vars=FROM=gs://their-models/best]}]\n"
            "availableSecrets: {secretManager: [{versionName: projects/p/secrets/WANDB_API_KEY/versions/1, env: KEY}]}\n"
        ),
        "tides/Dockerfile": "FROM scratch\nEXPOSE 8000\n",
        "cloudbuild/Dockerfile": "FROM scratch\n",
        "train.py": "import wandb\n",
        "envs/other.yaml": "project: harbour-42-dev\n",
        "job.yaml": (
            f"workerPoolSpecs:\n- containerSpec:\n    imageUri: {image}:1\n"
            "baseOutputDirectory:\n  outputUriPrefix: gs://their-models/runs\n"
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert init("--name", "dev", "--cloud", "local") == Exit.OK
    environment = load("dev", tmp_path)
    assert (environment.project, environment.region) == ("harbour-42", "europe-west4")
    service = environment.services["tides"]
    assert (service.port, service.memory, service.public) == (8000, "1Gi", True)
    assert environment.identities["build"].services == {"tides": "deploy"}
    assert {name: build.file for name, build in environment.builds.items() if build.file} == {
        "file-cloudbuild": "cloudbuild.yaml",
        "ci-cloudbuild": "ci/cloudbuild.yaml",
    }
    assert environment.training["train"].image.endswith("/harbour-42/ours/tide_train")
    assert environment.identities["train"].buckets["their-models"] == "write"
    assert environment.identities["build"].buckets == {"their-models": "read"}
    assert list(environment.secrets) == ["WANDB_API_KEY"]
    assert init("--name", "next", "--cloud", "local") == Exit.OK
    assert load("next", tmp_path).project != "harbour-42", "an environment has it"


def test_services_that_one_image_is_deployed_as_are_deployed_by_its_build(init: Init, tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "Dockerfile").write_text("FROM scratch\nEXPOSE 8501\n")
    deploys = "gcloud run deploy cards --image x/best --memory 1Gi\ngcloud run deploy cards-next --image x/best"
    (tmp_path / "deploy.sh").write_text(f"docker build -t x/best backend\n{deploys}\n")
    (tmp_path / "job.yaml").write_text("workerPoolSpecs: {containerSpec: {imageUri: elsewhere/train}}")
    assert init(*WORDS, "--cloud", "local") == Exit.OK
    environment = load("dev", tmp_path)
    assert {name: service.port for name, service in environment.services.items()} == {"cards": 8501, "cards-next": 8501}
    assert environment.services["cards"].memory == "1Gi"
    assert environment.builds["backend"].deploys == ("cards", "cards-next")
    assert not environment.training["train"].image.endswith("/backend")


@pytest.mark.parametrize("args", ["[-c, 'pip install dvc[gs]; dvc pull -r x']", "[dvc, pull]", "[dvc, push]"])
def test_a_build_that_pulls_with_dvc_may_read_its_bucket(args: str, init: Init, tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("['remote \"a\"']\n    url = gs://their-data\n")
    (tmp_path / "cloudbuild.yaml").write_text(f"steps: [{{name: python, entrypoint: bash, args: {args}}}]\n")
    assert init(*WORDS) == Exit.OK
    assert load("dev", tmp_path).identities["build"].buckets == ({"their-data": "read"} if "pull" in args else {})


def test_the_build_that_comes_next_is_of_the_folder_with_the_code(
    init: Init, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "their code" / "api").mkdir(parents=True)
    (tmp_path / "their code" / "api" / "Dockerfile").touch()
    assert init("their code", *WORDS, "--cloud", "local") == Exit.OK
    assert "groundwork builds submit --build api 'their code' --env dev" in capsys.readouterr().err


def test_the_commands_in_what_is_found_are_about_the_new_environment(
    init: Init, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".dvc").mkdir()
    remotes = "['remote \"a\"']\n    url = gs://their-data\n['remote \"b\"']\n    url = s3://other\n"
    (tmp_path / ".dvc" / "config").write_text(remotes)
    assert init(*WORDS, "--dry-run") == Exit.OK
    found = capsys.readouterr().out
    assert "`groundwork adopt --env dev` takes it over" in found
    assert "`groundwork dvc --env dev`, then `dvc push`" in found


def test_a_file_with_secrets_is_named_as_a_command_finds_it(
    init: Init, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "their code").mkdir()
    (tmp_path / "their code" / ".env").write_text("WANDB_API_KEY=x\n")
    assert init("their code", *WORDS) == Exit.OK
    words = "`groundwork secrets import 'their code/.env' --env dev`"
    assert words in capsys.readouterr().out
    assert words in (tmp_path / "envs" / "dev.yaml").read_text()


def test_the_name_of_a_short_folder_is_made_longer(init: Init, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    assert init("x", "--name", "d", "--cloud", "local") == Exit.OK
    assert load("d", tmp_path).project == "team-x-d"


def test_what_builds_and_trains_fits_together(init: Init, tmp_path: Path) -> None:
    files = {
        "docker/api.dockerfile": "FROM scratch\nCOPY src /src\nEXPOSE 80\n",
        "docker/trainer.dockerfile": "FROM scratch\nCOPY src /src\n",
        "src/main.py": "",
        "job.yaml": "workerPoolSpecs:\n- machineSpec: {}\n  containerSpec:\n    imageUri: a-docker.pkg.dev/p/cats/trainer:latest\n",
        "cpu.yaml": "workerPoolSpecs:\n  machineSpec:\n    machineType: n1-highmem-2\n",
        "cloudbuild.yaml": (
            "steps:\n- {name: docker, args: [push, 'a-docker.pkg.dev/$PROJECT_ID/cats/trainer:$SHORT_SHA']}\n"
            "- {name: gcloud, args: [ai, custom-jobs, create]}\n"
            "availableSecrets: {secretManager: [{versionName: projects/p/secrets/KEY/versions/1, env: KEY}]}\n"
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert init(*WORDS, "--cloud", "local") == Exit.OK
    environment = load("dev", tmp_path)
    build, training = environment.builds["trainer"], environment.training["train"]
    assert (build.dir, build.dockerfile) == (".", "docker/trainer.dockerfile")
    assert training.image.endswith("/cats-dogs-1/images/trainer")
    assert training.machine_type == "n1-highmem-2"
    assert environment.identities["build"].repositories == {"images": "write", "cats": "write"}
    assert environment.identities["train"].repositories == {"images": "read", "cats": "read"}
    assert environment.identities["build"].submits == ("training",)
    assert environment.secrets["KEY"].readers == ("train", "build")


@pytest.mark.parametrize(
    ("origin", "repository"),
    [
        ("git@github.com:Cats-Team/cats.dogs.git", "Cats-Team/cats.dogs"),
        ("https://token@github.com/cats-team/cats", "cats-team/cats"),
        ("https://gitlab.com/cats-team/cats", "cats-dogs-1/code"),
        ("", "cats-dogs-1/code"),
    ],
)
def test_on_the_local_cloud_what_has_a_dockerfile_can_be_built_at_once(
    origin: str, repository: str, init: Init, tmp_path: Path
) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "Dockerfile").write_text("FROM scratch\nEXPOSE 8501\n")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    if origin:
        subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", origin], check=True)
    assert init(*WORDS, "--cloud", "local") == Exit.OK
    made = load("dev", tmp_path)
    assert made.github is not None
    assert (made.github.repository, made.github.connected) == (repository, True)
    assert made.builds["api"].dir == "api"
    assert (made.services["api"].identity, made.services["api"].port) == ("serve", 8501)
    assert "token" not in (tmp_path / "envs" / "dev.yaml").read_text()


@pytest.mark.parametrize(
    "url",
    [
        "gs://my.domain.example",
        "gs://googledata",
        "gs://models",
        "gs://cats-dogs-1-data",
        "gs://cats-dogs-1-staging",
        "/srv/data",
        "gs://A B\x1b",
    ],
)
def test_any_remote_gives_a_valid_file(url: str, init: Init, tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(f"['remote \"a\"']\n    url = {url}\n")
    assert init(*WORDS) == Exit.OK
    assert load("dev", tmp_path)


def test_a_dry_run_writes_nothing_and_json_has_all_of_it(
    init: Init, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Dockerfile").touch()
    assert init(*WORDS, "--dry-run", "--json") == Exit.OK
    output = json.loads(capsys.readouterr().out)
    assert (output["file"], output["written"], output["found"][0]["becomes"]) == (
        "envs/dev.yaml",
        False,
        "image app in repository images",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["Dockerfile"]


def test_a_file_that_is_there_stays(init: Init, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    init(*WORDS)
    (tmp_path / "envs" / "dev.yaml").write_text("mine\n")
    assert init(*WORDS) == Exit.REFUSED
    assert "exists already and was not changed" in capsys.readouterr().err
    assert (tmp_path / "envs" / "dev.yaml").read_text() == "mine\n"


def test_a_second_environment_looks_at_the_code_again_and_not_at_what_was_copied(
    init: Init, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "Dockerfile").touch()
    init(*WORDS)
    capsys.readouterr()
    assert init("--project", "cats-dogs-2", "--cloud", "local", "--dry-run", "--json") == Exit.OK
    said = json.loads(capsys.readouterr().out)
    assert [clue["file"] for clue in said["found"]] == ["api/Dockerfile"]
    assert said["file"] == f"envs/{plain(tmp_path.name)[:31].rstrip('-')}.yaml", "dev is taken"


def test_a_folder_with_other_files_in_their_place_is_refused_entirely(
    init: Init, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "modules" / "bucket").mkdir(parents=True)
    (tmp_path / "modules" / "bucket" / "main.tf").write_text("mine\n")
    assert init(*WORDS) == Exit.USAGE
    assert "modules/bucket/main.tf" in capsys.readouterr().err
    assert not (tmp_path / "envs").exists()
    assert not (tmp_path / "infra").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "--project is missing"),
        (("--project", "No Such Id"), '--project is "No Such Id"; allowed are 6 to 30'),
        (("--project", "cats-dogs-1", "--region", "moon"), '--region is "moon"'),
        (("--project", "cats-dogs-1", "--name", "../dev"), "cannot name an environment"),
        (("--project", "cats-dogs-1", "--email", "alice"), "is not an e-mail address"),
    ],
)
def test_invalid_options_are_refused_and_nothing_is_written(
    arguments: tuple[str, ...], sentence: str, init: Init, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(*arguments) == Exit.USAGE
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("address", "members"), [("me@example.com", {"me@example.com"}), ("1+me@users.noreply.github.com", set())]
)
def test_the_address_of_git_is_proposed_where_it_is_a_persons(
    address: str, members: set[str], init: Init, tmp_path: Path
) -> None:
    for arguments in (["init", "--quiet"], ["config", "user.email", address]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    assert init(*WORDS[:4], "--yes") == Exit.OK
    assert set(load("dev", tmp_path).members) == members


def test_at_a_terminal_it_asks_five_things_and_takes_what_it_proposes(tmp_path: Path) -> None:
    answers = [
        ("Name of the environment", "dev"),
        ("Where", "local"),
        ("Project ID", "cats-dogs-1"),
        ("Region", ""),
        ("Your e-mail", "alice@example.com"),
    ]
    code, output = at_terminal(["init"], tmp_path, answers)
    assert code == Exit.OK, output
    environment = load("dev", tmp_path)
    assert (environment.project, environment.region, environment.local, list(environment.members)) == (
        "cats-dogs-1",
        "europe-west1",
        True,
        ["alice@example.com"],
    )


def test_it_ends_with_commands_that_the_shell_can_run(
    init: Init, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, line in (("api", "EXPOSE 80"), ("a-train", "ENTRYPOINT python")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text(f"FROM scratch\n{line}\n")
    python = tmp_path / "a b"
    (python / "bin").mkdir(parents=True)
    (python / "bin" / "activate").touch()
    monkeypatch.setattr(sys, "prefix", str(python))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert init(*WORDS, "--cloud", "local") == Exit.OK
    first, *_, last = capsys.readouterr().err.partition("next\n")[2].splitlines()
    assert shlex.split(first) == [
        "source",
        "a b/bin/activate",
        *["once", "in", "each", "shell,", "for", "the", "commands", "below"],
    ]
    assert last.startswith("  groundwork builds submit --build api . --env dev ")
