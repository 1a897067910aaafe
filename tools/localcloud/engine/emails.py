"""E-mails that Google would send: none leaves this machine, and each is a log entry that says so (simulated)."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body


def write(cloud: Cloud, api: str, project: str, message: str, recipients: Sequence[str], about: Body) -> str:
    """Writes the log entry for an API's e-mail, and returns its message."""
    text = f"{message} No e-mail is sent (simulated)."
    log = f"{api}.googleapis.com/simulated_emails"
    resource = {"type": "project", "labels": {"project_id": project}}
    payload = {"message": text, **about, "recipients": list(recipients)}
    cloud.logs.log(project, log, resource, payload, severity="WARNING")
    return text
