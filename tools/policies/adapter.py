"""Runs our policies as checkov checks: each resource that checkov visits is converted to plain values and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from checkov.common.checks.base_check import BaseCheck
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.data.base_check import BaseDataCheck
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck
from checkov.terraform.checks.resource.registry import resource_registry

from policies.code import resource_from_code
from policies.language import Policy, Resource, Ruling, Settings, Verdict
from policies.plan import Plan

SEEN = "groundwork_sees_every_resource"
_RESULTS = {Verdict.PASS: CheckResult.PASSED, Verdict.FAIL: CheckResult.FAILED, Verdict.UNKNOWN: CheckResult.UNKNOWN}


@dataclass
class Sighting:
    """What the checks of one scan have in common: what is allowed, the plan under review (None: code), what they saw.

    `resources` are all that checkov showed, as (address, file, type.name); `rulings` has what each of our policies said,
    by (policy, address, file); `problems` what broke in doing so.
    """

    settings: Settings
    plan: Plan | None = None
    resources: set[tuple[str, str, str]] = field(default_factory=set)
    rulings: dict[tuple[str, str, str], Ruling] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def turn_to(self, plan: Plan) -> None:
        """Starts a plan (None: the code), and forgets what was seen before."""
        self.plan = plan
        self.resources, self.rulings, self.problems = set(), {}, []

    def resource(self, kind: str, file: str, conf: Mapping[str, Any]) -> Resource | None:
        """The resource that checkov shows: from the plan if there is one, else from the code."""
        address = str(conf["__address__"])
        if self.plan is not None:
            return self.plan.resources.get(address)
        return resource_from_code(kind, address, file, conf)

    def judge(self, name: str, policy: Policy, resource: Resource, file: str) -> CheckResult:
        """Records the policy's ruling; an exception in a policy is a problem of the scan, never a pass."""
        try:
            ruling = policy.rule(resource, self.settings)
        except Exception as problem:
            self.problems.append(f"The policy {name} failed with an error on {resource.address}: {problem!r}.")
            return CheckResult.UNKNOWN
        self.rulings[name, resource.address, file] = ruling
        return _RESULTS[ruling.verdict]


def register(policies: Mapping[str, Policy], sighting: Sighting) -> None:
    """Registers every policy with checkov, for the life of this process."""
    _Seen(sighting)
    for name, policy in policies.items():
        data = [kind.removeprefix("data.") for kind in policy.resources if kind.startswith("data.")]
        resources = [kind for kind in policy.resources if not kind.startswith("data.")]
        if resources:
            _ResourceCheck(name, policy, resources, sighting)
        if data:
            _DataCheck(name, policy, data, sighting)


def _file(check: Any) -> str:
    return str(check.entity_path).split(":", 1)[0]


class _ResourceCheck(BaseResourceCheck):  # type: ignore[misc]  # checkov has types only in its own environment
    def __init__(self, name: str, policy: Policy, kinds: list[str], sighting: Sighting) -> None:
        super().__init__(
            name=policy.title, id=name, categories=[CheckCategories.GENERAL_SECURITY], supported_resources=kinds
        )
        self._policy = policy
        self._sighting = sighting

    def scan_resource_conf(self, conf: dict[str, Any]) -> CheckResult:
        file = _file(self)
        resource = self._sighting.resource(self.entity_type, file, conf)
        return CheckResult.UNKNOWN if resource is None else self._sighting.judge(self.id, self._policy, resource, file)


class _DataCheck(BaseDataCheck):  # type: ignore[misc]
    def __init__(self, name: str, policy: Policy, kinds: list[str], sighting: Sighting) -> None:
        super().__init__(
            name=policy.title, id=name, categories=[CheckCategories.GENERAL_SECURITY], supported_data=kinds
        )
        self._policy = policy
        self._sighting = sighting

    def scan_data_conf(self, conf: dict[str, Any]) -> CheckResult:
        if self._sighting.plan is not None:
            return CheckResult.UNKNOWN
        file, (module, kind, rest) = _file(self), str(conf["__address__"]).rpartition(f"{self.entity_type}.")
        resource = resource_from_code(f"data.{self.entity_type}", f"{module}data.{kind}{rest}", file, conf)
        return self._sighting.judge(self.id, self._policy, resource, file)


class _Seen(BaseCheck):  # type: ignore[misc]
    """A check that passes everything and records it: a resource that it has not seen was not checked."""

    def __init__(self, sighting: Sighting) -> None:
        super().__init__(
            name="Seen",
            id=SEEN,
            categories=[CheckCategories.GENERAL_SECURITY],
            supported_entities=["*"],
            block_type="resource",
        )
        self._sighting = sighting
        resource_registry.register(self)

    def scan_entity_conf(self, conf: dict[str, Any], entity_type: str) -> CheckResult:
        file, _, name = str(self.entity_path).split(":", 2)
        self._sighting.resources.add((str(conf["__address__"]), file, f"{entity_type}.{name.partition('[')[0]}"))
        return CheckResult.PASSED
