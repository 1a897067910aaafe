"""List calls that find resources of a kind in a project, as data.

Paths, response keys and page tokens are those of Google's discovery documents; a test holds every row against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HERE = "projects/{project}/locations/{location}"


@dataclass(frozen=True)
class Listing:
    """A list call: its API and path, and the field that holds a page's items ("items/*/disks": in each value of a map).

    `name`, `born` and `labels` are fields of an item; a `name` with braces is put together from the item and the project.
    `{project}` in the path is the project, `{location}` each location of that API (`places`: where those are listed), and
    `{parent}` each item of the kind `of`. `own`: names of what Google creates itself and does not bill. `platform`: every
    platform needs the API. `ends`: the field with the time at which it is deleted by itself, if nobody can delete it sooner.
    `from_start`: the API is enabled in every new project. `needs`: without this permission on the project the call leaves out
    what one may not see, and does not say so; all others refuse then. `kind` is filled in by the registry.
    """

    api: str
    path: str
    key: str
    name: str = "name"
    born: str = "createTime"
    labels: str = "labels"
    params: Mapping[str, str] = field(default_factory=dict)
    of: str = ""
    places: str = ""
    regional: bool = False
    own: str = ""
    platform: bool = False
    from_start: bool = False
    needs: str = ""
    ends: str = ""
    kind: str = ""

    @property
    def host(self) -> str:
        """The API's host name, as in Service Usage."""
        return f"{self.api}.googleapis.com"

    @property
    def version(self) -> str:
        """The API version, the first segment of every path."""
        return self.path.partition("/")[0]

    def at(self, location: str) -> str:
        """The API for a location: some have a separate host in each region."""
        return f"{location}-{self.api}" if self.regional and location not in ("", "global") else self.api
