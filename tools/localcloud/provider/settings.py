"""The settings of one provider block: project, region, labels, and the local cloud's address and token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ATTRIBUTION_LABEL = "goog-terraform-provisioned"


@dataclass(frozen=True, slots=True)
class Settings:
    """Values of one provider block. Times in seconds; `endpoints` maps an API's discovery name to its base URL with version.

    folder        where terraform runs, for relative paths; None where that is not known
    attribution   when resources get the label that says Terraform made them: "" never, "CREATION_ONLY", "PROACTIVE"
    """

    base: str
    token: str = field(repr=False)
    project: str = ""
    region: str = ""
    zone: str = ""
    default_labels: Mapping[str, str] = field(default_factory=dict)
    attribution: str = "CREATION_ONLY"
    deletion_policy: str = ""
    poll_interval: float = 1.0
    request_timeout: float = 120.0
    billing_project: str = ""
    user_project_override: bool = False
    request_reason: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    folder: Callable[[], Path | None] = lambda: None

    def file(self, said: str) -> Path:
        """The file that a configuration names; a relative name is meant from terraform's folder."""
        found = Path(said)
        return found if found.is_absolute() else (self.folder() or Path()) / found
