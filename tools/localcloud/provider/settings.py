"""What one provider block configures: project, region, labels, and the local cloud's address and token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ATTRIBUTION_LABEL = "goog-terraform-provisioned"


@dataclass(frozen=True, slots=True)
class Settings:
    """One provider block's values. Times are in seconds; `endpoints` maps an API's discovery name to a base URL with version.

    folder        Terraform's working directory, for relative paths; None if unknown
    attribution   when to add the goog-terraform-provisioned label: "" never, "CREATION_ONLY", "PROACTIVE"
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

    def file(self, name: str) -> Path:
        """The path of a file named in a configuration; relative paths start at Terraform's working directory."""
        path = Path(name)
        return path if path.is_absolute() else (self.folder() or Path()) / path
