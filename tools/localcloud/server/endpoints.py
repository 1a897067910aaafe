"""Environment variables that point Terraform, gcloud and Google's libraries at the local cloud, as declared by its services."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.engine.service import Service


def variables(base: str, services: Iterable[Service]) -> dict[str, str]:
    """Variable name -> value for a base such as "http://127.0.0.1:8080"; sorted by name, nothing secret in it."""
    environment: dict[str, str] = {}
    for service in services:
        prefix, named = f"{base}/{service.api}", service.endpoints
        environment |= {f"GOOGLE_{name}_CUSTOM_ENDPOINT": f"{prefix}/{path}" for name, path in named.terraform.items()}
        if named.gcloud is not None:
            environment[f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service.api.upper()}"] = f"{prefix}/{named.gcloud}"
        environment |= {name: value.format(base=base) for name, value in named.variables.items()}
    return dict(sorted(environment.items()))
