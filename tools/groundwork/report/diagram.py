"""The map of an environment as values: people, personas, identities, workloads, and what they reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from groundwork.environment.values import Environment
from groundwork.environment.workloads import FunctionSpec, JobSpec, ServiceSpec, TrainingSpec
from groundwork.people.personas import Persona
from groundwork.report.existing import Existing, Mark
from groundwork.report.initials import initials
from groundwork.text import counted

COLUMNS = ("People", "Personas", "Identities", "What they run and reach")
_WORDS = {
    "roles/storage.objectViewer": "read",
    "roles/storage.objectUser": "write",
    "roles/artifactregistry.reader": "pull",
    "roles/artifactregistry.writer": "push",
    "roles/artifactregistry.repoAdmin": "delete",
    "roles/secretmanager.secretAccessor": "read",
    "roles/secretmanager.secretVersionManager": "set",
}
_PLACES = {"buckets": "buckets", "repositories": "images", "secrets": "secrets"}
_COLUMN = {"person": 0, "persona": 1, "workflows": 1, "identity": 2}
_KINDS = {
    "build": "build",
    "service": "service",
    "function": "function",
    "job": "job",
    "training": "training",
    "workstation": "workstation",
    "bucket": "bucket",
    "repository": "image repository",
    "secret": "secret",
}
# Terraform creates nothing for these, so they are in no state.
_NOT_MADE = ("persona/", "workflows/", "training/")


@dataclass(frozen=True)
class Box:
    """A box: its id ("bucket/data"), column, name and a note below it; `mark` says whether it is added, removed or changed."""

    id: str
    column: int
    title: str
    note: str = ""
    mark: Mark = ""


@dataclass(frozen=True)
class Edge:
    """An arrow between two boxes, by their ids, and its meaning."""

    start: str
    end: str
    label: str = ""
    mark: Mark = ""


@dataclass(frozen=True)
class Diagram:
    """A map, with its boxes in file order; `basis` says what it was drawn from."""

    title: str
    basis: str
    simulated: bool
    nodes: tuple[Box, ...]
    edges: tuple[Edge, ...]

    @property
    def summary(self) -> str:
        """The map in a sentence, for readers who cannot see it."""
        number = Counter(node.id.partition("/")[0] for node in self.nodes)
        words = {"person": "member", "identity": "identity", **_KINDS}
        always = {"person", "identity", "bucket", "repository", "secret"}
        phrases = (counted(number[kind], word) for kind, word in words.items() if number[kind] or kind in always)
        return f"{', '.join(phrases)}. {self.basis}"

    @property
    def marked(self) -> bool:
        """Whether anything is added, removed or changed."""
        return any(node.mark for node in self.nodes) or any(edge.mark for edge in self.edges)


def diagram(
    environment: Environment, personas: Mapping[str, Persona], existing: Existing, *, names: bool = False
) -> Diagram:
    """The map of the file's contents, marked by what exists; people by their initials unless `names`."""
    former = {name.partition("/")[2] for name in existing.things if name.startswith("person/")} - {*environment.members}
    everybody = [*environment.members, *sorted(former)]
    people = {email: email for email in everybody} if names else initials(everybody)
    nodes = list(_nodes(environment, personas))
    drawn = {node.id for node in nodes}
    nodes += [_removed_box(name) for name in sorted(existing.things - drawn)]
    marked = [_marked(node, existing, drawn) for node in sorted(nodes, key=lambda node: node.column)]
    edges = _edges(environment, existing, {node.id: node.mark for node in marked})
    ids = {f"person/{email}": f"person/{shown}" for email, shown in people.items()}
    return Diagram(
        title=f"The platform {environment.name} (project {environment.project})",
        basis=f"Drawn from {environment.file}{existing.basis}.",
        simulated=environment.local,
        nodes=tuple(
            replace(node, id=ids.get(node.id, node.id), title=people.get(node.title, node.title)) for node in marked
        ),
        edges=tuple(replace(edge, start=ids.get(edge.start, edge.start)) for edge in edges),
    )


def as_data(found: Diagram) -> dict[str, Any]:
    """The map as `diagram --json` prints it."""
    return {**asdict(found), "columns": list(COLUMNS), "summary": found.summary}


def _nodes(environment: Environment, personas: Mapping[str, Persona]) -> Iterator[Box]:
    for email, member in environment.members.items():
        yield _node(f"person/{email}", email, "group" if member.type == "group" else "")
    used = {member.role for member in environment.members.values()}
    used |= {name for identity in environment.identities.values() for name in identity.users}
    for name, persona in personas.items():
        if name in used:
            yield _node(f"persona/{name}", name, _may(persona))
    if environment.github:
        yield _node("workflows/github", "GitHub workflows", environment.github.repository)
    yield from _accounts(environment)
    yield from _workloads(environment)
    things = {"bucket": environment.buckets, "repository": environment.repositories, "secret": environment.secrets}
    for kind, names in things.items():
        yield from (_node(f"{kind}/{name}", name, _KINDS[kind]) for name in names)


def _workloads(environment: Environment) -> Iterator[Box]:
    """What builds, serves, trains and is worked on."""
    for build in environment.builds.values():
        ref = build.branch or build.tag
        when = f"of {ref.strip('^$')}" if ref else "by hand"
        deploys = f", deploys {', '.join(build.deploys)}" if build.deploys else ""
        yield _node(f"build/{build.name}", build.name, f"build {when}{deploys}")
    for service in environment.services.values():
        yield _node(f"service/{service.name}", service.name, "service, for everybody" if service.public else "service")
    for function in environment.functions.values():
        yield _node(f"function/{function.name}", function.name, _at(function))
    for job in environment.jobs.values():
        yield _node(f"job/{job.name}", job.name, f"job, at {job.schedule}" if job.schedule else "job")
    for training in environment.training.values():
        yield _node(f"training/{training.name}", training.name, f"training on {training.machine_type}")
    for machine in environment.workstations.values():
        yield _node(f"workstation/{machine.name}", machine.name, f"workstation, {machine.machine_type}")


def _at(function: FunctionSpec) -> str:
    """When a function runs, in words."""
    if function.trigger:
        return f"function, at {function.trigger.event} in {function.trigger.bucket}"
    return "function, for everybody" if function.public else "function"


def _accounts(environment: Environment) -> Iterator[Box]:
    """The identities of the file, and groundwork's own."""
    for name, identity in environment.identities.items():
        yield _node(f"identity/{name}", name, identity.description)
    yield _node("identity/deployer", "deployer", "Brings the platform up and down.")
    if environment.github:
        yield _node("identity/planner", "planner", "Plans pull requests; changes nothing.")
    if environment.triggered:
        yield _node("identity/events", "events", "Delivers events to functions.")
    if environment.scheduled:
        yield _node("identity/scheduler", "scheduler", "Starts jobs on their schedules.")


def _node(name: str, title: str, note: str) -> Box:
    return Box(name, _COLUMN.get(name.partition("/")[0], len(COLUMNS) - 1), title, note)


def _may(persona: Persona) -> str:
    """What a persona may do itself, e.g. "buckets: read; images: pull"."""
    phrases = []
    for place, word in _PLACES.items():
        verbs = [_WORDS.get(role, role.removeprefix("roles/")) for role in persona.roles[place]]
        phrases += [f"{word}: {', '.join(verbs)}"] if verbs else []
    return "; ".join(phrases)


def _removed_box(name: str) -> Box:
    """A box for what exists but is no longer in the file."""
    kind, _, short = name.partition("/")
    return _node(name, short, _KINDS.get(kind, ""))


def _marked(node: Box, existing: Existing, drawn: set[str]) -> Box:
    mark = existing.changing.get(node.id, "")
    if node.id not in drawn:
        mark = "-"
    elif existing.judged and node.id not in existing.things and not node.id.startswith(_NOT_MADE):
        mark = "+"
    return replace(node, mark=mark)


def _edges(environment: Environment, existing: Existing, marks: Mapping[str, Mark]) -> Iterator[Edge]:
    """The file's arrows, and those of existing grants that are no longer in the file."""
    # Two parts of the file may result in the same arrow.
    wanted = list({(edge.start, edge.end): edge for edge in reversed([*_file_edges(environment)])}.values())[::-1]
    for edge in wanted:
        ends = (marks[edge.start], marks[edge.end])
        pair = (edge.start, edge.end)
        granted = bool(edge.label) and existing.judged and pair not in existing.pairs
        yield Edge(*pair, edge.label, "+" if "+" in ends or granted else "")
    for start, end in sorted(existing.pairs - {(edge.start, edge.end) for edge in wanted}):
        if start in marks and end in marks and end.partition("/")[0] not in _COLUMN:
            yield Edge(start, end, "access", "-")


def _file_edges(environment: Environment) -> Iterator[Edge]:
    for email, member in environment.members.items():
        yield Edge(f"person/{email}", f"persona/{member.role}")
    for name, identity in environment.identities.items():
        yield from (Edge(f"persona/{user}", f"identity/{name}") for user in identity.users)
    if any(member.role == "operator" for member in environment.members.values()):
        yield Edge("persona/operator", "identity/deployer")
    if environment.github:
        yield from (Edge("workflows/github", f"identity/{name}") for name in ("deployer", "planner"))
    for name, identity in environment.identities.items():
        yield from (Edge(f"identity/{name}", f"bucket/{thing}", access) for thing, access in identity.buckets.items())
        for thing, access in identity.repositories.items():
            yield Edge(f"identity/{name}", f"repository/{thing}", {"read": "pull", "write": "push"}.get(access, access))
        yield from (Edge(f"identity/{name}", f"service/{thing}", what) for thing, what in identity.services.items())
        yield from (Edge(f"identity/{name}", f"function/{thing}", what) for thing, what in identity.functions.items())
        yield from (Edge(f"identity/{name}", f"job/{thing}", what) for thing, what in identity.jobs.items())
    yield from (Edge("identity/events", f"function/{name}", "call") for name in environment.triggered)
    yield from (Edge("identity/scheduler", f"job/{name}", "run") for name in environment.scheduled)
    for name, secret in environment.secrets.items():
        yield from (Edge(f"identity/{reader}", f"secret/{name}", "read") for reader in secret.readers)
    yield from _running(environment)


def _running(environment: Environment) -> Iterator[Edge]:
    """The identities that services, functions, jobs, builds, training and workstations run as, and what that lets these do."""
    held: list[tuple[str, ServiceSpec | FunctionSpec | JobSpec]] = [
        ("service", service) for service in environment.services.values()
    ]
    held += [("function", function) for function in environment.functions.values()]
    held += [("job", job) for job in environment.jobs.values()]
    for kind, one in held:
        who = f"identity/{one.identity}"
        yield Edge(who, f"{kind}/{one.name}", "runs")
        yield from (Edge(who, f"bucket/{bucket}", access) for bucket, access in one.buckets.items())
        yield from (Edge(who, f"secret/{secret}", "read") for secret in one.secrets.values())
    for build in environment.builds.values():
        who = f"identity/{build.identity}"
        yield Edge(who, f"build/{build.name}", "runs")
        yield Edge(who, f"repository/{build.repository}", "push")
        yield from (Edge(who, f"secret/{secret}", "read") for secret in build.secrets.values())
        kinds = {name: "service" if name in environment.services else "job" for name in build.deploys}
        yield from (Edge(who, f"{kind}/{name}", "deploy") for name, kind in kinds.items())
    for function in environment.functions.values():
        yield Edge(f"identity/{function.build_identity}", f"repository/{function.repository}", "push")
    for training in environment.training.values():
        yield from _training(environment, training)
    for machine in environment.workstations.values():
        yield Edge(f"identity/{machine.identity}", f"workstation/{machine.name}", "runs")


def _training(environment: Environment, training: TrainingSpec) -> Iterator[Edge]:
    who = f"identity/{training.identity}"
    yield Edge(who, f"training/{training.name}")
    for bucket in environment.buckets.values():
        if f"{training.output}/".startswith(f"{bucket.url}/"):
            yield Edge(who, f"bucket/{bucket.name}", "write")
