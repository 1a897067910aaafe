"""What is found in a team's repository, and that no value of a secret is kept."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from groundwork.errors import UsageProblem
from groundwork.start import repository
from groundwork.start.repository import Clue


def detected(folder: Path, files: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Write the files and look: what, name and section of each clue."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return [(clue.what, clue.name, clue.section) for clue in repository.scan(folder)]


@pytest.mark.parametrize(
    ("file", "image"),
    [
        ("Dockerfile", "app"),
        ("trainer/Dockerfile", "trainer"),
        ("docker/Dockerfile.backend", "backend"),
        ("docker/front_end.dockerfile", "front-end"),
        ("9 lives/Dockerfile", "x-9-lives"),
    ],
)
def test_a_dockerfile_is_an_image_with_a_name_that_google_takes(file: str, image: str, tmp_path: Path) -> None:
    assert detected(tmp_path, {file: "FROM scratch"}) == [("Dockerfile", image, "repositories")]


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("CMD exec uvicorn main:app --host 0.0.0.0 --port $PORT", 0),
        ('CMD ["streamlit", "run", "app.py"]', 0),
        ('CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]', 8000),
        ("EXPOSE 80\nENTRYPOINT uvicorn main:app \\\n  --port=8000", 8000),
        ("CMD streamlit run app.py --server.port 8501 --server.address 0.0.0.0", 8501),
        ('CMD ["gunicorn", "-b", "0.0.0.0:5000", "main:app"]', 5000),
        ("EXPOSE 8080\nCMD exec gunicorn --bind :$PORT main:app", 8080),
        ("EXPOSE 9000\nCMD python server.py --port 9001", 9000),
        ("EXPOSE 8501", 8501),
        ("expose 80/tcp", 80),
        ("RUN pip install uvicorn", None),
        ('ENTRYPOINT ["python", "train.py"]', None),
        ("EXPOSE $PORT", None),
    ],
)
def test_a_dockerfile_that_serves_is_a_service(line: str, port: int | None, tmp_path: Path) -> None:
    detected(tmp_path, {"api/Dockerfile": f"FROM python:3.11-slim\n{line}\n"})
    assert [clue.port for clue in repository.scan(tmp_path) if clue.section == "services"] == (
        [] if port is None else [port]
    )


@pytest.mark.parametrize(
    ("copied", "context"),
    [
        ("COPY . .", "docker/api"),
        ("COPY main.py ./", "docker/api"),
        ('COPY ["src", "/app/src"]', ""),
        ("copy --chown=app \\\n  requirements*.txt src/ /app/", ""),
        ("ADD https://example.com/x.tar /x\nCOPY --from=build /src /src", "docker/api"),
        ("COPY $FOLDER /x", "docker/api"),
        ("COPY api/main.py .", "docker"),
        ("COPY nowhere /x\nCOPY src /src", ""),
        ("COPY ../../src **/x \x00 /x", "docker/api"),
    ],
)
def test_an_image_is_built_from_the_folder_that_has_what_it_copies(copied: str, context: str, tmp_path: Path) -> None:
    files = {"docker/api/Dockerfile": f"FROM scratch\n{copied}\n", "docker/api/main.py": "", "src/a.py": ""}
    detected(tmp_path, {**files, "requirements.txt": ""})
    assert [clue.context for clue in repository.scan(tmp_path) if clue.what == "Dockerfile"] == [context]


def test_a_folder_of_nothing_but_dockerfiles_is_not_what_is_copied(tmp_path: Path) -> None:
    detected(tmp_path, {f"dockerfiles/{name}.dockerfile": "COPY . /app" for name in ("api", "train")})
    (tmp_path / "main.py").touch()
    assert {clue.context for clue in repository.scan(tmp_path)} == {""}


def test_a_dvc_remote_on_google_cloud_is_a_bucket_and_another_could_be_one(tmp_path: Path) -> None:
    config = "[core]\n    remote = a\n['remote \"a\"']\n    url = gs://team-data/sub\n['remote \"b\"']\n    url = s3://x:pw@there/y\n"
    assert detected(tmp_path, {".dvc/config": config}) == [
        ("DVC remote", "team-data", "buckets"),
        ("DVC remote", "", "buckets"),
    ]
    assert "pw" not in str(repository.scan(tmp_path))


def test_a_dotenv_gives_names_of_secrets_and_none_of_their_values(tmp_path: Path) -> None:
    text = "export WANDB_API_KEY=hidden1\nPORT=8000\n# OLD_KEY=hidden2\n"
    assert detected(tmp_path, {".env": text, ".env.example": "API_KEY="}) == [
        (".env", "wandb-api-key", "secrets"),
        (".env", "", ""),
    ]
    assert "hidden" not in str(repository.scan(tmp_path))


def test_a_dotenv_with_other_variables_names_the_keys_to_import(tmp_path: Path) -> None:
    detected(tmp_path, {".env": "WANDB_API_KEY=x\nPORT=8000\n"})
    first, *_ = repository.scan(tmp_path)
    assert (
        first.becomes == "WANDB_API_KEY is secret wandb-api-key: `groundwork secrets import .env --only WANDB_API_KEY`"
    )


def test_a_dotenv_that_git_would_add_is_reported(tmp_path: Path) -> None:
    said = "git does not ignore it: add it to .gitignore, so that its values stay out of git"
    detected(tmp_path, {".env": "PORT=8000\n"})
    assert said not in [clue.becomes for clue in repository.scan(tmp_path)], "no repository, no git add"
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    assert said in [clue.becomes for clue in repository.scan(tmp_path)]
    (tmp_path / ".gitignore").write_text(".env\n")
    assert said not in [clue.becomes for clue in repository.scan(tmp_path)]


def test_a_cloud_build_file_names_images_and_services(tmp_path: Path) -> None:
    text = "steps: [{name: gcloud, args: [run, deploy, backend, --image, x]}]\nimages: ['eu-docker.pkg.dev/$PROJECT_ID/r/trainer:$SHORT_SHA', '$_IMAGE']\n"
    assert detected(tmp_path, {"cloudbuild.yaml": text}) == [
        ("Cloud Build", "trainer", "repositories"),
        ("Cloud Build", "r", "registries"),
        ("Cloud Build", "backend", "services"),
    ]


def test_a_cloud_build_file_names_secrets_and_starts_training(tmp_path: Path) -> None:
    text = (
        "steps: [{name: gcloud, args: [ai, custom-jobs, create, --config, job.yaml]}]\n"
        "availableSecrets: {secretManager: [{versionName: projects/$PROJECT_ID/secrets/WANDB_API_KEY/versions/latest, env: KEY}]}\n"
    )
    assert detected(tmp_path, {"cloudbuild.yaml": text}) == [
        ("Cloud Build", "wandb-api-key", "secrets"),
        ("Cloud Build", "train", "training"),
    ]
    secret, _ = repository.scan(tmp_path)
    assert (
        secret.becomes
        == "secret wandb-api-key, which identity build reads; write wandb-api-key for WANDB_API_KEY in this file"
    )


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("src/train.py", "import wandb\n"),
        ("requirements.txt", "torch\nwandb==0.16\n"),
        ("pyproject.toml", '  "wandb>=0.1",\n'),
        ("pyproject.toml", 'dependencies = ["torch", "wandb"]\n'),
    ],
)
def test_using_weights_and_biases_needs_its_key(file: str, text: str, tmp_path: Path) -> None:
    assert detected(tmp_path, {file: text}) == [("W&B", "wandb-api-key", "secrets")]


def test_a_service_accounts_key_is_called_needless(tmp_path: Path) -> None:
    clue = Clue("service-account key", "key.json", "", "nothing here needs one; delete the file and the key")
    detected(tmp_path, {"key.json": '{"type": "service_account", "private_key": "x"}', "data.json": "[]"})
    assert repository.scan(tmp_path) == (clue,)


def test_what_cannot_be_read_is_reported_and_stops_nothing(tmp_path: Path) -> None:
    files = {
        "cloudbuild.yaml": "a: [",
        ".dvc/config": "x",
        "cloudbuild.json": "[" * 5000,
        "bad.py": "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    }
    assert detected(tmp_path, files) == [("Cloud Build", "", ""), ("Cloud Build", "", ""), ("DVC", "", "")]


def test_anything_but_a_file_is_skipped(tmp_path: Path) -> None:
    for name in (".env", "cloudbuild.yaml", "train.yaml", "requirements.txt"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "main.py").symlink_to("/dev/zero")
    (tmp_path / "key.json").symlink_to("key.json")
    (tmp_path / "other.json").symlink_to("nowhere")
    assert repository.scan(tmp_path) == ()


def test_other_peoples_code_is_not_looked_at(tmp_path: Path) -> None:
    assert (
        detected(
            tmp_path,
            {
                ".venv/lib/wandb.py": "import wandb",
                "node_modules/Dockerfile": "",
                "platform/infra/platform/x.tf": "",
                "platform/Dockerfile": "",
            },
        )
        == []
    )


def test_a_path_that_is_not_a_folder_is_reported_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="is not a folder"):
        repository.scan(tmp_path / "nowhere")


def test_no_name_of_a_file_is_another_line(tmp_path: Path) -> None:
    detected(
        tmp_path,
        {
            "a\nError: run this\x1b[31m/Dockerfile": "",
            ".dvc/config": "['remote \"b\"']\n    url = gs://b\n      x: y\n",
        },
    )
    for clue in repository.scan(tmp_path):
        assert all(text.isprintable() for text in (clue.file, clue.name, clue.becomes)), clue
