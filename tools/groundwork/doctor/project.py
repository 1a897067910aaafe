"""Checks the project: whether it exists and is active, what it belongs to, and which organization policies apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.doctor.finding import CheckResult, not_asked
from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.text import listed

_MEMBERS = "constraints/iam.allowedPolicyMemberDomains"
_LOCATIONS = "constraints/gcp.resourceLocations"


def check(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """The project and, in an organization, its policies."""
    try:
        found = cloud.request("GET", "cloudresourcemanager", f"v1/projects/{environment.project}")
    except CloudProblem as problem:
        yield _unseen(environment, problem)
        return
    state = str(found.get("lifecycleState", ""))
    if state != "ACTIVE":
        remedy = f"run `gcloud projects undelete {environment.project}` within 30 days of its deletion"
        yield CheckResult("project", "broken", f"{environment.project} is {state}", remedy)
        return
    parent = found.get("parent") or {}
    where = f"in {parent['type']} {parent['id']}" if parent else "in no organization"
    yield CheckResult("project", "ok", f"{environment.project} answers (number {found.get('projectNumber')}), {where}")
    for look_at in (_members, _locations) if parent else ():
        try:
            yield from look_at(cloud, environment)
        except CloudProblem as problem:
            yield not_asked("organization", environment, problem)


def _unseen(environment: Environment, problem: CloudProblem) -> CheckResult:
    if problem.switched_off:
        return CheckResult(
            "project", "note", "cannot be checked yet: the Resource Manager API is off", "`up` enables it"
        )
    return CheckResult(
        "project",
        "broken",
        problem.message,
        f"create {environment.project} in the console, put your own project's ID into {environment.file}, or log "
        "in as somebody who may see it",
    )


def _effective(cloud: GoogleCloud, constraint: str) -> Mapping[str, Any]:
    """The list policy in force for the project, inherited or its own."""
    path = f"v1/projects/{cloud.project}:getEffectiveOrgPolicy"
    answer = cloud.request("POST", "cloudresourcemanager", path, json={"constraint": constraint})
    return dict(answer.get("listPolicy") or {})


def _members(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """Source: https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains."""
    allowed = [str(value).removeprefix("is:") for value in _effective(cloud, _MEMBERS).get("allowedValues", ())]
    if not allowed:
        return
    owners = cloud.request("POST", "cloudresourcemanager", "v1/organizations:search", json={}).get("organizations", ())
    domains = {str(one["displayName"]) for one in owners if one.get("owner", {}).get("directoryCustomerId") in allowed}
    outside = [email for email in environment.members if email.rpartition("@")[2] not in domains]
    if not domains:
        text = f"{_MEMBERS} allows only the customers {listed(allowed)}, and it is unknown who they are"
        yield CheckResult(
            "organization", "note", text, "ask the organization's administrators whether it allows your members"
        )
    elif outside:
        yield CheckResult(
            "organization",
            "broken",
            f"{_MEMBERS} allows only {listed(sorted(domains))}, so grants to {listed(outside)} are rejected",
            "use addresses of that domain, or ask the organization's administrators for an exception for this project",
        )
    else:
        yield CheckResult(
            "organization", "ok", f"{_MEMBERS} allows {listed(sorted(domains))}, and all members are in there"
        )


def _locations(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """Source: https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations."""
    policy = _effective(cloud, _LOCATIONS)
    allowed = [str(value) for value in policy.get("allowedValues", ())]
    if not allowed and policy.get("allValues") != "DENY":
        return
    plain = {value.partition(":")[2] or value for value in allowed}
    groups = {f"{environment.region}-locations", f"{environment.region.partition('-')[0]}-locations"}
    if "europe" in environment.region:
        groups.add("eu-locations")
    if environment.region in plain:
        yield CheckResult("organization", "ok", f"{_LOCATIONS} allows {environment.region}")
    elif groups & plain:
        yield CheckResult("organization", "ok", f"{_LOCATIONS} allows {listed(sorted(groups & plain))}")
    else:
        yield CheckResult(
            "organization",
            "broken",
            f"{_LOCATIONS} allows {listed(allowed)}, not {environment.region}",
            f"choose an allowed region: in {environment.file} before the first `up`, or ask the administrators of the "
            "organization",
        )
