"""Names of functions and of what Cloud Functions makes for them in other services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.engine import asking
from localcloud.engine.cloud import Cloud
from localcloud.errors import failed_precondition

Body = dict[str, Any]
API = "cloudfunctions"
REPOSITORY = "gcf-artifacts"


@dataclass(frozen=True, slots=True)
class FunctionName:
    """The parts of a function's full name."""

    project: str
    region: str
    id: str

    @classmethod
    def of(cls, full: str) -> FunctionName:
        """Parses "projects/p/locations/r/functions/f"."""
        words = full.split("/")
        return cls(words[1], words[3], words[5])

    @property
    def place(self) -> str:
        """Its location: "projects/p/locations/r"."""
        return f"projects/{self.project}/locations/{self.region}"

    @property
    def service(self) -> str:
        """The service of Cloud Run that runs it."""
        return f"{self.place}/services/{self.id}"

    @property
    def source(self) -> str:
        """The object with its source."""
        return f"{self.id}/function-source.zip"

    @property
    def package(self) -> str:
        """The name of its image in the repository."""
        return "__".join(one.replace("-", "--").replace("_", "-_") for one in (self.project, self.region, self.id))


def bucket(cloud: Cloud, project: str, region: str, use: str) -> str:
    """The bucket for `use` ("sources" or "uploads") of a region, made on first use."""
    name = f"gcf-v2-{use}-{cloud.projects.number(project)}-{region}"
    body = {
        "name": name,
        "location": region,
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
        "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 1}}]} if use == "uploads" else {},
    }
    ensure(cloud, project, f"storage/v1/b/{name}", f"storage/v1/b?project={project}", body)
    found = ask(cloud, project, "GET", f"storage/v1/b/{name}")
    if found["projectNumber"] != str(cloud.projects.number(project)):  # anybody may take a name that is not taken yet
        raise failed_precondition(f"The bucket {name} belongs to another project: sources are not put there.")
    return name


def ensure(cloud: Cloud, project: str, path: str, collection: str, body: Body) -> None:
    """Creates what Cloud Functions needs in a project, unless it exists."""
    agent = cloud.agents.member(API, project)
    if asking.reply(cloud, agent, "GET", path).status == 404:
        asking.ask_json(cloud, agent, "POST", collection, body)


def ask(cloud: Cloud, project: str, verb: str, path: str, body: Body | None = None) -> Body:
    """The answer of another API to Cloud Functions' agent in a project. Call it within a transaction."""
    return asking.ask_json(cloud, cloud.agents.member(API, project), verb, path, body)
