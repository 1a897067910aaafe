"""google_client_config: the provider block's configuration."""

from __future__ import annotations

from localcloud.provider.values import Object
from localcloud.provider.work import Work


def read(work: Work) -> Object:
    """The provider block's values."""
    settings = work.settings
    return {
        "id": f"projects/{settings.project}/regions/{settings.region}/zones/{settings.zone}",
        "project": settings.project,
        "region": settings.region,
        "zone": settings.zone,
        "access_token": settings.token,
        "default_labels": dict(settings.default_labels),
    }
