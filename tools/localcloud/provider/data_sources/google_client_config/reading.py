"""google_client_config: what the provider block says."""

from __future__ import annotations

from localcloud.provider.values import Object
from localcloud.provider.work import Work


def read(work: Work) -> Object:
    """The provider block's own values."""
    said = work.settings
    return {
        "id": f"projects/{said.project}/regions/{said.region}/zones/{said.zone}",
        "project": said.project,
        "region": said.region,
        "zone": said.zone,
        "access_token": said.token,
        "default_labels": dict(said.default_labels),
    }
