"""Drafts the text of a new environment file from the team's answers and its repository, with comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from groundwork.start import deployed
from groundwork.start.clue import Clue, plain

_JOB, _BUILD, _DVC = "Vertex AI job", "Cloud Build", "DVC remote"
_OURS = frozenset({"tfstate", "staging", "sources", "functions"})
"""Buckets that groundwork has itself."""
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
                *_identities(answers, clues),
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
    """The buckets for DVC, and others that jobs and builds name: names in the file, and what each says."""
    found: dict[str, str] = {}
    bucket_clues = [clue for clue in clues if clue.section == "buckets" and "google" not in clue.name]
    for clue in sorted(bucket_clues, key=lambda clue: clue.what != _DVC):
        dvc = ["dvc: true"] if clue.what == _DVC else []
        name = _short(answers, clue)
        if clue.name.startswith(f"{answers.project}-"):
            found |= {name: f"{{{', '.join(dvc)}}}"} if name not in {*found, *_OURS} else {}
        elif _CALLED.fullmatch(clue.name):
            found.setdefault(name, f"{{{', '.join([f'called: {clue.name}', *dvc])}}}")
    return found if any("dvc" in said for said in found.values()) else {"data": "{dvc: true}", **found}


def _short(answers: Answers, clue: Clue) -> str:
    """A bucket's name in the file."""
    return plain(clue.name.removeprefix(f"{answers.project}-"))


def _named_by(answers: Answers, clues: Sequence[Clue], what: str) -> list[str]:
    """The buckets, by their names in the file, that clues of a sort name."""
    named = {_short(answers, clue) for clue in clues if clue.section == "buckets" and clue.what == what}
    return [name for name in (*_data(answers, clues), "models") if name in named]


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
    mounted = [name for clue in clues for name in deployed.secrets(clue.settings)]
    names = list(dict.fromkeys([*(clue.name for clue in clues if clue.section == "secrets"), *mounted]))
    yield from ("", "# Names only: `groundwork secrets set NAME` asks for the value.")
    if not names:
        yield from ("secrets: {}", "#  wandb-api-key: {readers: [train]}")
        return
    yield "secrets:"
    yield from _reasons(clues, "secrets")
    built = {clue.name for clue in clues if clue.section == "secrets" and clue.what == _BUILD}
    yield from (f"  {name}: {{readers: [{'train, build' if name in built else 'train'}]}}" for name in names)


def _reasons(clues: Sequence[Clue], section: str) -> Iterator[str]:
    reasons = (f"  # {clue.file}: {clue.becomes}." for clue in clues if clue.section == section)
    yield from (line for line in dict.fromkeys(reasons) if line.isprintable())


def _identities(answers: Answers, clues: Sequence[Clue]) -> Iterator[str]:
    written = _named_by(answers, clues, _JOB)
    pulled = _named_by(answers, clues, _DVC) if any(clue.section == "pulls" for clue in clues) else []
    built = ", ".join(dict.fromkeys(f"{name}: read" for name in (*pulled, *_named_by(answers, clues, _BUILD))))
    reads = ", ".join(
        f"{name}: {'write' if name in written else 'read'}" for name in _data(answers, clues) if name != "models"
    )
    deploys = [plain(clue.name) for clue in clues if clue.section == "services" and clue.what == _BUILD]
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
        *([f"    buckets: {{{built}}}"] if built else []),
        f"    repositories: {{{write}}}",
        *([f"    services: {{{', '.join(f'{name}: deploy' for name in dict.fromkeys(deploys))}}}"] if deploys else []),
        *(["    submits: [training]"] if (_BUILD, "training") in origins else []),
        "    users: [ml-engineer, operator]",
    )


def _services(clues: Sequence[Clue]) -> Iterator[str]:
    services: dict[str, dict[str, str]] = {}
    for clue in clues:
        if clue.section == "services":
            port = {"port": str(clue.port)} if clue.port else {}
            services[plain(clue.name)] = {**port, **services.get(plain(clue.name), {}), **clue.settings}
    if services:
        yield from (
            "",
            "# Services on Cloud Run. Until a build deploys one, it runs Google's placeholder image.",
            "services:",
        )
        yield from _reasons(clues, "services")
        for name, settings in services.items():
            yield f"  {name}: {{{', '.join(f'{key}: {value}' for key, value in {'identity': 'serve', **settings}.items())}}}"
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
    settings = [f"image: {image}"] if image not in ("", "images/train") else []
    settings += [f"machine_type: {machine}"] if machine else []
    yield f"  train: {{{', '.join([*settings, 'output: models'])}}}"


def _trained(jobs: Sequence[Clue], clues: Sequence[Clue]) -> str:
    """The image that trains: the one that a job names, or else the only one that is no service; "" if neither is built here."""
    serves = {clue.name for clue in clues if clue.section == "services"}
    images = [clue for clue in clues if clue.section == "repositories"]
    built = {clue.image or f"images/{clue.name}": clue.name not in serves for clue in images}
    by_name = {plain(address.partition("/")[2]): address for address in built}
    for clue in jobs:
        if clue.image in built or plain(clue.image.rpartition("/")[2]) in by_name:
            return clue.image if clue.image in built else by_name[plain(clue.image.rpartition("/")[2])]
    others = [address for address, trains in built.items() if trains]
    return others[0] if len(others) == 1 else ""


def _builds(answers: Answers, clues: Sequence[Clue]) -> Iterator[str]:
    """Builds need a repository on GitHub: on Google Cloud they are commented out, on the local cloud a folder stands in for it."""
    images = {
        clue.name: clue
        for clue in clues
        if clue.what == "Dockerfile" and clue.section == "repositories" and _PATH.fullmatch(clue.file)
    }
    files = [clue for clue in clues if clue.section == "builds" and _PATH.fullmatch(clue.file)]
    if not images and not files:
        return
    local = answers.cloud == "local"
    mark, repository = "" if local else "# ", answers.github or "OWNER/NAME"
    if local:
        yield from (
            "",
            "# Builds, started by `groundwork builds submit --build NAME FOLDER`, or by a push. On",
            "# the local cloud a folder stands in for the repository: `groundwork local repository`.",
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
    yield from (f"{mark}  {line}" for line in _own_builds(files, set(images)))


def _own_builds(files: Sequence[Clue], taken: set[str]) -> Iterator[str]:
    """The team's own build files, under names that no image has."""
    yield from ["# The team's own build files. Without by_hand, a push starts them, too."] if files else []
    for clue in files:
        folder = plain(clue.file.rpartition("/")[0] or "file")
        name = next(
            one
            for one in (
                clue.name,
                f"{folder}-{clue.name}",
                *(f"{clue.name}-{number}" for number in range(2, len(taken) + 3)),
            )
            if one not in taken
        )
        taken.add(name)
        yield f"{name}: {{file: {clue.file}, by_hand: true}}"
