"""Drafts the text of a new environment file from the team's answers and its repository, with comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from groundwork.start.repository import Clue, plain

_PATH = re.compile(r"[A-Za-z0-9._/-]+")
_CALLED = re.compile("(?!goog)[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]")


@dataclass(frozen=True)
class Answers:
    """What only the team knows; `email` is the first member, who becomes an operator, and `github` its repository, "" for none."""

    name: str
    cloud: str
    project: str
    region: str
    email: str
    github: str = ""


def text(answers: Answers, clues: Sequence[Clue]) -> str:
    """The file, with comments. It still has to be validated against the schema."""
    return (
        "\n".join(
            [
                *_head(answers),
                *_members(answers),
                *_buckets(answers, clues),
                *_repositories(clues),
                *_secrets(clues),
                *_identities(_data(answers, clues), clues),
                *_services(clues),
                *_training(clues),
                *_builds(answers, clues),
            ]
        )
        + "\n"
    )


def _head(answers: Answers) -> Iterator[str]:
    where = "on a local cloud, on this machine (simulated)" if answers.cloud == "local" else "on Google Cloud"
    yield from (
        "# yaml-language-server: $schema=schema.json",
        "#",
        f"# The team's platform {where}: `groundwork up --env {answers.name}`.",
        "# Every key is explained in envs/README.md.",
        "",
        f"cloud: {answers.cloud}",
        f"project: {answers.project}",
        f"region: {answers.region}",
        "",
        "# `groundwork down` refuses if this is true.",
        "protected: false",
        "",
        "# Labels for all resources, for example to tell costs apart.",
        f"labels: {{team: {plain(answers.project)}}}",
        "",
        "# Without its `#`, the next line gets a budget, of which Google sends e-mails as",
        "# it is spent, before credits. `gcloud billing accounts list` prints the account.",
        "# budget: {amount: 50, billing_account: 000000-000000-000000}",
    )


def _members(answers: Answers) -> Iterator[str]:
    yield from (
        "",
        "# Who is in the team, and as what: viewer, data-scientist, ml-engineer or",
        "# operator. `groundwork onboard` and `offboard` edit this list.",
    )
    yield from ["members:", f"  {answers.email}: {{role: operator}}"] if answers.email else ["members: {}"]


def _data(answers: Answers, clues: Sequence[Clue]) -> dict[str, str]:
    """The buckets for DVC: names in the file, and what each says."""
    found: dict[str, str] = {}
    bucket_clues = [clue for clue in clues if clue.section == "buckets" and "google" not in clue.name]
    for clue in bucket_clues:
        if clue.name.startswith(f"{answers.project}-"):
            found.setdefault(plain(clue.name.removeprefix(f"{answers.project}-")), "{dvc: true}")
        elif _CALLED.fullmatch(clue.name):
            found.setdefault(plain(clue.name), f"{{called: {clue.name}, dvc: true}}")
    return found or {"data": "{dvc: true}"}


def _buckets(answers: Answers, clues: Sequence[Clue]) -> Iterator[str]:
    yield from ("", "# A bucket NAME is called PROJECT-NAME, unless it existed before.", "buckets:")
    yield from _reasons(clues, "buckets")
    yield from (f"  {name}: {said}" for name, said in _data(answers, clues).items())
    yield from [] if "models" in _data(answers, clues) else ["  models: {}"]


def _repositories(clues: Sequence[Clue]) -> Iterator[str]:
    yield from (
        "",
        "# Docker images: those older than 30 days are deleted, except the newest 5 of each.",
        "repositories:",
    )
    yield from _reasons(clues, "repositories")
    yield "  images: {keep: 5, delete_after_days: 30}"
    yield from _reasons(clues, "registries")
    yield from (f"  {name}: {{keep: 5, delete_after_days: 30}}" for name in _registries(clues))


def _registries(clues: Sequence[Clue]) -> list[str]:
    """Repositories of images besides `images`."""
    return list(dict.fromkeys(clue.name for clue in clues if clue.section == "registries"))


def _secrets(clues: Sequence[Clue]) -> Iterator[str]:
    names = list(dict.fromkeys(clue.name for clue in clues if clue.section == "secrets"))
    yield from ("", "# Names only: `groundwork secrets set NAME` asks for the value.")
    if not names:
        yield from ("secrets: {}", "#  wandb-api-key: {readers: [train]}")
        return
    yield "secrets:"
    yield from _reasons(clues, "secrets")
    built = {clue.name for clue in clues if clue.section == "secrets" and clue.what == "Cloud Build"}
    yield from (f"  {name}: {{readers: [{'train, build' if name in built else 'train'}]}}" for name in names)


def _reasons(clues: Sequence[Clue], section: str) -> Iterator[str]:
    reasons = (f"  # {clue.file}: {clue.becomes}." for clue in clues if clue.section == section)
    yield from (line for line in dict.fromkeys(reasons) if line.isprintable())


def _identities(data: dict[str, str], clues: Sequence[Clue]) -> Iterator[str]:
    reads = ", ".join(f"{name}: read" for name in data if name != "models")
    origins = {(clue.what, clue.section) for clue in clues}
    read, write = (", ".join(f"{name}: {way}" for name in ("images", *_registries(clues))) for way in ("read", "write"))
    yield from (
        "",
        "# One service account per purpose, what it may do, and which members may act as",
        "# it.",
        "identities:",
        "  train:",
        "    description: Trains models.",
        f"    buckets: {{{reads}, models: write}}" if reads else "    buckets: {models: write}",
        f"    repositories: {{{read}}}",
        "    users: [data-scientist, ml-engineer, operator]",
        "  serve:",
        "    description: Serves models.",
        "    buckets: {models: read}",
        f"    repositories: {{{read}}}",
        "    users: [ml-engineer, operator]",
        "  build:",
        "    description: Builds images.",
        f"    repositories: {{{write}}}",
        *(["    submits: [training]"] if ("Cloud Build", "training") in origins else []),
        "    users: [ml-engineer, operator]",
    )


def _services(clues: Sequence[Clue]) -> Iterator[str]:
    ports: dict[str, int] = {}
    for clue in clues:
        if clue.section == "services":
            ports[plain(clue.name)] = ports.get(plain(clue.name)) or clue.port
    if ports:
        yield from (
            "",
            "# Services on Cloud Run. Until a build deploys one, it runs Google's placeholder image.",
            "services:",
        )
        yield from _reasons(clues, "services")
        yield from (f"  {name}: {{identity: serve{f', port: {port}' if port else ''}}}" for name, port in ports.items())
        yield from (
            "",
            "# Without its `#`, the next line sends the operators an e-mail when a service is not",
            "# well, and makes a dashboard (docs/alerts.md).",
            "# alerts: {}",
        )


def _training(clues: Sequence[Clue]) -> Iterator[str]:
    jobs = [clue for clue in clues if clue.section == "training"]
    if not jobs:
        return
    yield from (
        "",
        "# Training on Vertex AI: `groundwork jobs submit train`. It saves its model in this bucket.",
        "training:",
    )
    yield from _reasons(clues, "training")
    image = _trained(jobs, clues)
    machine = next((clue.machine for clue in jobs if clue.machine), "")
    settings = [f"image: images/{image}"] if image not in ("", "train") else []
    settings += [f"machine_type: {machine}"] if machine else []
    yield f"  train: {{{', '.join([*settings, 'output: models'])}}}"


def _trained(jobs: Sequence[Clue], clues: Sequence[Clue]) -> str:
    """The image that trains: the one that a job names, or else the only one that is no service; "" if neither is built here."""
    serves = {clue.name for clue in clues if clue.section == "services"}
    built = {clue.name: clue.name not in serves for clue in clues if clue.section == "repositories"}
    named = [clue.image for clue in jobs if clue.image in built]
    others = [name for name, trains in built.items() if trains]
    return named[0] if named else others[0] if len(others) == 1 else ""


def _builds(answers: Answers, clues: Sequence[Clue]) -> Iterator[str]:
    """Builds need a repository on GitHub: on Google Cloud they are commented out, on the local cloud a folder stands in for it."""
    images = {
        clue.name: clue
        for clue in clues
        if clue.what == "Dockerfile" and clue.section == "repositories" and _PATH.fullmatch(clue.file)
    }
    if not images:
        return
    local = answers.cloud == "local"
    mark, repository = "" if local else "# ", answers.github or "OWNER/NAME"
    if local:
        yield from (
            "",
            "# Builds, started by `groundwork builds submit --build NAME .`, or by a push. On the",
            "# local cloud a folder stands in for the repository: `groundwork local repository`.",
            f'github: {{repository: {answers.github or f"{plain(answers.project)}/code"}, owner_id: "1", connected: true}}',
        )
    else:
        yield from (
            "",
            "# Builds started by a push to GitHub. Uncomment them together with github: its owner's",
            '# number is "id" in https://api.github.com/users/OWNER (see envs/README.md).',
            f'# github: {{repository: {repository}, owner_id: "NUMBER"}}',
        )
    yield f"{mark}builds:"
    for name, clue in images.items():
        dockerfile = clue.file.removeprefix(f"{clue.context}/")
        settings = [f"dir: {clue.context}"] if clue.context else []
        settings += [f"dockerfile: {dockerfile}"] if dockerfile != "Dockerfile" else []
        yield f"{mark}  {name}: {{{', '.join(settings)}}}"
