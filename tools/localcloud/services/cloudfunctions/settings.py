"""The settings of a function: Google's defaults, and what they mean for its service of Cloud Run.

Source: https://cloud.google.com/functions/docs/configuring/memory, …/docs/reference/rest/v2/projects.locations.functions#ServiceConfig.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localcloud.engine.service import Body
from localcloud.errors import invalid
from localcloud.services.cloudfunctions.names import FunctionName

MANAGED = {"goog-managed-by": "cloudfunctions"}
_MEMORY = re.compile(r"\d{1,15}(k|M|G|Ki|Mi|Gi)?")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
_CPUS = ((128, "0.083"), (256, "0.1666"), (512, "0.3333"), (1024, "0.5833"), (4096, "1"), (8192, "2"), (16384, "4"))
"""Up to so many MiB of memory -> the CPU that goes with it."""
_LARGEST_CPU = "8"
_INGRESS = {
    "ALLOW_ALL": "INGRESS_TRAFFIC_ALL",
    "ALLOW_INTERNAL_ONLY": "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "ALLOW_INTERNAL_AND_GCLB": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
}
_SECRETS = {
    "secretEnvironmentVariables": ("key", "projectId", "secret", "version"),
    "secretVolumes": ("mountPath", "projectId", "secret"),
}
_LONGEST = 3600


def completed(sent: Body, name: FunctionName, account: str) -> Body:
    """A function's serviceConfig with defaults; 400 for what no function may have."""
    config: Body = {
        "timeoutSeconds": 60,
        "availableMemory": "256M",
        "maxInstanceCount": 100,
        "maxInstanceRequestConcurrency": 1,
        "ingressSettings": "ALLOW_ALL",
        "serviceAccountEmail": account,
        **{key: value for key, value in sent.items() if value not in ("", 0)},
    }
    config.setdefault("allTrafficOnLatestRevision", True)
    config["environmentVariables"] = {"LOG_EXECUTION_ID": "true", **config.get("environmentVariables", {})}
    if not _MEMORY.fullmatch(config["availableMemory"]):
        raise invalid(
            f"Invalid memory {config['availableMemory']!r}: write it with one of the units k, M, G, Mi and Gi, such as 256M.",
            "function.service_config.available_memory",
        )
    if not 1 <= config["timeoutSeconds"] <= _LONGEST:
        raise invalid(f"timeout_seconds must be between 1 and {_LONGEST}.", "function.service_config.timeout_seconds")
    for field, needed in _SECRETS.items():
        for one in config.get(field, ()):
            if missing := [key for key in needed if not one.get(key)]:
                raise invalid(f"{field} must have {missing[0]}.", f"function.service_config.{field}")
    config.setdefault("availableCpu", _cpu(config["availableMemory"]))
    return config | {"service": name.service}


def template(config: Body, image: str) -> Body:
    """The template of a function's service of Cloud Run."""
    mounted = list(_volumes(config))
    container: Body = {
        "image": image,
        "ports": [{"containerPort": 8080}],
        "env": [*_variables(config)],
        "resources": {
            "limits": {"cpu": config["availableCpu"], "memory": f"{_mebibytes(config['availableMemory'])}Mi"},
            "cpuIdle": True,
            "startupCpuBoost": True,
        },
    }
    scaling = {"maxInstanceCount": config["maxInstanceCount"], "minInstanceCount": config.get("minInstanceCount", 0)}
    body: Body = {
        "containers": [container],
        "scaling": scaling,
        "timeout": f"{config['timeoutSeconds']}s",
        "serviceAccount": config["serviceAccountEmail"],
        "maxInstanceRequestConcurrency": config["maxInstanceRequestConcurrency"],
    }
    if mounted:
        container["volumeMounts"] = [{"name": one["name"], "mountPath": path} for one, path in mounted]
        body["volumes"] = [one for one, _ in mounted]
    if connector := config.get("vpcConnector"):
        body["vpcAccess"] = {"connector": connector}
    return body


def service(body: Body, image: str) -> Body:
    """A function's service of Cloud Run."""
    config = body["serviceConfig"]
    return {
        "labels": {**body.get("labels", {}), **MANAGED},
        "ingress": _INGRESS.get(config["ingressSettings"], _INGRESS["ALLOW_ALL"]),
        "template": template(config, image) | {"labels": {**body.get("labels", {}), **MANAGED}},
    }


def _variables(config: Body) -> Iterator[Body]:
    for name, value in config["environmentVariables"].items():
        yield {"name": name, "value": value}
    for one in config.get("secretEnvironmentVariables", ()):
        secret = f"projects/{one['projectId']}/secrets/{one['secret']}"
        yield {"name": one["key"], "valueSource": {"secretKeyRef": {"secret": secret, "version": one["version"]}}}


def _volumes(config: Body) -> Iterator[tuple[Body, str]]:
    for index, one in enumerate(config.get("secretVolumes", ())):
        items = one.get("versions") or [{"path": one["secret"], "version": "latest"}]
        secret = {"secret": f"projects/{one['projectId']}/secrets/{one['secret']}", "items": items}
        yield {"name": f"secret-{index}", "secret": secret}, one["mountPath"]


def _mebibytes(memory: str) -> int:
    """Memory in MiB. Decimal megabytes count as binary ones, so that 128M is what Cloud Run takes at least."""
    digits = memory.rstrip("kMGi")
    unit = memory[len(digits) :]
    binary = {"M": "Mi", "G": "Gi", "k": "Ki"}.get(unit, unit)
    return max(int(digits) * _UNITS[binary] >> 20, 1)


def _cpu(memory: str) -> str:
    size = _mebibytes(memory)
    return next((cpu for most, cpu in _CPUS if size <= most), _LARGEST_CPU)
