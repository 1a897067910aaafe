"""What is found in a team's repository, and that no value of a secret is kept."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from groundwork.errors import UsageProblem
from groundwork.start import needs, repository
from groundwork.start.clue import Clue

Kind = TypeVar("Kind")


def needed(kind: type[Kind], folder: Path) -> list[Kind]:
    """What the code in a folder needs of one kind."""
    return [clue.need for clue in repository.scan(folder) if isinstance(clue.need, kind)]


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
    assert [service.port for service in needed(needs.NeededService, tmp_path)] == ([] if port is None else [port])


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
    assert [image.context for image in needed(needs.NeededImage, tmp_path)] == [context]


def test_a_folder_of_nothing_but_dockerfiles_is_not_what_is_copied(tmp_path: Path) -> None:
    detected(tmp_path, {f"dockerfiles/{name}.dockerfile": "COPY . /app" for name in ("api", "train")})
    (tmp_path / "main.py").touch()
    assert {image.context for image in needed(needs.NeededImage, tmp_path)} == {""}


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


def test_a_dotenv_with_other_variables_names_the_keys_to_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    detected(tmp_path, {".env": "WANDB_API_KEY=x\nPORT=8000\n"})
    first, *_ = repository.scan(tmp_path)
    assert (
        first.becomes
        == "WANDB_API_KEY is secret wandb-api-key: `groundwork secrets import .env --only WANDB_API_KEY --env NAME`"
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
        ("Cloud Build", "cloudbuild", "builds"),
        ("Cloud Build", "trainer", "repositories"),
        ("Cloud Build", "r", "repositories"),
        ("Cloud Build", "backend", "services"),
    ]
    assert needed(needs.NeededImage, tmp_path) == [needs.NeededImage("r/trainer")]
    assert needed(needs.NeededRepository, tmp_path) == [needs.NeededRepository("r")]


def test_a_cloud_build_file_names_secrets_and_starts_training(tmp_path: Path) -> None:
    text = (
        "steps: [{name: gcloud, args: [ai, custom-jobs, create, --config, job.yaml]}]\n"
        "availableSecrets: {secretManager: [{versionName: projects/$PROJECT_ID/secrets/WANDB_API_KEY/versions/latest, env: KEY}]}\n"
    )
    assert detected(tmp_path, {"cloudbuild.yaml": text}) == [
        ("Cloud Build", "cloudbuild", "builds"),
        ("Cloud Build", "WANDB_API_KEY", "secrets"),
        ("Cloud Build", "train", "training"),
    ]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "cloudbuild.yaml",
            "steps: []\navailableSecrets: {secretManager: [{versionName: projects/p/secrets/WANDB_API_KEY/versions/1}]}\n",
        ),
        ("deploy.sh", "gcloud run deploy tides --set-secrets=WANDB_API_KEY=WANDB_API_KEY:latest\n"),
    ],
)
def test_a_secret_has_the_name_by_which_it_is_read(file: str, text: str, tmp_path: Path) -> None:
    detected(tmp_path, {".env": "WANDB_API_KEY=x\n", file: text, "train.py": "import wandb\n"})
    secrets = {clue.what: clue for clue in repository.scan(tmp_path) if clue.section == "secrets"}
    assert {clue.name for clue in secrets.values()} == {"WANDB_API_KEY"}
    assert secrets[".env"].becomes.startswith("WANDB_API_KEY is secret WANDB_API_KEY: `groundwork secrets import")
    assert secrets["W&B"].becomes == "secret WANDB_API_KEY, which identity train reads"


@pytest.mark.parametrize("name", ["train_on_vertex.yaml", ".github/build.yml", "ci/cloudbuild-web.yaml"])
def test_a_build_of_any_name_is_known_by_its_steps(name: str, tmp_path: Path) -> None:
    text = "# ours\nsteps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n"
    assert [section for _, _, section in detected(tmp_path, {name: text})] == ["builds"]


@pytest.mark.parametrize(
    "text",
    ["steps:\n- run: pytest\n", "steps: 5\n", "steps:\n", "steps: [{name: a}\n", "runs:\n  steps:\n  - name: a\n"],
)
def test_other_files_with_steps_are_no_builds(text: str, tmp_path: Path) -> None:
    assert detected(tmp_path, {"action.yml": text}) == []


def test_substitutions_are_filled_in(tmp_path: Path) -> None:
    text = (
        "steps:\n"
        "- {name: docker, args: [push, '${_WHERE}-docker.pkg.dev/$PROJECT_ID/$_REGISTRY/api:1']}\n"
        "- {name: sdk, args: [gcloud, run, deploy, '${_SERVICE}', '--region', '$_WHERE']}\n"
        "substitutions: {_WHERE: europe-west4, _REGISTRY: ours, _SERVICE: quotes, _OTHER: 5}\n"
    )
    assert detected(tmp_path, {"cloudbuild.yaml": text})[1:] == [
        ("Cloud Build", "ours", "repositories"),
        ("Cloud Build", "quotes", "services"),
    ]
    assert {clue.region for clue in repository.scan(tmp_path)} == {"europe-west4", ""}


def test_a_build_names_the_substitutions_that_need_a_value_and_the_buckets_that_it_reads(tmp_path: Path) -> None:
    text = (
        "steps:\n- {name: docker, args: [build, -t, '${_IMAGE}:$_TAG', $$_NOT, .]}\n"
        "- {name: gsutil, args: [ls, 'gs://their-data/x', 'gs://$_TAG-y', 'gs://z-${_TAG}']}\n"
        "substitutions: {_TAG: latest}\n"
    )
    assert detected(tmp_path, {"cloudbuild.yaml": text}) == [
        ("Cloud Build", "cloudbuild", "builds"),
        ("Cloud Build", "their-data", "buckets"),
        ("Cloud Build", "latest-y", "buckets"),
        ("Cloud Build", "z-latest", "buckets"),
    ]
    build, *_ = repository.scan(tmp_path)
    assert build.becomes.endswith("as identity build; give a value to _IMAGE under its substitutions")


DEPLOYS = """
run deploy tides --image x --allow-unauthenticated --port 8000 --memory=4Gi --cpu 2 --timeout 300s --max-instances 10
--min-instances 0 --set-env-vars MODEL=small,API_KEY=no,PORT=1,ROOM=$R --set-secrets KEY=HARBOUR_KEY:latest --quiet
"""
SETTINGS = {
    "public": True, "port": 8000, "cpu": 2, "memory": "4Gi", "max_instances": 10, "timeout_seconds": 300,
    "env": {"MODEL": "small"}, "secrets": {"KEY": "HARBOUR_KEY"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cloudbuild.yaml", f"steps: [{{name: gcloud, args: [{', '.join(map(repr, DEPLOYS.split()))}]}}]"),
        ("cloudbuild.yaml", f"steps: [{{name: sdk, args: [bash, -c, 'gcloud {' '.join(DEPLOYS.split())}; echo']}}]"),
        ("deploy.sh", f"NAME=tides\nif true; then gcloud {' '.join(DEPLOYS.split()).replace('tides', '$NAME')}\nfi\n"),
        (
            ".github/workflows/x.yml",
            "env:\n  SERVICE: ${{ vars.NAME || 'tides' }}\njobs:\n  a:\n    steps:\n    - run: |\n        gcloud "
            + DEPLOYS.strip().replace("tides", "${{ env.SERVICE }}").replace("\n", " \\\n          "),
        ),
    ],
)
def test_a_deployment_says_how_its_service_runs(name: str, text: str, tmp_path: Path) -> None:
    detected(tmp_path, {name: text})
    (service,) = needed(needs.NeededService, tmp_path)
    assert (service.name, service.settings) == ("tides", SETTINGS)


@pytest.mark.parametrize(
    "flags",
    [
        "",
        "--memory 8Gi",
        "--cpu 3",
        "--memory=1",
        "--timeout 1h",
        "--port",
        "--set-env-vars ^@^A=1",
        "'",
        "--cpu 2 --flags-file=x",
    ],
)
def test_flags_that_the_file_cannot_say_are_left_out(flags: str, tmp_path: Path) -> None:
    detected(tmp_path, {"deploy.sh": f"gcloud run deploy tides {flags}\ngcloud run deploy --image x\n"})
    (service,) = needed(needs.NeededService, tmp_path)
    assert set(service.settings) <= {"cpu"}


def test_a_workflow_that_logs_in_with_a_key_is_told_that_it_needs_none(tmp_path: Path) -> None:
    text = "jobs:\n  a:\n    steps:\n    - with:\n        credentials_json: ${{ secrets.KEY }}\n"
    detected(tmp_path, {f".github/workflows/{name}.yaml": text for name in ("build", "train")})
    (clue,) = repository.scan(tmp_path)
    assert (clue.file, "docs/github.md" in clue.becomes) == (".github/workflows/build.yaml", True)


def test_a_workflow_that_writes_a_job_file_is_none(tmp_path: Path) -> None:
    text = (
        "jobs:\n  a:\n    steps:\n    - run: |\n        cat > job.yaml <<EOF\n        workerPoolSpecs:\n        EOF\n"
    )
    assert detected(tmp_path, {".github/workflows/train.yaml": text, "nested.yaml": f"a:\n  b: |\n{text}"}) == []


@pytest.mark.parametrize("key", ["jobSpec:\n  workerPoolSpecs", "workerPoolSpecs", "worker_pool_specs"])
def test_a_job_file_says_where_it_saves_and_which_keys_lie_open(key: str, tmp_path: Path) -> None:
    text = (
        f"{key}:\n    machineSpec: {{machineType: n1-standard-8}}\n    containerSpec:\n"
        "      imageUri: europe-west4-docker.pkg.dev/harbour-42/ours/tide_train:latest\n      env:\n"
        "      - {name: WANDB_API_KEY, value: hidden}\n      - {name: HF_TOKEN, value: $HF_TOKEN}\n"
        "baseOutputDirectory:\n  outputUriPrefix: gs://their-models/x\n"
    )
    detected(tmp_path, {"job.yaml": text})
    job, saved, key_clue = repository.scan(tmp_path)
    assert job.need == needs.NeededTraining("ours/tide_train", "n1-standard-8")
    assert (job.region, job.project) == ("europe-west4", "harbour-42")
    assert saved.need == needs.NeededBucket("their-models", "training")
    assert key_clue.becomes.startswith("WANDB_API_KEY has its value in this file")
    assert "hidden" not in str(repository.scan(tmp_path))


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


def test_weights_and_biases_is_mentioned_once(tmp_path: Path) -> None:
    detected(tmp_path, {f"src/{name}.py": "import wandb\n" for name in ("a", "b", "c")})
    assert [clue.file for clue in repository.scan(tmp_path)] == ["src/a.py"]


def test_a_service_accounts_key_is_called_needless(tmp_path: Path) -> None:
    clue = Clue("service-account key", "key.json", "nothing here needs one; delete the file and the key")
    detected(tmp_path, {"key.json": '{"type": "service_account", "private_key": "x"}', "data.json": "[]"})
    assert repository.scan(tmp_path) == (clue,)


def test_what_cannot_be_read_is_reported_and_stops_nothing(tmp_path: Path) -> None:
    files = {
        "cloudbuild.yaml": "a: [",
        ".dvc/config": "x",
        "cloudbuild.json": "[" * 5000,
        "job.yaml": "workerPoolSpecs: {{ pools }}\n",
        "bad.py": "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    }
    assert detected(tmp_path, files) == [
        ("Cloud Build", "", ""), ("Cloud Build", "", ""), ("Vertex AI job", "", ""), ("DVC", "", ""),
    ]  # fmt: skip


def test_images_that_are_no_list_are_none(tmp_path: Path) -> None:
    detected(tmp_path, {"cloudbuild.yaml": "steps: []\nimages: api\n"})
    assert needed(needs.NeededImage, tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("job.yaml", "jobSpec:\n" + "\n" * 300_000),
        ("job.yaml", "jobSpec:\n" * 3_000 + " x\n" * 3_000),
        (".github/workflows/a.yml", "  A: ${{ ||" * 50_000),
        ("deploy.sh", "gcloud run deploy " * 30_000),
        ("cloudbuild.yaml", "steps: []\na: " + "--region=" * 50_000 + "gs://" * 50_000),
    ],
)
def test_a_large_file_is_read_in_one_pass(name: str, text: str, tmp_path: Path) -> None:
    assert len(detected(tmp_path, {name: text})) <= 1


def test_a_dockerfile_that_copies_thousands_of_patterns_is_read_soon(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"folder-{number}").mkdir()
    copies = "".join(f"COPY */*{number} /x\n" for number in range(50_000))
    assert len(detected(tmp_path, {"Dockerfile": copies})) == 1


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
                ".devcontainer/Dockerfile": "",
                "wandb/run-20260101_120000-abcdefgh/files/requirements.txt": "wandb",
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


def test_files_of_nothing_but_lines_are_read_to_their_end(tmp_path: Path) -> None:
    lines = "\n" * 900_000
    files = dict.fromkeys(("main.py", "run.sh", "job.yaml", ".github/workflows/ci.yaml"), lines)
    files["Dockerfile"] = f"{lines}EXPOSE 8000\n"
    assert detected(tmp_path, files) == [("Dockerfile", "app", "repositories"), ("Dockerfile", "app", "services")]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("deploy.sh", "gcloud run deploy cards --image=gcr.io/p/backend:1"),
        ("deploy.sh", "docker build -t gcr.io/p/best backend && gcloud run deploy cards --image gcr.io/p/best:latest"),
        ("deploy.sh", "IMAGE=eu-docker.pkg.dev/p/r/best\ndocker build --tag=$IMAGE -f backend/Dockerfile \\\n . ; gcloud run deploy cards --image $IMAGE"),
        ("ci/deploy.sh", "docker buildx build --platform linux/amd64 ../backend -t best\ngcloud run deploy cards --image best"),
        ("deploy.sh", "gcloud builds submit --tag gcr.io/$P/best --timeout 9m backend; gcloud run deploy cards --image gcr.io/$P/best"),
        ("deploy.sh", "gcloud run deploy cards --region x --source backend/"),
        (".github/workflows/deploy.yaml", "jobs:\n  a:\n    steps:\n    - run: docker build -t a/best:1 backend\n    - run: gcloud run deploy cards --image a/best:1\n"),
        ("cloudbuild.yaml", "steps: [{name: docker, args: [build, -t, best, .], dir: backend}, {name: sdk, args: [gcloud, run, deploy, cards, --image, best]}]"),
        ("cloudbuild.yaml", "steps: [{name: sdk, entrypoint: bash, args: [-c, 'docker build -t a/best backend'], }, {name: sdk, script: gcloud run deploy cards --image a/best}]"),
    ],
)  # fmt: skip
def test_a_service_that_is_deployed_under_its_own_name_has_its_dockerfiles_port(
    file: str, text: str, tmp_path: Path
) -> None:
    detected(tmp_path, {file: text, "backend/Dockerfile": "FROM scratch\nEXPOSE 8501\n"})
    services = needed(needs.NeededService, tmp_path)
    assert ({one.name for one in services}, max(one.port for one in services)) == ({"cards"}, 8501)
    assert needed(needs.NeededImage, tmp_path)[0].services == ("cards",)


@pytest.mark.parametrize(
    "text",
    [
        "docker build -t best elsewhere; gcloud run deploy cards --image best",
        "docker build -t best ../..; gcloud run deploy cards --image best",
        "docker build -t best backend\0; gcloud run deploy cards --image 'best",
        "docker build backend; gcloud run deploy cards --image best",
        "docker build -t $1 backend; gcloud run deploy cards --image $1",
    ],
)
def test_what_is_not_seen_to_run_a_dockerfiles_image_is_a_service_of_its_own(text: str, tmp_path: Path) -> None:
    detected(tmp_path, {"deploy.sh": text, "backend/Dockerfile": "FROM scratch\nEXPOSE 8501\n"})
    ports = {one.name: one.port for one in needed(needs.NeededService, tmp_path)}
    assert ports == {"backend": 8501, "cards": 0}
