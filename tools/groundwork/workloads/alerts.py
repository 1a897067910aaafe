"""Alerts that are open: what is not well at the moment, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from groundwork.display import on_one_line
from groundwork.workloads.project import Project, when

# The labels that name what an incident is about, best first.
_ABOUT = ("service_name", "job_name", "host", "check_id")


@dataclass(frozen=True)
class OpenAlert:
    """An open incident of an alert, and the service or job that it is about, "" where it does not say."""

    name: str
    about: str
    since: str

    @property
    def text(self) -> str:
        """As a line of text."""
        return on_one_line(f"{self.name}{f' ({self.about})' if self.about else ''}, since {self.since}")


def open_alerts(project: Project) -> Iterator[OpenAlert]:
    """The open incidents of all alerts in the project, newest first, as Google lists them."""
    path = f"v3/projects/{project.id}/alerts"
    for alert in project.cloud.pages("monitoring", path, "alerts", {"filter": 'state = "OPEN"'}):
        labels = {**alert.get("metric", {}).get("labels", {}), **alert.get("resource", {}).get("labels", {})}
        about = next((str(labels[name]) for name in _ABOUT if labels.get(name)), "")
        yield OpenAlert(alert.get("policy", {}).get("displayName", ""), about, when(alert.get("openTime")))
