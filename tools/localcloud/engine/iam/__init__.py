"""IAM: policies, members, conditions and roles, and access decisions."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from localcloud import errors
from localcloud.engine.agents import Agents
from localcloud.engine.clock import Clock
from localcloud.engine.iam import conditions, identities, members, policies
from localcloud.engine.iam.directory import Directory
from localcloud.engine.iam.roles import Roles
from localcloud.engine.lateness import Lateness
from localcloud.engine.projects import Projects
from localcloud.engine.store import Store
from localcloud.spec import json_text

Policy = dict[str, Any]
Grant = tuple[str, str, bool]  # role, condition expression ("" = none), whether only everybody's membership gives it
Deciding = tuple[str, bool]  # the same of a grant whose role has the permission that is asked for
PROJECTS = "cloudresourcemanager"
_REMEMBERED = 8192
_ROLE = re.compile(r"projects/(?P<project>[^/]+)/roles/[^/]+")
_ACCOUNT = re.compile(r"(?P<name>[^@]+)@(?P<project>[a-z][a-z0-9-]+)\.iam\.gserviceaccount\.com")
_AGENT = re.compile(r"(service-|bq-|p)?(?P<number>[0-9]{1,20})(-compute)?@.+")


class ResourceNames(Protocol):
    """The types of resources by their names, as the services declare them."""

    def of(self, api: str, name: str) -> str:
        """The IAM type of a resource: "secretmanager.googleapis.com/Secret"; "" for a name of no declared collection."""

    def numbered(self, api: str) -> bool:
        """Whether conditions see the project's number in names."""


class Iam:
    """Policies and decisions.

    A policy belongs to (api, resource name): ("secretmanager", "projects/p/secrets/s"), ("storage", "projects/_/buckets/b"),
    ("cloudresourcemanager", "projects/p"). A decision considers the resource, its parents and the project.
    Service accounts are known by the resource ("iam", "projects/p/serviceAccounts/EMAIL"), custom roles by
    ("iam", "projects/p/roles/ID") with includedPermissions.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        projects: Projects,
        lateness: Lateness,
        kinds: ResourceNames,
        roles: Roles,
        agents: Agents,
    ) -> None:
        self._store = store
        self._clock = clock
        self._projects = projects
        self._lateness = lateness
        self._kinds = kinds
        self.roles = roles
        self._agents = agents
        self.directory = Directory(store)
        self._generation = 0
        self._seen = (-1, -1, -1)
        self._grants: dict[tuple[str, str, str], list[Grant]] = {}
        self._above: dict[tuple[str, str, str, str, str | None], list[Deciding]] = {}
        self._reload()
        store.on_rollback(self._reload)

    def policy(self, api: str, resource: str) -> Policy:
        """The stored policy with its etag; an empty one when none was ever set."""
        row = self._store.row("SELECT body FROM policies WHERE service = ? AND resource = ?", api, resource)
        return json_text.written(row[0]) if row else policies.empty()

    def has_policy(self, api: str, resource: str) -> bool:
        """Whether a policy was ever set on a resource that is still there."""
        return resource in self._holders[api]

    def view(self, policy: Policy, version: int = 0) -> Policy:
        """The policy as returned to a caller that asked for `version` (0, 1 or 3)."""
        return policies.view(policy, version)

    def set_policy(
        self, api: str, resource: str, policy: Mapping[str, Any], mask: Sequence[str] = (), project: str | None = None
    ) -> Policy:
        """Stores a policy and returns it; 409 ABORTED on a stale etag, 400 on invalid members, roles or conditions.

        `project` is the resource's project.
        """
        current = self.policy(api, resource)
        result = policies.changed(current, policy, mask)
        if bindings := result.get("bindings"):
            result["bindings"] = self._admitted(bindings, current, project)
        same = {key: value for key, value in current.items() if key != "etag"} == result
        if same and current["etag"] != policies.EMPTY_ETAG:
            return current
        self._lateness.note("policy", api, resource, current)
        return self.write(api, resource, result)

    def write(self, api: str, resource: str, policy: Policy) -> Policy:
        """Stores a policy unchecked, under a new etag: for policies that the cloud itself creates."""
        body = policy | {"etag": policies.etag(int(self._clock.seconds() * 1_000_000) + self._generation % 1000)}
        body.setdefault("version", 1)
        self._generation += 1
        self._holders[api].add(resource)
        text = json_text.write(body)
        self._store.sql("INSERT OR REPLACE INTO policies VALUES (?, ?, ?)", api, resource, text)
        return body

    def forget(self, api: str, resource: str) -> None:
        """Deletes the policies of a deleted resource and of everything below it."""
        deleted = self._store.sql(
            "DELETE FROM policies WHERE service = ? AND (resource = ? OR (resource > ? AND resource < ?)) RETURNING service, resource",
            *(api, resource, f"{resource}/", f"{resource}0"),
        )
        if deleted:
            self._generation += 1
            for where, name in deleted:
                self._holders[where].discard(name)

    def rename(self, member: str, new: str) -> None:
        """Replaces a member in every policy: a deleted account stays as "deleted:serviceAccount:…?uid=…", an undeleted one returns.

        The policies get new etags, so that a change that began before is told to begin again.
        """
        rows = self._store.sql(
            "SELECT service, resource, body FROM policies WHERE instr(body, ?)", json_text.write(member)[1:-1]
        )
        for api, resource, text in rows:
            body = json.loads(text)
            for binding in body.get("bindings", ()):
                binding["members"] = [new if one == member else one for one in binding["members"]]
            self.write(api, resource, body)

    def _admitted(self, bindings: Sequence[Policy], current: Policy, project: str | None) -> list[Policy]:
        """Validated bindings; 400 for what Google does not accept.

        Bindings that were in the policy before are not validated again, so that a policy can always be read, changed and written back.
        """
        before = current.get("bindings", ())
        known = {(binding["role"], member) for binding in before for member in binding["members"]}
        kept = []
        for binding in bindings:
            role, condition = binding["role"], binding.get("condition")
            if not any(role == one["role"] and condition == one.get("condition") for one in before):
                conditions.check(binding)
            fresh = [member for member in binding["members"] if (role, member) not in known]
            if fresh and not self._role_exists(role, project):
                raise errors.invalid(
                    f"Role {role} is not supported for this resource. (The local cloud knows the project's custom roles, "
                    "and Google's roles in the roles.json of each service; add a row there for others.)"
                )
            spelt = {member: self._member(member) for member in fresh}
            kept.append(binding | {"members": [spelt.get(member, member) for member in binding["members"]]})
        return policies.merged(kept)

    def _member(self, member: str) -> str:
        """A new member in normalized form; 400 if it is invalid or does not exist."""
        members.check(member)
        if member.startswith("serviceAccount:"):
            member = members.normal(member)
            self._check_account(member)
        return self.directory.member(member)

    def _role_exists(self, role: str, project: str | None) -> bool:
        if role.startswith("roles/"):
            return role in self.roles.predefined
        body = self._custom_role(role, project)
        return body is not None and not body.get("deleted")

    def _custom_role(self, role: str, project: str | None) -> Policy | None:
        """A role of the project's own; None for another project's, and for names of other things."""
        match = _ROLE.fullmatch(role)
        return self._store.get("iam", role) if match is not None and match["project"] == project else None

    def _check_account(self, member: str) -> None:
        email = member.partition(":")[2]
        agent = _AGENT.fullmatch(email)
        match = _ACCOUNT.fullmatch(email)
        if agent and self._projects.by_number(int(agent["number"])):
            return
        name = f"projects/{match['project']}/serviceAccounts/{email}" if match else ""
        known = self._store.get("iam", name)
        not_yet = self._lateness.fresh("iam", name, lambda profile: profile.accounts)
        if not known or known.get("deleted") or not_yet:
            raise errors.invalid(f"Service account {email} does not exist.")

    @property
    def state(self) -> tuple[int, int, int]:
        """What changes with every change of a policy, an account or a role: what was decided before may be different then."""
        return self._generation, self._store.writes["iam"], self._lateness.policies_on_their_way

    def allowed(
        self,
        principal: str,
        permission: str,
        api: str,
        resource: str,
        project: str | None,
        *,
        also: Iterable[str] = (),
        public: bool = True,
    ) -> bool:
        """Whether a principal has a permission on a resource of an API, by its policy, its parents' or the project's.

        The policies of the resources in `also` count too; without `public` grants to everybody count nowhere.
        """
        if (state := self.state) != self._seen:
            self._seen = state
            self._grants.clear()
            self._above.clear()
        holders = self._holders[api]
        nearest = resource if resource in holders else resource.rpartition("/")[0]
        deciding = self._inherited(principal, permission, api, nearest, project)
        for name in also:
            if name in holders:
                deciding = [*deciding, *self._giving(principal, permission, api, name, project)]
        for condition, everybodys in deciding:
            if everybodys and not public:
                continue
            if not condition or conditions.holds(condition, self._facts(api, resource)):
                return True
        return False

    def active(self, principal: str) -> bool:
        """Whether a principal may act: False for a service account that is disabled or does not exist, and for a pool that is off.

        Source: https://cloud.google.com/iam/docs/manage-workload-identity-pools-providers ("existing tokens").
        """
        if principal.startswith("principal:"):
            pool = self._projects.named(identities.federated(principal).pool)
            return self._store.derived.of("iam", ("active", pool), lambda: self._is_on(pool))
        kind, _, email = principal.partition(":")
        match = _ACCOUNT.fullmatch(email) if kind == "serviceAccount" else None
        if match is None or self._projects.find(match["project"]) is None:
            return True
        name = f"projects/{match['project']}/serviceAccounts/{match[0]}"
        return self._store.derived.of("iam", ("active", name), lambda: self._enabled(name))

    def _is_on(self, pool: str) -> bool:
        body = self._store.get("iam", pool) or {}
        return body.get("state", "ACTIVE") == "ACTIVE" and not body.get("disabled")

    def _enabled(self, account: str) -> bool:
        body = self._store.get("iam", account)
        return body is not None and not body.get("disabled")

    def _facts(self, api: str, resource: str) -> conditions.Facts:
        name = self._projects.numbered(resource) if self._kinds.numbered(api) else resource
        return conditions.Facts(self._clock.now(), name, self._kinds.of(api, resource), f"{api}.googleapis.com")

    def _inherited(
        self, principal: str, permission: str, api: str, resource: str, project: str | None
    ) -> Sequence[Deciding]:
        """What the policies of the project, of a resource and of everything above it give."""
        key = (principal, permission, api, resource, project)
        giving = self._above.get(key)
        if giving is None:
            if len(self._above) >= _REMEMBERED:
                self._above.clear()
            giving = self._above[key] = [
                one
                for where in self._nodes(api, resource, project)
                for one in self._giving(principal, permission, *where, project)
            ]
        return giving

    def _nodes(self, api: str, resource: str, project: str | None) -> Iterator[tuple[str, str]]:
        whole = f"projects/{project}"
        if project is not None and whole in self._holders[PROJECTS]:
            yield PROJECTS, whole
        while resource:
            if resource in self._holders[api]:
                yield api, resource
            resource = resource.rpartition("/")[0]

    def _giving(
        self, principal: str, permission: str, api: str, resource: str, project: str | None
    ) -> Iterator[Deciding]:
        """What a resource's own policy gives."""
        for role, condition, everybodys in self._granted(principal, api, resource):
            if permission in self._permissions(role, project):
                yield condition, everybodys

    def _granted(self, principal: str, api: str, resource: str) -> list[Grant]:
        key = (principal, api, resource)
        grants = self._grants.get(key)
        if grants is None:
            grants = self._grants[key] = list(self._find_grants(*key))
        return grants

    def _find_grants(self, principal: str, api: str, resource: str) -> Iterator[Grant]:
        if api == PROJECTS and (role := self._agents.standing(principal, resource.partition("/")[2])):
            yield role, "", False
        own = identities.members(principal)
        policy = self._lateness.deciding(api, resource) or self.policy(api, resource)
        for binding in policy.get("bindings", ()):
            there = binding["members"]
            mine = own.intersection(map(members.normal, there))
            # On a project's own policy these would be circular, and match nobody.
            named = bool(mine - identities.EVERYBODY) or (
                api != PROJECTS and any(self._by_project(principal, member) for member in there)
            )
            if named or mine:
                yield binding["role"], binding.get("condition", {}).get("expression", ""), not named

    def _by_project(self, principal: str, member: str) -> bool:
        convenience = members.convenience(member)
        if convenience is None:
            return False
        role, project = convenience
        where = f"projects/{self._projects.id_of(project)}"
        return any(
            granted == role and not condition for granted, condition, _ in self._granted(principal, PROJECTS, where)
        )

    def _permissions(self, role: str, project: str | None) -> frozenset[str]:
        if role.startswith("roles/"):
            known = self.roles.predefined.get(role)
            return known.permissions if known else frozenset()
        body = self._custom_role(role, project) or {}
        off = body.get("deleted") or body.get("stage") == "DISABLED"
        return frozenset() if off else frozenset(body.get("includedPermissions", ()))

    def _reload(self) -> None:
        self._generation += 1
        self._holders: defaultdict[str, set[str]] = defaultdict(set)
        for api, resource in self._store.sql("SELECT service, resource FROM policies"):
            self._holders[api].add(resource)
