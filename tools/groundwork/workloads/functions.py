"""Cloud Run functions: their state and what starts them, and the event of an object, sent by hand."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from groundwork.errors import UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.workloads.calling import Request
from groundwork.workloads.project import Project, at, if_on, last, missing

if TYPE_CHECKING:
    from google.cloud.storage import Blob

_STATES = {"ACTIVE": "ready", "DEPLOYING": "deploying", "DELETING": "being deleted", "FAILED": "broken"}
# What stands for itself in the header of an event; the rest is percent-encoded
# (https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md).
_PRINTED = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
_BUCKET = "google.cloud.storage.object.v1."


@dataclass(frozen=True)
class Function:
    """A function as Cloud Run functions returns it; `body` is the full answer."""

    name: str
    body: Mapping[str, Any]

    @property
    def url(self) -> str:
        """Its URL, "" before it has one."""
        return str(at(dict(self.body), "serviceConfig", "uri") or self.body.get("url") or "")

    @property
    def state(self) -> str:
        """ "ready", "deploying", "being deleted" or "broken"."""
        state = str(self.body.get("state", ""))
        return _STATES.get(state, state.lower() or "unknown")

    @property
    def problem(self) -> str:
        """What Google says of its state, "" for nothing."""
        messages = [str(one.get("message", "")) for one in self.body.get("stateMessages") or ()]
        return "; ".join(filter(None, messages))

    @property
    def runtime(self) -> str:
        """Its language and version."""
        return str(at(dict(self.body), "buildConfig", "runtime") or "")

    @property
    def event(self) -> str:
        """The event at which it runs, "" for requests."""
        return str(at(dict(self.body), "eventTrigger", "eventType") or "").removeprefix(_BUCKET)

    @property
    def bucket(self) -> str:
        """The full name of the bucket whose events start it, "" for none."""
        filters = at(dict(self.body), "eventTrigger", "eventFilters") or []
        return next((str(one.get("value", "")) for one in filters if one.get("attribute") == "bucket"), "")

    @property
    def trigger(self) -> str:
        """What starts it: "requests", or an event such as "finalized in my-bucket"."""
        if not self.event:
            return "requests"
        return f"{self.event} in {self.bucket}" if self.bucket else self.event


def functions(project: Project) -> list[Function]:
    """Every function in the environment's region; none if Cloud Run functions is disabled."""
    found = if_on(project.cloud.pages("cloudfunctions", f"v2/{project.here}/functions", "functions"))
    return sorted((Function(last(body["name"]), body) for body in found), key=lambda one: one.name)


def function(project: Project, name: str) -> Function:
    """The function of that name. Raises UsageProblem with the known ones."""
    try:
        return Function(name, project.cloud.request("GET", "cloudfunctions", f"v2/{project.here}/functions/{name}"))
    except CloudProblem as problem:
        if problem.code != 404 and not problem.switched_off:
            raise
    raise missing(project, "function", name, [one.name for one in functions(project)], "There is no function")


def object_event(project: Project, function: Function, name: str) -> Request:
    """The event of an object that is in the bucket, as Eventarc delivers it.

    Raises UsageProblem for a function that does not run at events of a bucket, and for an object that is not there.
    """
    if not function.bucket:
        raise UsageProblem(
            f"{function.name} is started by {function.trigger}, not by events of a bucket: leave out --object."
        )
    blob = project.cloud.storage().bucket(function.bucket).get_blob(name)
    if blob is None:
        raise UsageProblem(f"gs://{function.bucket}/{name} does not exist: name an object of that bucket.")
    headers = {
        "Content-Type": "application/json",
        "ce-id": uuid.uuid4().hex,
        "ce-source": f"//storage.googleapis.com/projects/_/buckets/{function.bucket}",
        "ce-specversion": "1.0",
        "ce-subject": f"objects/{quote(name, safe=_PRINTED)}",
        "ce-time": datetime.now(UTC).isoformat(),
        "ce-type": f"{_BUCKET}{function.event}",
    }
    return Request("POST", "/", headers, json.dumps(_storage_object(blob)).encode())


def _storage_object(blob: Blob) -> Mapping[str, Any]:
    """An object's metadata, as the JSON of an event has it."""
    return {
        "kind": "storage#object",
        "bucket": blob.bucket.name,
        "name": blob.name,
        "generation": str(blob.generation),
        "metageneration": str(blob.metageneration),
        "contentType": blob.content_type,
        "size": str(blob.size),
        "md5Hash": blob.md5_hash,
        "timeCreated": blob.time_created.isoformat(),
        "updated": blob.updated.isoformat(),
    }
