"""Cloud Build builds: submitted from a folder or by a trigger, listed, followed and cancelled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from groundwork.cost.catalogue import read as price_catalogue
from groundwork.display import on_one_line
from groundwork.errors import GroundworkError, UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.google.official import asking
from groundwork.text import allowed
from groundwork.workloads import causes, logs, revisions
from groundwork.workloads.build_files import BuildRequest, build_of
from groundwork.workloads.project import Project, if_on, label, last, moment, took
from groundwork.workloads.sources import SourceArchive

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build as Message

RUNNING = ("PENDING", "QUEUED", "WORKING")
_FAILED = ("FAILURE", "INTERNAL_ERROR", "TIMEOUT", "EXPIRED")
_DEFAULT_MACHINE = "e2-standard-2"
_REVISION = re.compile(r"Revision '(?P<revision>(?P<service>[a-z][a-z0-9-]*)-\d{5}-[a-z0-9]{3})' is not ready")


@dataclass(frozen=True)
class Build:
    """A build: its id, state and times in Google's form, the images it produces, and who started it."""

    id: str
    status: str
    trigger: str
    created: str
    started: str
    finished: str
    images: tuple[str, ...]
    submitter: str
    machine: str
    detail: str

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.status in RUNNING

    @property
    def took(self) -> str:
        """How long it ran, without time in the queue."""
        return took(self.started, self.finished)

    @property
    def minutes(self) -> Decimal:
        """The minutes it ran, which are billed; none while it runs."""
        began, ended = moment(self.started), moment(self.finished)
        return Decimal(int((ended - began).total_seconds())) / 60 if began and ended else Decimal(0)

    @property
    def text(self) -> str:
        """Its state, as part of a sentence."""
        word = self.status.lower().replace("_", " ")
        return f"build {self.id[:8]}: {word}" + (f" after {self.took}" if self.took else "")

    @property
    def failure(self) -> str:
        """Its state and the reason, as a sentence without a full stop."""
        return self.text + (f": {on_one_line(self.detail).rstrip('.')}" if self.detail else "")


def builds(project: Project, most: int = 20, trigger: str = "") -> list[Build]:
    """The newest builds in the environment's region, newest first."""
    from google.cloud.devtools.cloudbuild_v1 import ListBuildsRequest

    wanted = f'trigger_id="{trigger_id(project, trigger)}"' if trigger else ""
    asked = ListBuildsRequest(parent=project.here, project_id=project.id, page_size=most, filter=wanted)

    def listed() -> Iterator[Build]:
        with asking("list of builds"):
            yield from map(_build, islice(project.cloud.builds().list_builds(request=asked), most))

    return if_on(listed())


def build(project: Project, name: str) -> Build:
    """A build by its id, a prefix of it, or its trigger's name (the newest build); without a name the newest of all.

    A full name ("projects/…/builds/ID") means its ID. Raises UsageProblem if there is none, or more than one.
    """
    from google.cloud.devtools.cloudbuild_v1 import GetBuildRequest

    name = last(name)
    if len(name) < 36:
        newest = builds(project, 100)
        found = [one for one in newest if name in ("", one.trigger)] or [
            one for one in newest if one.id.startswith(name)
        ]
        if not found or (len(found) > 1 and name not in ("", found[0].trigger)):
            raise UsageProblem(
                f"{'More than one' if found else 'None'} of the newest 100 builds in {project.here} "
                f"has the name or ID {name}: `groundwork builds list` shows them."
                if name
                else f"There is no build in {project.here}: `groundwork builds submit` starts one."
            )
        return found[0]
    with asking(f"build {name}"):
        path = f"{project.here}/builds/{name}"
        return _build(
            project.cloud.builds().get_build(request=GetBuildRequest(name=path, project_id=project.id, id=name))
        )


def submitted(project: Project, request: BuildRequest, source: SourceArchive) -> Build:
    """Starts a build of a packed folder."""
    from google.cloud.devtools.cloudbuild_v1 import CreateBuildRequest, StorageSource
    from google.cloud.devtools.cloudbuild_v1 import Source as BuildSource

    message = build_of(project, request)
    place = StorageSource(bucket=source.bucket, object_=source.object, generation=int(source.generation))
    message.source = BuildSource(storage_source=place)
    if project.who:
        # A build has tags and no labels; `cost report` and `builds list` read who it was from this one.
        message.tags = [*message.tags, submitter_tag(project.who)]
    with asking("start of a build"):
        asked = CreateBuildRequest(parent=project.here, project_id=project.id, build=message)
        return _build(project.cloud.builds().create_build(request=asked).metadata.build)


def started(project: Project, trigger: str, branch: str = "", commit: str = "", tag: str = "") -> Build:
    """Starts a build by a trigger, by default of the head of its branch."""
    from google.cloud.devtools.cloudbuild_v1 import RepoSource, RunBuildTriggerRequest

    which = {"branch_name": branch, "commit_sha": commit, "tag_name": tag}
    source = {name: value for name, value in which.items() if value}
    if len(source) > 1:
        raise UsageProblem("--branch, --commit and --tag cannot be combined: a build has one source.")
    identity = trigger_id(project, trigger)
    request = RunBuildTriggerRequest(
        name=f"{project.here}/triggers/{identity}",
        project_id=project.id,
        trigger_id=identity,
        source=RepoSource(**source),
    )
    with asking(f"run of the trigger {trigger}"):
        return _build(project.cloud.builds().run_build_trigger(request=request).metadata.build)


def trigger_id(project: Project, name: str) -> str:
    """The id of a trigger by its name. Raises UsageProblem with the known triggers."""
    from google.cloud.devtools.cloudbuild_v1 import ListBuildTriggersRequest

    request = ListBuildTriggersRequest(parent=project.here, project_id=project.id)

    def listed() -> Iterator[tuple[str, str]]:
        with asking("list of triggers"):
            yield from ((one.name, one.id) for one in project.cloud.builds().list_build_triggers(request=request))

    known = dict(if_on(listed()))
    if name not in known and name in project.environment.builds:
        raise UsageProblem(
            f"The build {name} has no trigger in {project.environment.place} yet: connect the repository first "
            f"(`groundwork up` says how). A folder needs no trigger: `groundwork builds submit --build {name} .`"
        )
    if name not in known:
        raise UsageProblem(f"There is no build {name} in {project.environment.place}; {allowed(known, name)}")
    return str(known[name])


def cancelled(project: Project, found: Build) -> Build:
    """Cancels a build."""
    from google.cloud.devtools.cloudbuild_v1 import CancelBuildRequest

    with asking(f"end of build {found.id}"):
        path = f"{project.here}/builds/{found.id}"
        request = CancelBuildRequest(name=path, project_id=project.id, id=found.id)
        return _build(project.cloud.builds().cancel_build(request=request))


def follow(project: Project, found: Build, tell: Callable[[logs.LogEntry], object]) -> Build:
    """Streams a build's log; returns the build once it has ended."""
    now = [found]

    def ended() -> bool:
        now[0] = build(project, found.id)
        return not now[0].running

    logs.follow(project, log_filter(project, found), found.created, ended, tell)
    return now[0]


def log_filter(project: Project, found: Build) -> str:
    """The filter for the log of a build, as Google's own tools use it."""
    name = f"projects/{project.id}/logs/cloudbuild"
    return f'logName="{name}" AND resource.type="build" AND resource.labels.build_id="{found.id}"'


def refuse_failed(project: Project, found: Build) -> None:
    """Raises GroundworkError with the likely cause for a build that failed."""
    if found.status == "SUCCESS":
        return
    why = likely_cause(project, found)
    raise GroundworkError(f"{found.failure}.", [why] if why else [])


def likely_cause(project: Project, found: Build) -> str:
    """Why a build failed, from its last log lines and those of the revision that it deployed; "" if unknown or if it did not fail."""
    if found.running or found.status in ("SUCCESS", "CANCELLED"):
        return ""
    lines = causes.of_last_step(_last_lines(project, log_filter(project, found)))
    deployed = next((_REVISION.search(line) for line in reversed(lines) if _REVISION.search(line)), None)
    if deployed:  # its log tells more than "it did not start"
        lines = [*lines, *_last_lines(project, revisions.log_filter(deployed["service"], deployed["revision"]))]
    return causes.explained(found.detail, lines)


def _last_lines(project: Project, wanted: str) -> list[str]:
    try:
        return [entry.text for entry in logs.newest(project, wanted, causes.LINES)]
    except CloudProblem:
        return []


@dataclass(frozen=True)
class Minutes:
    """A month's build minutes: those on the machine type with a free tier, how many are free, and US dollars for all others."""

    used: Decimal
    free: Decimal
    cost: Decimal


def this_month(project: Project, found: list[Build]) -> Minutes:
    """The listed builds' minutes since the first of the month."""
    begin = datetime.now(UTC).strftime("%Y-%m")
    mine = [one for one in found if one.started.startswith(begin)]
    used, cost, free = Decimal(0), Decimal(0), Decimal(0)
    for one in mine:
        price = price_catalogue().find(f"build.minute.{one.machine}", project.region)
        if price and price.free:
            used, free = used + one.minutes, price.free
        elif price:
            cost += price.cost(one.minutes)
    default = price_catalogue().find(f"build.minute.{_DEFAULT_MACHINE}", project.region)
    return Minutes(used, free or (default.free if default else Decimal(0)), cost)


def submitter_tag(address: str) -> str:
    """The tag that says who started a build."""
    return f"submitter-{label(address)}"


def under_way(project: Project) -> list[Build]:
    """The running and queued builds; asked without Google's client, which takes longer to load than the answer."""
    params = {"filter": 'status="WORKING" OR status="QUEUED"', "pageSize": 100}
    found = project.cloud.request("GET", "cloudbuild", f"v1/{project.here}/builds", params=params)
    return [one for one in map(_of, found.get("builds", ())) if one.running]


def failed_last(project: Project) -> list[Build]:
    """The failed ones among the last builds of each trigger, as far as they are among the newest 100 of the region."""
    found = project.cloud.request("GET", "cloudbuild", f"v1/{project.here}/builds", params={"pageSize": 100})
    last_of: dict[str, Build] = {}
    for one in map(_of, found.get("builds", ())):
        last_of.setdefault(one.trigger, one)
    return [one for trigger, one in last_of.items() if trigger and one.status in _FAILED]


def _build(message: Message) -> Build:
    from google.cloud.devtools.cloudbuild_v1 import Build as Class
    from google.protobuf.json_format import MessageToDict

    return _of(MessageToDict(Class.pb(message)))


def _of(body: dict[str, Any]) -> Build:
    detail = body.get("failureInfo", {}).get("detail") or body.get("statusDetail", "")
    return Build(
        str(body.get("id", "")),
        str(body.get("status", "STATUS_UNKNOWN")),
        str(body.get("substitutions", {}).get("TRIGGER_NAME") or last(body.get("buildTriggerId"))),
        str(body.get("createTime", "")),
        str(body.get("startTime", "")),
        str(body.get("finishTime", "")),
        tuple(_images(body)),
        next((tag.removeprefix("submitter-") for tag in body.get("tags", ()) if tag.startswith("submitter-")), ""),
        _machine(str(body.get("options", {}).get("machineType", ""))),
        str(detail),
    )


def _images(body: dict[str, Any]) -> Iterator[str]:
    """The images that a build pushed, by digest, or those that it is to push."""
    pushed = [one for one in body.get("results", {}).get("images", ()) if one.get("digest")]
    yield from (f"{one['name']}@{one['digest']}" for one in pushed)
    if not pushed:
        yield from map(str, body.get("images", ()))


def _machine(word: str) -> str:
    return word.lower().replace("_", "-") if word and word != "UNSPECIFIED" else _DEFAULT_MACHINE
