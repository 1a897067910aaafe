"""A clone with only an environment file, its own project on a running local cloud, and the command line."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment, load
from groundwork.google.cloud import GoogleCloud, connect
from groundwork.people.personas import Grant, grants, personas
from groundwork.secrets.vault import Vault

from tests.command_line import Ended, command

ROOT = Path(__file__).resolve().parent.parent
MEMBERS = {
    "alice@example.com": "data-scientist",
    "bob@example.com": "ml-engineer",
    "carol@example.com": "operator",
    "dora@example.com": "viewer",
}
OWNER = "owner@example.com"


@dataclass
class SmallClone:
    """The clone's root; call it with the arguments of a command and its standard input."""

    root: Path
    project: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> Environment:
        """Its environment called local."""
        return load("local", self.root)

    @property
    def checkout(self) -> Checkout:
        """As groundwork has it."""
        return Checkout(self.root)

    def cloud(self, principal: str = f"user:{OWNER}") -> GoogleCloud:
        """Its cloud as a principal."""
        return connect(self.environment, principal, self.checkout)

    def vault(self, who: str = OWNER) -> Vault:
        """Its secrets as a principal sees them."""
        return Vault(self.cloud(f"user:{who}"), self.environment, who)

    def states(self, name: str) -> dict[int, str]:
        """The state of each version of a secret."""
        return states(self.vault(), name)

    def __call__(self, *arguments: str, given: bytes = b"", cwd: Path | None = None) -> Ended:
        """Run a command in this process, without a terminal."""
        return command(arguments, cwd or self.root, self.variables, given)


def states(vault: Vault, name: str) -> dict[int, str]:
    """The state of each version of a secret."""
    return {version.number: version.state for version in vault.versions(name)}


def make_clone(root: Path, running: Checkout, secrets: Sequence[str], more: str = "") -> SmallClone:
    """A clone below `root` whose project is on the local cloud of `running`, with containers for these secrets."""
    (root / "infra" / "platform").mkdir(parents=True)
    (root / "modules" / "team_access").mkdir(parents=True)
    (root / "envs").mkdir()
    (root / ".groundwork").mkdir()
    (root / ".groundwork" / "local").symlink_to(running.local_state)
    shutil.copy(ROOT / "envs" / "schema.json", root / "envs")
    shutil.copy(ROOT / "modules" / "team_access" / "personas.json", root / "modules" / "team_access")
    project = f"p-{uuid.uuid4().hex[:20]}"
    (root / "envs" / "local.yaml").write_text(_file(project, secrets, more))
    clone = SmallClone(root, project)
    _make_project(clone.cloud(), secrets)
    _grant(clone.cloud(), clone.environment)
    return clone


def _file(project: str, secrets: Sequence[str], more: str) -> str:
    members = "\n".join(f"  {email}: {{role: {role}}}" for email, role in MEMBERS.items())
    held = "secrets:\n" + "\n".join(f"  {name}: {{}}" for name in secrets) if secrets else ""
    return f"cloud: local\nproject: {project}\nregion: europe-west1\nmembers:\n{members}\n{held}\n{more}\n"


def _make_project(cloud: GoogleCloud, secrets: Sequence[str]) -> None:
    cloud.request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": cloud.project})
    path = f"v1/projects/{cloud.project}/services:batchEnable"
    wanted = [f"{api}.googleapis.com" for api in ("iam", "iamcredentials", "secretmanager", "cloudbilling")]
    cloud.request("POST", "serviceusage", path, json={"serviceIds": wanted})
    for name in secrets:
        body = {"replication": {"automatic": {}}}
        cloud.request(
            "POST", "secretmanager", f"v1/projects/{cloud.project}/secrets", params={"secretId": name}, json=body
        )


def _grant(cloud: GoogleCloud, environment: Environment) -> None:
    """What `up` would grant on the project and the secrets."""
    known = personas(environment.path.parents[1])
    for persona in known.values():
        name = environment.persona_role(persona.name).rpartition("/")[2]
        role = {"title": persona.name, "includedPermissions": sorted(persona.permissions)}
        cloud.request("POST", "iam", f"v1/projects/{cloud.project}/roles", json={"roleId": name, "role": role})
    wanted: dict[Grant, list[str]] = {}
    for member in environment.members.values():
        for grant in grants(environment, member, known):
            wanted.setdefault(grant, []).append(member.principal)
    bind(cloud, wanted)


def bind(cloud: GoogleCloud, wanted: Mapping[Grant, Sequence[str]]) -> None:
    """Add bindings to the policies of the project and of secrets."""
    doors = {"project": ("cloudresourcemanager", ""), "secret": ("secretmanager", "/secrets/{}")}
    for target in dict.fromkeys(grant.target for grant in wanted if grant.target.kind in doors):
        api, below = doors[target.kind]
        path = f"v1/projects/{cloud.project}{below.format(target.name)}"
        policy = cloud.request("POST" if not below else "GET", api, f"{path}:getIamPolicy", json=None if below else {})
        added = [
            {"role": grant.role, "members": list(members)}
            for grant, members in wanted.items()
            if grant.target == target
        ]
        body = {"policy": {**policy, "bindings": [*policy.get("bindings", []), *added]}}
        cloud.request("POST", api, f"{path}:setIamPolicy", json=json.loads(json.dumps(body)))
