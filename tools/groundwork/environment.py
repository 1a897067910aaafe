"""The environment file as values: read, checked against envs/schema.json and against itself, every mistake with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from groundwork.document import Document, Mistake, Place, dotted, read
from groundwork.errors import UsageProblem
from groundwork.schema import Objection, allowed, completed, listed, objections

LONGEST_BUCKET_NAME = 63
DEPLOYER = "groundwork-deployer"
PLANNER = "groundwork-planner"


class EnvironmentProblem(UsageProblem):
    """An environment file with mistakes, or none at all; `sentences` are "FILE:LINE: SENTENCE" each."""

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        self.sentences = tuple(f"{file}:{mistake.line}: {mistake.sentence}" for mistake in sorted(mistakes))
        if len(self.sentences) == 1:
            super().__init__(self.sentences[0])
        else:
            super().__init__(f"{file} has {len(self.sentences)} mistakes:", self.sentences)


@dataclass(frozen=True)
class Member:
    """Somebody in the team: `role` is a persona, `type` is "user" or "group"."""

    email: str
    role: str
    type: str

    @property
    def principal(self) -> str:
        """The member as IAM policies write it, e.g. "user:alice@example.com"."""
        return f"{self.type}:{self.email}"


@dataclass(frozen=True)
class Bucket:
    """A bucket by its short name; `full_name` is what Cloud Storage calls it."""

    name: str
    full_name: str
    versioning: bool
    dvc: bool
    force_destroy: bool
    noncurrent_days: int
    noncurrent_keep: int
    soft_delete_days: int
    storage_class: str

    @property
    def url(self) -> str:
        """The bucket's address, e.g. "gs://my-project-data"."""
        return f"gs://{self.full_name}"


@dataclass(frozen=True)
class Repository:
    """A repository of Docker images; `url` is what the names of its images begin with."""

    name: str
    url: str
    description: str
    keep: int
    delete_after_days: int


@dataclass(frozen=True)
class Secret:
    """A secret's container; `readers` are names of identities."""

    name: str
    readers: tuple[str, ...]


@dataclass(frozen=True)
class Identity:
    """A service account of one purpose: its access to buckets and repositories is "read" or "write"; `users` are personas."""

    name: str
    email: str
    description: str
    buckets: Mapping[str, str]
    repositories: Mapping[str, str]
    project_roles: tuple[str, ...]
    users: tuple[str, ...]


@dataclass(frozen=True)
class Github:
    """The repository on GitHub whose workflows log in without a key."""

    repository: str
    owner_id: str
    branch: str
    pool: str


@dataclass(frozen=True)
class Budget:
    """What a month may cost, in the billing account's currency."""

    amount: float
    currency: str
    billing_account: str


@dataclass(frozen=True)
class PolicyException:
    """A finding that is accepted before the day `expires`."""

    check: str
    resource: str
    reason: str
    owner: str
    expires: date


@dataclass(frozen=True)
class Environment:
    """One environment: a project and all that the file says of it, defaults filled in; maps are by short name."""

    name: str
    path: Path
    project: str
    region: str
    local: bool
    protected: bool
    labels: Mapping[str, str]
    members: Mapping[str, Member]
    buckets: Mapping[str, Bucket]
    repositories: Mapping[str, Repository]
    secrets: Mapping[str, Secret]
    identities: Mapping[str, Identity]
    github: Github | None = None
    budget: Budget | None = None
    assumptions: Mapping[str, Any] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    exceptions: tuple[PolicyException, ...] = ()

    @property
    def state_bucket(self) -> str:
        """Name of the bucket that keeps Terraform's state."""
        return f"{self.project}-tfstate"

    @property
    def deployer(self) -> str:
        """E-mail address of the service account that operators act as."""
        return f"{DEPLOYER}@{self.project}.iam.gserviceaccount.com"

    @property
    def planner(self) -> str:
        """E-mail address of the service account that pull requests plan as; it exists where `github` is given."""
        return f"{PLANNER}@{self.project}.iam.gserviceaccount.com"


def load(name: str | Path, root: Path) -> Environment:
    """The environment called `name` ("dev" is envs/dev.yaml below `root`), or of the file at that path.

    Raises EnvironmentProblem, which lists every mistake in the file.
    """
    path = _path(name, root)
    schema = json.loads((root / "envs" / "schema.json").read_text(encoding="utf-8"))
    document = _document(path, root)
    mistakes = _mistakes(document, schema, path)
    if mistakes:
        raise EnvironmentProblem(_shown(path, root), mistakes)
    return _environment(path, completed(schema, document.values))


def names(root: Path) -> tuple[str, ...]:
    """The environments there are, by name."""
    return tuple(sorted(path.stem for path in (root / "envs").glob("*.yaml")))


def _path(name: str | Path, root: Path) -> Path:
    text = str(name)
    if isinstance(name, Path) or text.endswith((".yaml", ".yml")) or "/" in text:
        return Path(text).absolute()
    path = root / "envs" / f"{text}.yaml"
    if not path.exists():
        raise UsageProblem(f'there is no environment "{text}" (envs/{text}.yaml); {allowed(names(root), text)}')
    return path


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _document(path: Path, root: Path) -> Document:
    try:
        return read(path)
    except OSError as error:
        raise UsageProblem(f"{_shown(path, root)} cannot be read: {error.strerror}.") from error


def _mistakes(document: Document, schema: Mapping[str, Any], path: Path) -> list[Mistake]:
    if document.mistakes and document.values is None:
        return list(document.mistakes)
    if not isinstance(document.values, dict):
        return [Mistake(1, "the file says nothing of an environment; it needs at least project and region.")]
    explained = {mistake.place for mistake in document.mistakes}
    found = objections(schema, _without_nulls(schema, document.values))
    found += [*_contradictions(document.values), *_file_name(path), *_shared_project(document.values, path)]
    rest = [Mistake(document.line(place), sentence, place) for place, sentence in found if place not in explained]
    return [*document.mistakes, *rest]


def _without_nulls(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without the parts that the file names and leaves empty."""
    return {key: value for key, value in values.items() if value is not None or key not in schema["properties"]}


def _file_name(path: Path) -> Iterator[Objection]:
    stem = path.stem
    plain = stem.isascii() and stem.replace("-", "").isalnum() and stem == stem.lower() and stem[:1].isalpha()
    if path.suffix != ".yaml" or not plain or len(stem) > 31:
        yield (
            (),
            "the file needs a name like dev.yaml: at most 31 lower-case letters, digits and dashes, beginning with a letter.",
        )


def _shared_project(values: Mapping[str, Any], path: Path) -> Iterator[Objection]:
    """Two environments in one project would overwrite each other's names."""
    for other in sorted(path.parent.glob("*.yaml")):
        if other == path or values.get("project") is None:
            continue
        theirs = read(other).values
        if isinstance(theirs, dict) and theirs.get("project") == values["project"]:
            yield (
                ("project",),
                f'project is "{values["project"]}", as in {other.name}; each environment needs a project of its own.',
            )


def _contradictions(values: Mapping[str, Any]) -> Iterator[Objection]:
    """What each part alone may say but not together with the others."""
    yield from _bucket_contradictions(values)
    identities, buckets, repositories = (_part(values, name) for name in ("identities", "buckets", "repositories"))
    for name, identity in identities.items():
        yield from _unknown(("identities", name, "buckets"), identity.get("buckets"), buckets, "buckets")
        yield from _unknown(
            ("identities", name, "repositories"), identity.get("repositories"), repositories, "repositories"
        )
    for name, secret in _part(values, "secrets").items():
        yield from _unknown(("secrets", name, "readers"), secret.get("readers"), identities, "identities")
    exceptions = _part(values, "policy", entries=False).get("exceptions")
    for index, exception in enumerate(exceptions if isinstance(exceptions, list) else []):
        yield from _impossible_day(("policy", "exceptions", index, "expires"), exception)


def _part(values: Mapping[str, Any], name: str, *, entries: bool = True) -> dict[str, Any]:
    """A part of the file as far as it has the right shape; the schema objects to the rest."""
    part = values.get(name)
    if not isinstance(part, dict):
        return {}
    return {key: value if isinstance(value, dict) else {} for key, value in part.items()} if entries else part


def _bucket_contradictions(values: Mapping[str, Any]) -> Iterator[Objection]:
    for name, bucket in _part(values, "buckets").items():
        full_name = f"{values.get('project')}-{name}"
        if len(full_name) > LONGEST_BUCKET_NAME:
            yield (
                ("buckets", name),
                f"buckets.{name} would be called {full_name}, which has {len(full_name)} characters; allowed are {LONGEST_BUCKET_NAME}.",
            )
        place = ("buckets", name, "noncurrent_versions")
        if "noncurrent_versions" in bucket and bucket.get("dvc") is True:
            yield (
                place,
                f"{dotted(place)} is not allowed with dvc: true, whose old commits point at old versions; leave one of the two out.",
            )
        elif "noncurrent_versions" in bucket and bucket.get("versioning") is not True:
            yield place, f"{dotted(place)} has no effect without versioning: true; add that, or leave it out."


def _unknown(place: Place, used: Any, known: Mapping[str, Any], kind: str) -> Iterator[Objection]:
    there = f"the file's {kind} are {listed(sorted(known))}." if known else f"the file has no {kind}."
    for index, name in enumerate(used if isinstance(used, (dict, list)) else []):
        if isinstance(name, str) and name not in known:
            yield (*place, index if isinstance(used, list) else name), f'{dotted(place)} has "{name}", but {there}'


def _impossible_day(place: Place, exception: Any) -> Iterator[Objection]:
    day = exception.get("expires") if isinstance(exception, dict) else None
    try:
        date.fromisoformat(day if isinstance(day, str) and len(day) == 10 else "2000-01-01")
    except ValueError:
        yield (
            place,
            f'{dotted(place)} is "{day}", which the calendar does not have; allowed are days such as 2027-03-31.',
        )


def _environment(path: Path, values: Mapping[str, Any]) -> Environment:
    project, region = values["project"], values["region"]
    return Environment(
        name=path.stem,
        path=path,
        project=project,
        region=region,
        local=values["cloud"] == "local",
        protected=values["protected"],
        labels=values["labels"],
        members={email: Member(email, **member) for email, member in values["members"].items()},
        buckets={name: _bucket(name, project, bucket) for name, bucket in values["buckets"].items()},
        repositories={
            name: Repository(name, f"{region}-docker.pkg.dev/{project}/{name}", **repository)
            for name, repository in values["repositories"].items()
        },
        secrets={name: Secret(name, tuple(secret["readers"])) for name, secret in values["secrets"].items()},
        identities={name: _identity(name, project, identity) for name, identity in values["identities"].items()},
        github=Github(**values["github"]) if "github" in values else None,
        budget=Budget(**values["budget"]) if "budget" in values else None,
        assumptions=values["cost"].get("assumptions", {}),
        cost=values["cost"],
        exceptions=tuple(
            PolicyException(**{**exception, "expires": date.fromisoformat(exception["expires"])})
            for exception in values["policy"].get("exceptions", [])
        ),
    )


def _bucket(name: str, project: str, values: Mapping[str, Any]) -> Bucket:
    versions = values["noncurrent_versions"]
    rest = {key: value for key, value in values.items() if key != "noncurrent_versions"}
    return Bucket(name, f"{project}-{name}", noncurrent_days=versions["days"], noncurrent_keep=versions["keep"], **rest)


def _identity(name: str, project: str, values: Mapping[str, Any]) -> Identity:
    return Identity(
        name=name,
        email=f"groundwork-{name}@{project}.iam.gserviceaccount.com",
        description=values["description"],
        buckets=values["buckets"],
        repositories=values["repositories"],
        project_roles=tuple(values["project_roles"]),
        users=tuple(values["users"]),
    )
