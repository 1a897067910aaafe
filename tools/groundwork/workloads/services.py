"""Cloud Run services: what runs, which revision gets the traffic, and what idle instances cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from groundwork.cost.catalogue import read as price_catalogue
from groundwork.google.cloud import CloudProblem
from groundwork.resources.needs import HOURS_A_MONTH, Planned
from groundwork.resources.run import limits
from groundwork.workloads.project import Project, at, if_on, last, missing

LATEST = "latest"
_TO_LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
_TO_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
READY = "CONDITION_SUCCEEDED"
_RAN_AS = "local-cloud/runs-as"
_ADDRESS = "local-cloud/address"


@dataclass(frozen=True)
class TrafficShare:
    """A revision's percentage of the traffic, and the tag of its own URL."""

    revision: str
    percent: int
    tag: str = ""

    @property
    def text(self) -> str:
        """The share as lists show it."""
        return " ".join(filter(None, (f"{self.revision} {self.percent} %", self.tag and f"(tag {self.tag})")))


@dataclass(frozen=True)
class Service:
    """A service as Cloud Run returns it; `body` is the full answer."""

    name: str
    body: Mapping[str, Any]

    @property
    def url(self) -> str:
        """Its URL, "" before it has one."""
        return str(self.body.get("uri", ""))

    @property
    def reached(self) -> str:
        """The URL for programs that ignore proxies, such as a browser: on the local cloud a port of this machine."""
        return str((self.body.get("annotations") or {}).get(_ADDRESS) or self.url)

    @property
    def path(self) -> str:
        """Its full name."""
        return str(self.body["name"])

    @property
    def revision(self) -> str:
        """The newest ready revision, "" for none."""
        return last(self.body.get("latestReadyRevision"))

    @property
    def traffic(self) -> tuple[TrafficShare, ...]:
        """The current traffic; "latest" is resolved to its revision."""
        shares = self.body.get("trafficStatuses") or self.body.get("traffic") or ()
        return tuple(
            TrafficShare(
                last(one.get("revision")) or self.revision or LATEST, int(one.get("percent", 0)), one.get("tag", "")
            )
            for one in shares
        )

    @property
    def image(self) -> str:
        """The image of the serving container."""
        return str(serving_container(self.body).get("image", ""))

    @property
    def least(self) -> int:
        """The minimum number of instances."""
        own = at(dict(self.body), "scaling", "minInstanceCount")
        return int(own or at(dict(self.body), "template", "scaling", "minInstanceCount") or 0)

    @property
    def state(self) -> str:
        """The state of its newest revision: "ready", "deploying" or "broken"; an older one may have the traffic."""
        if self.body.get("reconciling"):
            return "deploying"
        return "ready" if (self.body.get("terminalCondition") or {}).get("state") == READY else "broken"

    @property
    def problem(self) -> str:
        """What is wrong with the newest revision, in Google's words, "" for nothing."""
        return str((self.body.get("terminalCondition") or {}).get("message", "")) if self.state == "broken" else ""

    @property
    def of_function(self) -> bool:
        """Whether it is that of a function, which decides everything about it."""
        return (self.body.get("labels") or {}).get("goog-managed-by") == "cloudfunctions"

    @property
    def public(self) -> bool:
        """Whether Cloud Run does not check callers at all; grants to everybody are not visible here."""
        return bool(self.body.get("invokerIamDisabled"))


def serving_container(body: Mapping[str, Any]) -> dict[str, Any]:
    """The container with the port; a single container need not name one."""
    containers = at(dict(body), "template", "containers") or [{}]
    found: dict[str, Any] = next((one for one in containers if one.get("ports")), containers[0])
    return found


def services(project: Project, *, functions: bool = False) -> list[Service]:
    """Every service in the environment's region, those of `functions` too if wanted; none if Cloud Run is disabled."""
    found = if_on(project.cloud.pages("run", f"v2/{project.here}/services", "services"))
    named = sorted((Service(last(body["name"]), body) for body in found), key=lambda service: service.name)
    return [one for one in named if functions or not one.of_function]


def service(project: Project, name: str) -> Service:
    """The service of that name. Raises UsageProblem with the known ones."""
    try:
        return Service(name, project.cloud.request("GET", "run", f"v2/{project.here}/services/{name}"))
    except CloudProblem as problem:
        if problem.code != 404 and not problem.switched_off:
            raise
    raise missing(project, "service", name, [one.name for one in services(project)], "No service runs")


def ran_as(project: Project, found: Service) -> str:
    """How the newest ready revision runs on the local cloud: "podman", "docker", "process" or "simulated"; "" at Google."""
    if not project.cloud.simulated or not found.revision:
        return ""
    revision = project.cloud.request("GET", "run", f"v2/{found.path}/revisions/{found.revision}")
    return str((revision.get("annotations") or {}).get(_RAN_AS, ""))


def idle_price(project: Project, found: Service) -> Decimal | None:
    """The monthly price of the minimum instances while idle, in US dollars; None without a known price."""
    template: dict[str, Any] = dict(found.body.get("template") or {})
    container = serving_container(found.body)
    block = {**container, "resources": [container.get("resources") or {}]}  # as Terraform has it
    cpu, memory = limits(Planned("", "", {"containers": [block]}, {}))
    always = at(template, "containers") and at(container, "resources", "cpuIdle") is False
    manner = "instance" if always else "idle"
    prices = [price_catalogue().find(f"run.{manner}.{part}", project.region) for part in ("cpu", "memory")]
    if None in prices:
        return None
    seconds = HOURS_A_MONTH * 3600 * found.least
    return sum(
        (price.cost(seconds * amount) for price, amount in zip(prices, (cpu, memory), strict=True) if price), Decimal(0)
    )


def target(revision: str, percent: int, tag: str = "") -> dict[str, Any]:
    """A traffic share in Cloud Run's form."""
    kind = {"type": _TO_LATEST} if revision == LATEST else {"type": _TO_REVISION, "revision": revision}
    return {**kind, "percent": percent, **({"tag": tag} if tag else {})}
