"""The services of the local cloud: one line each, one file each."""

from __future__ import annotations

from localcloud.service import Service

SERVICES: tuple[Service, ...] = ()
