"""The local cloud's projects: ids, numbers, and enabled APIs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localcloud.engine.store import Store

API = "cloudresourcemanager"
USAGE = "serviceusage"
_NUMBER = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Project:
    """A project: its id, its number, whether it is active (not DELETE_REQUESTED)."""

    id: str
    number: int
    active: bool


class Projects:
    """Look-ups by id and number, cached until a project changes.

    A project is the resource ("cloudresourcemanager", "projects/ID") with projectId, projectNumber and state; an enabled API
    is the resource ("serviceusage", "projects/ID/services/x.googleapis.com").
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = (-1, -1)
        self._ids: dict[str, Project | None] = {}
        self._numbers: dict[int, str | None] = {}
        self._enabled: dict[tuple[str, str], bool] = {}

    def find(self, project: str) -> Project | None:
        """The project with this id or number, None when there is none."""
        self._refresh()
        identity = self.id_of(project)
        if identity not in self._ids:
            body = self._store.get(API, f"projects/{identity}")
            self._ids[identity] = (
                Project(body["projectId"], int(body["projectNumber"]), body["state"] == "ACTIVE") if body else None
            )
        return self._ids[identity]

    def by_number(self, number: int) -> str | None:
        """The id of the project with this number."""
        self._refresh()
        if number not in self._numbers:
            row = self._store.row(
                "SELECT name FROM resources WHERE service = ? AND collection = 'projects' AND parent = '' "
                "AND json_extract(body, '$.projectNumber') = ?",
                *(API, str(number)),
            )
            self._numbers[number] = row[0].partition("/")[2] if row else None
        return self._numbers[number]

    def id_of(self, project: str) -> str:
        """A project id for an id or a number; an unknown number stays as it is."""
        return (self.by_number(int(project)) or project) if _NUMBER.fullmatch(project) else project

    def number(self, project: str) -> int:
        """The number of a project; 0 for an unknown one."""
        record = self.find(project)
        return record.number if record else 0

    def numbered(self, resource: str) -> str:
        """A resource name with the project's number in place of its id: "projects/123/secrets/s"."""
        words = resource.split("/", 2)
        found = (
            self.find(words[1]) if words[0] == "projects" and len(words) > 1 and words[1] not in {"-", "_"} else None
        )
        return "/".join(["projects", str(found.number), *words[2:]]) if found else resource

    def named(self, resource: str) -> str:
        """A resource name with the project's id in place of its number."""
        if not resource.startswith("projects/") or not resource[9:10].isdecimal():
            return resource
        words = resource.split("/", 2)
        return "/".join(["projects", self.id_of(words[1]), *words[2:]])

    def enabled(self, project: str, api: str) -> bool:
        """Whether an API ("secretmanager") is enabled in a project."""
        self._refresh()
        key = (project, api)
        if key not in self._enabled:
            self._enabled[key] = self._store.get(USAGE, f"projects/{project}/services/{api}.googleapis.com") is not None
        return self._enabled[key]

    def enable(self, project: str, api: str) -> None:
        """Enables an API in a project."""
        self._store.put(USAGE, f"projects/{project}/services/{api}.googleapis.com", {"state": "ENABLED"})

    def ids(self) -> list[str]:
        """The ids of all projects."""
        return [name.partition("/")[2] for name, _ in self._store.list(API, "", "projects")]

    def _refresh(self) -> None:
        versions = (self._store.writes[API], self._store.writes[USAGE])
        if versions != self._seen:
            self._seen = versions
            self._ids.clear()
            self._numbers.clear()
            self._enabled.clear()
