"""The environment file as validated values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundwork.environment import cache, own_buckets
from groundwork.environment.settings import Alerts, Budget, PolicyException
from groundwork.environment.shipped import SCHEMA, other_version
from groundwork.environment.workloads import (
    BuildSpec,
    FunctionSpec,
    JobSpec,
    ServiceSpec,
    TrainingSpec,
    WorkstationSpec,
    workloads,
)
from groundwork.errors import UsageProblem
from groundwork.text import allowed

if TYPE_CHECKING:
    from groundwork.environment.document import Mistake

DEPLOYER = "groundwork-deployer"
PLANNER = "groundwork-planner"
SCHEDULER = "groundwork-scheduler"
EVENTS = "groundwork-events"
PERSONA_ROLE = "groundwork_"
_MISFITS = (AttributeError, KeyError, TypeError)


class EnvironmentProblem(UsageProblem):
    """A missing environment file, or one with `mistakes`; `sentences` are "FILE:LINE: SENTENCE" each."""

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        self.sentences = tuple(f"{file}:{mistake.line}: {mistake.sentence}" for mistake in sorted(mistakes))
        if len(self.sentences) == 1:
            super().__init__(self.sentences[0])
        else:
            super().__init__(f"{file} has {len(self.sentences)} mistakes:", self.sentences)


@dataclass(frozen=True)
class Member:
    """A member of the team: `role` is a persona, `type` is "user" or "group"."""

    email: str
    role: str
    type: str

    @property
    def principal(self) -> str:
        """The member as IAM policies write it, e.g. "user:alice@example.com"."""
        return f"{self.type}:{self.email}"


@dataclass(frozen=True)
class Bucket:
    """A bucket by its short name; `full_name` is its name in Cloud Storage."""

    name: str
    full_name: str
    versioning: bool
    dvc: bool
    force_destroy: bool
    noncurrent_days: int
    noncurrent_keep: int
    soft_delete_days: int
    storage_class: str
    location: str

    @property
    def url(self) -> str:
        """The bucket's address, e.g. "gs://my-project-data"."""
        return f"gs://{self.full_name}"


@dataclass(frozen=True)
class Repository:
    """A repository of Docker images; `url` is the beginning of its images' names."""

    name: str
    url: str
    description: str
    keep: int
    delete_after_days: int


@dataclass(frozen=True)
class Secret:
    """A secret without its value; `readers` are names of identities, `location` a region or "automatic", "" for the environment's."""

    name: str
    readers: tuple[str, ...]
    location: str = ""


@dataclass(frozen=True)
class Identity:
    """A service account for one purpose: its access to buckets and repositories is "read" or "write"; `users` are personas.

    It may "call" or "deploy" `services`, "call" `functions`, "run" or "deploy" `jobs`, and submit "builds" or "training". `github` is "main" or "any".
    """

    name: str
    email: str
    description: str
    buckets: Mapping[str, str]
    repositories: Mapping[str, str]
    project_roles: tuple[str, ...]
    users: tuple[str, ...]
    services: Mapping[str, str] = field(default_factory=dict)
    jobs: Mapping[str, str] = field(default_factory=dict)
    submits: tuple[str, ...] = ()
    github: str | None = None
    functions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Github:
    """The GitHub repository whose workflows log in without a key."""

    repository: str
    owner_id: str
    branch: str
    pool: str
    repository_id: str | None = None
    connected: bool = False


@dataclass(frozen=True)
class Environment:
    """One environment: a project and everything in its file, with defaults filled in; maps are by short name."""

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
    services: Mapping[str, ServiceSpec] = field(default_factory=dict)
    jobs: Mapping[str, JobSpec] = field(default_factory=dict)
    builds: Mapping[str, BuildSpec] = field(default_factory=dict)
    training: Mapping[str, TrainingSpec] = field(default_factory=dict)
    workstations: Mapping[str, WorkstationSpec] = field(default_factory=dict)
    functions: Mapping[str, FunctionSpec] = field(default_factory=dict)
    github: Github | None = None
    alerts: Alerts | None = None
    budget: Budget | None = None
    assumptions: Mapping[str, Any] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    exceptions: tuple[PolicyException, ...] = ()

    @property
    def root(self) -> Path:
        """The root folder of the repository, which contains envs/."""
        return next((folder.parent for folder in self.path.parents if folder.name == "envs"), self.path.parents[1])

    @property
    def file(self) -> str:
        """The file as sentences name it: "envs/dev.yaml", "envs/examples/starfish.yaml"."""
        known = any(folder.name == "envs" for folder in self.path.parents)
        return self.path.relative_to(self.root).as_posix() if known else f"envs/{self.path.name}"

    @property
    def where(self) -> str:
        """The cloud in words, marked if simulated."""
        return "the local cloud (simulated)" if self.local else "Google Cloud"

    @property
    def place(self) -> str:
        """The project and its cloud, in words."""
        return f"{self.project} on {self.where}"

    @property
    def state_bucket(self) -> str:
        """The name of the bucket for Terraform's state."""
        return own_buckets.name(self.project, own_buckets.STATE)

    @property
    def staging_bucket(self) -> str:
        """The name of the staging bucket for training; it exists if `training` is given."""
        return own_buckets.name(self.project, own_buckets.STAGING)

    @property
    def sources_bucket(self) -> str:
        """The name of the bucket for the sources of submitted builds; it exists if `builds` are given."""
        return own_buckets.name(self.project, own_buckets.SOURCES)

    @property
    def work_buckets(self) -> Mapping[str, str]:
        """The existing buckets for builds and training, by their names in Terraform."""
        sources = {"sources": self.sources_bucket} if self.builds else {}
        return sources | ({"staging": self.staging_bucket} if self.training else {})

    @property
    def deployer(self) -> str:
        """E-mail address of the service account that operators impersonate."""
        return f"{DEPLOYER}@{self.project}.iam.gserviceaccount.com"

    def persona_role(self, persona: str) -> str:
        """Full name of a persona's own role in the project, e.g. "projects/my-project/roles/groundwork_viewer"."""
        return f"projects/{self.project}/roles/{PERSONA_ROLE}{persona.replace('-', '_')}"

    @property
    def planner(self) -> str:
        """E-mail address of the service account that pull requests plan as; it exists if `github` is given."""
        return f"{PLANNER}@{self.project}.iam.gserviceaccount.com"

    @property
    def scheduled(self) -> Mapping[str, JobSpec]:
        """The jobs that start on a schedule."""
        return {name: job for name, job in self.jobs.items() if job.schedule}

    @property
    def triggered(self) -> Mapping[str, FunctionSpec]:
        """The functions that run at events."""
        return {name: function for name, function in self.functions.items() if function.trigger}

    @property
    def events(self) -> str:
        """E-mail address of the service account that delivers these; it exists if there are any."""
        return f"{EVENTS}@{self.project}.iam.gserviceaccount.com"

    @property
    def scheduler(self) -> str:
        """E-mail address of the service account that starts them; it exists if there are any."""
        return f"{SCHEDULER}@{self.project}.iam.gserviceaccount.com"


def load(name: str | Path, root: Path) -> Environment:
    """The environment called `name` ("dev" is envs/dev.yaml below `root`, else envs/examples/dev.yaml), or of the file at that path.

    Raises EnvironmentProblem, which lists every mistake in the file, and UsageProblem for a schema of another version.
    """
    path = _path(name, root)
    remembered = cache.recall(path, root)
    if remembered is not None:
        with suppress(*_MISFITS):
            return _environment(path, remembered)
    values = _checked(path, root)
    try:
        return _environment(path, values)
    except _MISFITS as problem:  # the schema allowed it, so the schema and this code are from different versions
        raise other_version(SCHEMA, problem) from problem


def _checked(path: Path, root: Path) -> dict[str, Any]:
    """The validated values of a file; they are cached, since validating takes longer than most commands."""
    from groundwork.environment.validation import examined

    values, mistakes = examined(path, root, _short_path(path, root))
    if mistakes:
        raise EnvironmentProblem(_short_path(path, root), mistakes)
    cache.keep(path, root, values)
    return values


def refuse_mistakes(text: str, path: Path, root: Path) -> None:
    """Raises EnvironmentProblem for a text that is not valid as the environment file at `path`."""
    from groundwork.environment.validation import examined

    short_path = _short_path(path, root)
    _, mistakes = examined(path, root, short_path, text)
    if mistakes:
        raise EnvironmentProblem(short_path, mistakes)


def names(root: Path) -> tuple[str, ...]:
    """The names of all environments, without the examples."""
    return tuple(sorted(path.stem for path in (root / "envs").glob("*.yaml") if not path.name.startswith(".")))


def examples(root: Path) -> tuple[str, ...]:
    """The names of the examples, which `up` takes like any environment."""
    return tuple(sorted(path.stem for path in (root / "envs" / "examples").glob("*.yaml")))


def _path(name: str | Path, root: Path) -> Path:
    text = str(name)
    if isinstance(name, Path) or text.endswith((".yaml", ".yml")) or "/" in text:
        return Path(text).absolute()
    path = root / "envs" / f"{text}.yaml"
    if text not in names(root):
        if text in examples(root):
            return root / "envs" / "examples" / f"{text}.yaml"
        known = (*names(root), *examples(root))
        raise UsageProblem(f'there is no environment "{text}" (envs/{text}.yaml); {allowed(known, text)}')
    return path


def _short_path(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _environment(path: Path, values: Mapping[str, Any]) -> Environment:
    project, region = values["project"], values["region"]
    found = workloads(values)
    return Environment(
        name=path.stem,
        path=path,
        project=project,
        region=region,
        local=values["cloud"] == "local",
        protected=values["protected"],
        labels=values["labels"],
        members={email: Member(email, **member) for email, member in values["members"].items()},
        buckets={name: _bucket(name, project, region, bucket) for name, bucket in values["buckets"].items()},
        repositories={
            name: Repository(name, f"{region}-docker.pkg.dev/{project}/{name}", **repository)
            for name, repository in values["repositories"].items()
        },
        secrets={
            name: Secret(name, tuple(secret["readers"]), secret.get("location", ""))
            for name, secret in values["secrets"].items()
        },
        identities={name: _identity(name, project, identity) for name, identity in values["identities"].items()},
        services=found.services,
        jobs=found.jobs,
        builds=found.builds,
        training=found.training,
        workstations=found.workstations,
        functions=found.functions,
        github=Github(**values["github"]) if "github" in values else None,
        alerts=_alerts(values["alerts"]) if "alerts" in values else None,
        budget=_budget(values["budget"]) if "budget" in values else None,
        assumptions=values["cost"].get("assumptions", {}),
        cost=values["cost"],
        exceptions=tuple(
            PolicyException(**{**exception, "expires": date.fromisoformat(exception["expires"])})
            for exception in values["policy"].get("exceptions", [])
        ),
    )


def _alerts(values: Mapping[str, Any]) -> Alerts:
    return Alerts(**{**values, "notify": tuple(values.get("notify", ()))})


def _budget(values: Mapping[str, Any]) -> Budget:
    return Budget(**{**values, "thresholds": tuple(values["thresholds"]), "notify": tuple(values["notify"])})


def _bucket(name: str, project: str, region: str, values: Mapping[str, Any]) -> Bucket:
    rest = {"versioning": values["dvc"], "location": region, "called": f"{project}-{name}", **values}
    full_name, versions = rest.pop("called"), rest.pop("noncurrent_versions")
    return Bucket(name, full_name, noncurrent_days=versions["days"], noncurrent_keep=versions["keep"], **rest)


def _identity(name: str, project: str, values: Mapping[str, Any]) -> Identity:
    return Identity(
        name=name,
        email=f"{values.get('called', f'groundwork-{name}')}@{project}.iam.gserviceaccount.com",
        description=values["description"],
        buckets=values["buckets"],
        repositories=values["repositories"],
        project_roles=tuple(values["project_roles"]),
        users=tuple(values["users"]),
        services=values["services"],
        jobs=values["jobs"],
        submits=tuple(values["submits"]),
        github=values.get("github"),
        functions=values["functions"],
    )
