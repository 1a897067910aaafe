"""Environment variables that point Terraform, gcloud and Google's libraries at the local cloud, as declared by its services."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.engine.service import Service


def variables(base: str, services: Iterable[Service]) -> dict[str, str]:
    """Variable name -> value for a base such as "http://127.0.0.1:8080"; sorted by name, nothing secret in it."""
    found: dict[str, str] = {}
    for service in services:
        prefix, named = f"{base}/{service.api}", service.endpoints
        found |= {f"GOOGLE_{name}_CUSTOM_ENDPOINT": f"{prefix}/{path}" for name, path in named.terraform.items()}
        if named.gcloud is not None:
            found[f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service.api.upper()}"] = f"{prefix}/{named.gcloud}"
        found |= {name: value.format(base=base) for name, value in named.variables.items()}
    return dict(sorted(found.items()))
