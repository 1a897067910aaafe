"""Finds out from a team's repository which platform it needs; nothing is run, and no secret value is kept."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from groundwork.display import on_one_line
from groundwork.errors import UsageProblem
from groundwork.secrets.names import suggested, variable
from groundwork.start import cloud_build, deployed, dockerfile, scripts, vertex
from groundwork.start.clue import Clue, plain
from groundwork.terraform import git

_MOST_FILES = 20_000
_MOST_BYTES = 1 << 20
_NOT_THEIRS = frozenset(
    {
        ".git",
        ".groundwork",
        ".terraform",
        ".venv",
        "venv",
        "env",
        "node_modules",
        "site-packages",
        "__pycache__",
        ".tox",
        ".devcontainer",
    }
)
_OUTPUT = re.compile(r"(?:offline-)?run-\d{8}_\d{6}-\w+")
"""A folder that W&B has written, with copies of the files of a run."""
_ALIKE = frozenset({"W&B", "GitHub workflow"})
_DOTENV = re.compile(r"\.env(\.(?!(example|sample|template|dist)\Z)[\w-]+)?")
_KEY = re.compile(r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=")
_SECRET = re.compile(r"(?i)key|token|secret|passw|credential|user|auth")
_WANDB = re.compile(r"(?m)^[ \t]*(?:import wandb|from wandb)\b|(?:^[ \t-]*|[\"'])wandb\b")
_SERVES = re.compile(
    r"(?im)^[ \t]*(?:CMD|ENTRYPOINT)\b.*\b(?:uvicorn|gunicorn|hypercorn|fastapi|streamlit|flask|gradio|bentoml)\b"
)
_LISTENS = re.compile(
    r"(?im)^[ \t]*(?:CMD|ENTRYPOINT)\b.*[\s\"'](?:--(?:server[.-])?port|--bind|-b)[\"',=\s]+(?:[\w.]*:)?([1-9][0-9]{0,3}|[1-5][0-9]{4})\b"
)
_EXPOSES = re.compile(r"(?im)^[ \t]*EXPOSE\s+([1-9][0-9]{0,3}|[1-5][0-9]{4})(?:/tcp)?\s*(?:\n|\Z)")
_GITHUB = re.compile(
    r"(?:https://(?:[^@/]+@)?|ssh://git@|git@)github\.com[:/]([A-Za-z0-9-]+/[A-Za-z0-9._-]+?)(?:\.git)?/?"
)
_REQUIREMENTS = re.compile(r"requirements[\w-]*\.(txt|in)|pyproject\.toml|environment\.ya?ml|Pipfile|setup\.(py|cfg)")


def scan(folder: Path) -> tuple[Clue, ...]:
    """Every clue in a folder, in file order. Raises UsageProblem when it is not a folder."""
    if not folder.is_dir():
        raise UsageProblem(f"{folder} is not a folder: name the one that contains your code.")
    clues = _with_one_name([clue for file in _files(folder) for clue in _clues(folder, file)])
    # What many files say alike is said once.
    first = {(clue.what, clue.name, clue.becomes): clue for clue in reversed(clues) if clue.what in _ALIKE}
    return tuple(clue for clue in clues if clue.what not in _ALIKE or clue is first[clue.what, clue.name, clue.becomes])


def _with_one_name(clues: Sequence[Clue]) -> list[Clue]:
    """The clues, in which a secret has the name by which a build or a deployment reads it, if there is one."""
    mounted = [name for clue in clues for name in deployed.secrets(clue.settings)]
    read = [clue.name for clue in clues if clue.section == "secrets" and clue.what == "Cloud Build"]
    names = {variable(name): name for name in reversed([*mounted, *read])}
    return [
        replace(clue, name=name, becomes=clue.becomes.replace(f"secret {clue.name}", f"secret {name}"))
        if clue.section == "secrets" and (name := names.get(variable(clue.name), clue.name)) != clue.name
        else clue
        for clue in clues
    ]


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    ours = {folder / name for name in ("infra", "modules", "envs") if (folder / "infra" / "platform").is_dir()}
    for here, folders, files in os.walk(folder):
        # groundwork's own clone, and what it has copied here, say nothing about the team.
        folders[:] = sorted(
            name
            for name in folders
            if name not in _NOT_THEIRS
            and not _OUTPUT.fullmatch(name)
            and Path(here) / name not in ours
            and not (Path(here) / name / "infra" / "platform").is_dir()
        )
        for name in sorted(files):
            count += 1
            if count > _MOST_FILES:
                raise UsageProblem(
                    f"{folder} has more than {_MOST_FILES} files: name the folder that contains your code."
                )
            if (Path(here) / name).is_file():  # not a pipe or a dangling link
                yield Path(here) / name


def _clues(folder: Path, file: Path) -> Iterator[Clue]:
    relative, name = on_one_line(file.relative_to(folder).as_posix()), file.name
    if found := dockerfile.NAME.fullmatch(name):
        image = plain(found["after"] or found["before"] or (file.parent.name if file.parent != folder else "app"))
        context = on_one_line(dockerfile.context(folder, file, _text(file)).relative_to(folder).as_posix())
        becomes = f"image {image} in repository images"
        yield Clue("Dockerfile", relative, image, becomes, "repositories", context="" if context == "." else context)
        yield from _served(relative, image, _text(file))
    elif file.parent.name == ".dvc" and name in ("config", "config.local"):
        yield from _remotes(relative, _text(file))
    elif _DOTENV.fullmatch(name):
        yield from _variables(file, relative)
    elif cloud_build.NAME.fullmatch(name):
        yield from cloud_build.clues(relative, _text(file))
    elif name.endswith(".json"):
        yield from _key(file, relative)
    elif name.endswith((".yaml", ".yml")) and not _REQUIREMENTS.fullmatch(name):
        yield from _described(relative, _text(file))
    elif name.endswith(".sh"):
        yield from scripts.in_shell(relative, _text(file))
    elif (name.endswith(".py") or _REQUIREMENTS.fullmatch(name)) and _WANDB.search(_text(file)):
        yield Clue("W&B", relative, "wandb-api-key", "secret wandb-api-key, which identity train reads", "secrets")


def _described(file_name: str, text: str) -> Iterator[Clue]:
    """Every clue in a YAML file, whose name says less than what is in it."""
    if file_name.startswith(".github/workflows/"):
        yield from scripts.in_workflow(file_name, text)
    elif cloud_build.is_build(text):
        yield from cloud_build.clues(file_name, text)
    else:
        yield from vertex.clues(file_name, text)


def _served(file_name: str, image: str, text: str) -> Iterator[Clue]:
    """The service that an image is, if its Dockerfile starts a web server or exposes a port; the server's own port comes first."""
    text = text.replace("\\\n", " ")
    serves, exposed = _SERVES.search(text), _EXPOSES.search(text)
    port = (serves and _LISTENS.search(text)) or exposed
    if serves or exposed:
        becomes = f"service {image} on Cloud Run, which runs as identity serve"
        yield Clue("Dockerfile", file_name, image, becomes, "services", int(port[1]) if port else 0)


def on_github(folder: Path) -> str:
    """The repository on GitHub that a folder was cloned from, as owner/name; "" if there is none."""
    found = _GITHUB.fullmatch(git.origin(folder))
    return found[1] if found else ""


def _text(file: Path) -> str:
    """The beginning of a file; "" if it cannot be read: it is only a clue."""
    try:
        with file.open("rb") as stream:
            return stream.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _remotes(file_name: str, text: str) -> Iterator[Clue]:
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        settings.read_string(text)
    except configparser.Error:
        yield Clue("DVC", file_name, "", "cannot be read: these are not DVC's settings")
        return
    for section in settings.sections():
        if re.fullmatch(r"'?remote \"(.+)\"'?", section):
            url = settings[section].get("url", "")
            bucket = re.match(r"gs://([^/\s]+)", url)
            if bucket:
                yield Clue(
                    "DVC remote",
                    file_name,
                    bucket[1],
                    f"gs://{bucket[1]} is a bucket for DVC; `groundwork adopt` takes it over",
                    "buckets",
                )
            else:
                yield Clue(
                    "DVC remote",
                    file_name,
                    "",
                    f"{_where(url)} could move to bucket data: `groundwork dvc`, then `dvc push`",
                    "buckets",
                )


def _where(url: str) -> str:
    """A remote's URL without user info, which may be a password."""
    scheme, there, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('/')[0]}" if there else "a folder"


def _variables(file: Path, file_name: str) -> Iterator[Clue]:
    keys = list(dict.fromkeys(_KEY.findall(_text(file))))
    hidden = {key: name for key in keys if (name := suggested(key)) and _SECRET.search(key)}
    for key in keys:
        if key in hidden:
            only = "" if len(hidden) == len(keys) else f" --only {key}"
            becomes = f"{key} is secret {hidden[key]}: `groundwork secrets import {file_name}{only}`"
            yield Clue(".env", file_name, hidden[key], becomes, "secrets")
        else:
            yield Clue(".env", file_name, "", f"{key} does not look like a secret: it stays a variable")
    if git.is_tracked(file):
        yield Clue(".env", file_name, "", "it is in git, and so are its values: remove it, and replace the values")
    elif keys and git.would_be_added(file):
        yield Clue(
            ".env", file_name, "", "git does not ignore it: add it to .gitignore, so that its values stay out of git"
        )


def _key(file: Path, file_name: str) -> Iterator[Clue]:
    if file.stat().st_size > 1 << 16:
        return
    text = _text(file)
    if '"private_key"' in text and '"service_account"' in text:
        where = (
            "it is in git: delete the key in the console, since the history keeps it"
            if git.is_tracked(file)
            else "delete the file and the key"
        )
        yield Clue("service-account key", file_name, "", f"nothing here needs one; {where}")
