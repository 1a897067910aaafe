"""Drafts the text of a new environment file from the team's answers and its repository, with comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from groundwork.start import needs
from groundwork.start.clue import Clue
from groundwork.start.needs import Need, Settings, plain

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
    wanted = [clue.need for clue in clues if clue.need]
    buckets = _buckets_of(answers, wanted)
    return (
        "\n".join(
            [
                *_head(answers),
                *_members(answers),
                *_buckets(buckets, clues),
                *_repositories(wanted, clues),
                *_secrets(wanted, clues),
                *_identities(answers, wanted, buckets),
                *_services(wanted, clues),
                *_training(wanted, clues),
                *_builds(answers, wanted),
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


def _buckets_of(answers: Answers, wanted: Sequence[Need]) -> dict[str, str]:
    """The buckets for DVC, then others that jobs and builds name: names in the file, and what each says."""
    found: dict[str, str] = {}
    named = [one for one in wanted if isinstance(one, needs.NeededBucket) and "google" not in one.name]
    for bucket in sorted(named, key=lambda bucket: bucket.user != "dvc"):
        dvc = ["dvc: true"] if bucket.user == "dvc" else []
        name = _short(answers, bucket)
        if bucket.name.startswith(f"{answers.project}-"):
            found |= {name: f"{{{', '.join(dvc)}}}"} if name not in {*found, *_OURS} else {}
        elif _CALLED.fullmatch(bucket.name):
            found.setdefault(name, f"{{{', '.join([f'called: {bucket.name}', *dvc])}}}")
    found = found if any("dvc" in said for said in found.values()) else {"data": "{dvc: true}", **found}
    return found if "models" in found else {**found, "models": "{}"}


def _short(answers: Answers, bucket: needs.NeededBucket) -> str:
    """A bucket's name in the file."""
    return plain(bucket.name.removeprefix(f"{answers.project}-"))


def _buckets(buckets: Mapping[str, str], clues: Sequence[Clue]) -> Iterator[str]:
    yield from ("", "# A bucket NAME is called PROJECT-NAME, unless it existed before.", "buckets:")
    yield from _reasons(clues, needs.NeededBucket)
    yield from (f"  {name}: {said}" for name, said in buckets.items())


def _repositories(wanted: Sequence[Need], clues: Sequence[Clue]) -> Iterator[str]:
    yield from (
        "",
        "# Docker images: those older than 30 days are deleted, except the newest 5 of each.",
        "repositories:",
    )
    yield from _reasons(clues, needs.NeededImage)
    yield "  images: {keep: 5, delete_after_days: 30}"
    yield from _reasons(clues, needs.NeededRepository)
    yield from (f"  {name}: {{keep: 5, delete_after_days: 30}}" for name in _names(wanted, needs.NeededRepository))


def _names(wanted: Sequence[Need], kind: type[Need]) -> list[str]:
    return list(dict.fromkeys(one.name for one in wanted if isinstance(one, kind)))


def _secrets(wanted: Sequence[Need], clues: Sequence[Clue]) -> Iterator[str]:
    mounted = [name for one in wanted if isinstance(one, needs.NeededService) for name in one.secrets]
    names = dict.fromkeys([*_names(wanted, needs.NeededSecret), *mounted])
    yield from ("", "# Names only: `groundwork secrets set NAME` asks for the value.")
    if not names:
        yield from ("secrets: {}", "#  wandb-api-key: {readers: [train]}")
        return
    yield "secrets:"
    yield from _reasons(clues, needs.NeededSecret)
    built = {one.name for one in wanted if isinstance(one, needs.NeededSecret) and one.by_build}
    yield from (f"  {name}: {{readers: [{'train, build' if name in built else 'train'}]}}" for name in names)


def _reasons(clues: Sequence[Clue], kind: type[Need]) -> Iterator[str]:
    reasons = (f"  # {clue.file}: {clue.becomes}." for clue in clues if isinstance(clue.need, kind))
    yield from (line for line in dict.fromkeys(reasons) if line.isprintable())


def _identities(answers: Answers, wanted: Sequence[Need], buckets: Mapping[str, str]) -> Iterator[str]:
    users = {"dvc": set[str](), "build": set[str](), "training": set[str]()}
    for one in wanted:
        if isinstance(one, needs.NeededBucket):
            users[one.user].add(_short(answers, one))
    pulled = users["dvc"] if any(isinstance(one, needs.PullsData) for one in wanted) else ()
    built = [f"{name}: read" for group in (pulled, users["build"]) for name in buckets if name in group]
    trained = [
        f"{name}: {'write' if name in {'models', *users['training']} else 'read'}"
        for name in sorted(buckets, key=lambda name: name == "models")
    ]
    deploys = dict.fromkeys(
        f"{plain(one.name)}: deploy" for one in wanted if isinstance(one, needs.NeededService) and one.by_build
    )
    submits = any(isinstance(one, needs.NeededTraining) and one.by_build for one in wanted)
    read, write = (
        ", ".join(f"{name}: {way}" for name in ("images", *_names(wanted, needs.NeededRepository)))
        for way in ("read", "write")
    )
    yield from (
        "",
        "# One service account per purpose, what it may do, and which members may act as",
        "# it.",
        "identities:",
        "  train:",
        "    description: Trains models.",
        f"    buckets: {{{', '.join(trained)}}}",
        f"    repositories: {{{read}}}",
        "    users: [data-scientist, ml-engineer, operator]",
        "  serve:",
        "    description: Serves models.",
        "    buckets: {models: read}",
        f"    repositories: {{{read}}}",
        "    users: [ml-engineer, operator]",
        "  build:",
        "    description: Builds images.",
        *([f"    buckets: {{{', '.join(dict.fromkeys(built))}}}"] if built else []),
        f"    repositories: {{{write}}}",
        *([f"    services: {{{', '.join(deploys)}}}"] if deploys else []),
        *(["    submits: [training]"] if submits else []),
        "    users: [ml-engineer, operator]",
    )


def _services(wanted: Sequence[Need], clues: Sequence[Clue]) -> Iterator[str]:
    services: dict[str, Settings] = {}
    for one in wanted:
        if isinstance(one, needs.NeededService):
            port: Settings = {"port": one.port} if one.port else {}
            services[plain(one.name)] = {**port, **services.get(plain(one.name), {}), **one.settings}
    if services:
        yield from (
            "",
            "# Services on Cloud Run. Until a build deploys one, it runs Google's placeholder image.",
            "services:",
        )
        yield from _reasons(clues, needs.NeededService)
        for name, settings in services.items():
            written = (f"{key}: {_written(value)}" for key, value in {"identity": "serve", **settings}.items())
            yield f"  {name}: {{{', '.join(written)}}}"
        yield from (
            "",
            "# Without its `#`, the next line sends the operators an e-mail when a service is not",
            "# well, and makes a dashboard (docs/alerts.md).",
            "# alerts: {}",
        )


def _written(value: bool | int | str | dict[str, str]) -> str:
    """A value as YAML, which JSON is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _training(wanted: Sequence[Need], clues: Sequence[Clue]) -> Iterator[str]:
    jobs = [one for one in wanted if isinstance(one, needs.NeededTraining)]
    if not jobs:
        return
    yield from (
        "",
        "# Training on Vertex AI: `groundwork jobs submit train`. It saves its model in this bucket.",
        "training:",
    )
    yield from _reasons(clues, needs.NeededTraining)
    image = _trained(jobs, wanted)
    machine = next((job.machine for job in jobs if job.machine), "")
    settings = [f"image: {image}"] if image not in ("", "images/train") else []
    settings += [f"machine_type: {machine}"] if machine else []
    yield f"  train: {{{', '.join([*settings, 'output: models'])}}}"


def _trained(jobs: Sequence[needs.NeededTraining], wanted: Sequence[Need]) -> str:
    """The image that trains: the one that a job names, or else the only one that is no service; "" if neither is built here."""
    images = {one.address: one for one in wanted if isinstance(one, needs.NeededImage)}
    by_name = {image.name: address for address, image in images.items()}
    for job in jobs:
        if address := job.image if job.image in images else by_name.get(plain(job.image.rpartition("/")[2])):
            return address
    serves = _names(wanted, needs.NeededService)
    others = [address for address, image in images.items() if image.name not in serves and not image.services]
    return others[0] if len(others) == 1 else ""


def _builds(answers: Answers, wanted: Sequence[Need]) -> Iterator[str]:
    """Builds need a repository on GitHub: on Google Cloud they are commented out, on the local cloud a folder stands in for it."""
    images = {one.name: one for one in wanted if isinstance(one, needs.NeededImage) and _PATH.fullmatch(one.dockerfile)}
    files = [one for one in wanted if isinstance(one, needs.NeededBuild) and _PATH.fullmatch(one.file)]
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
    for name, image in images.items():
        dockerfile = image.dockerfile.removeprefix(f"{image.context}/")
        settings = [f"dir: {image.context}"] if image.context else []
        settings += [f"dockerfile: {dockerfile}"] if dockerfile != "Dockerfile" else []
        settings += (
            [f"deploys: [{', '.join(map(plain, image.services))}]"] if image.services not in ((), (name,)) else []
        )
        yield f"{mark}  {name}: {{{', '.join(settings)}}}"
    yield from (f"{mark}  {line}" for line in _own_builds(files, set(images)))


def _own_builds(builds: Sequence[needs.NeededBuild], taken: set[str]) -> Iterator[str]:
    """The team's own build files, under names that no image has."""
    yield from ["# The team's own build files. Without by_hand, a push starts them, too."] if builds else []
    for build in builds:
        folder = plain(build.file.rpartition("/")[0] or "file")
        numbered = (f"{build.name}-{number}" for number in range(2, len(taken) + 3))
        name = next(one for one in (build.name, f"{folder}-{build.name}", *numbered) if one not in taken)
        taken.add(name)
        yield f"{name}: {{file: {build.file}, by_hand: true}}"
