"""The services of the local cloud: one line each, one file each."""

from __future__ import annotations

from localcloud.service import Service
from localcloud.services import (
    artifactregistry,
    iam,
    iamcredentials,
    secretmanager,
    storage,
    sts,
)

SERVICES: tuple[Service, ...] = (
    artifactregistry.SERVICE,
    iam.SERVICE,
    iamcredentials.SERVICE,
    secretmanager.SERVICE,
    storage.SERVICE,
    sts.SERVICE,
)
