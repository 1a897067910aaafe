"""CPU and memory of containers: what they may be, together and each, in Google's words.

Sources: https://cloud.google.com/run/docs/configuring/services/cpu and .../memory-limits; the sentences are the API's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from localcloud.engine.service import Body
from localcloud.errors import CloudError, invalid

_CPU = re.compile(r"(\d{1,9})m|(\d{1,9}(?:\.\d{1,9})?)")
_BYTES = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(k|M|G|Ki|Mi|Gi)?")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
_MEMORY = {
    0.08: ("128Mi", "512Mi"),
    0.5: ("128Mi", "1Gi"),
    1: ("128Mi", "4Gi"),
    2: ("128Mi", "8Gi"),
    4: ("2Gi", "16Gi"),
    6: ("4Gi", "24Gi"),
    8: ("4Gi", "32Gi"),
}
"""Cores -> the least and the most memory with them, and with up to the next number of cores where that is not more than one."""
_SECOND_GENERATION = 512 << 20


def cpus(container: Body) -> float:
    """The cores that a container may use."""
    return _cores(container["resources"]["limits"]["cpu"])


def memory(container: Body) -> int:
    """The bytes that a container may use."""
    return bytes_of(container["resources"]["limits"]["memory"]) or 0


def bytes_of(text: str) -> int | None:
    """ "512Mi" in bytes; None for what is no amount."""
    found = _BYTES.fullmatch(text)
    return int(float(found[1]) * _UNITS[found[2] or ""]) if found else None


def completed(sent: Body, where: str) -> Body:
    """The resources of one container with their defaults; 400 for what no container may have."""
    limits = {"cpu": "1000m", "memory": "512Mi", **sent.get("limits", {})}
    cores, field = _cores(limits["cpu"]), f"{where}.resources.limits"
    if not 0.08 <= cores <= 1 and cores not in _MEMORY:
        raise _refused(
            f"{field}.cpu", "Invalid value specified for cpu. Must be equal to one of [.08-1], 1, 2, 4, 6, 8"
        )
    least, most = _MEMORY[max(one for one in _MEMORY if one <= cores)]
    size = bytes_of(limits["memory"])
    if size is None or not (bytes_of(least) or 0) <= size <= (bytes_of(most) or 0):
        raise _refused(
            f"{field}.memory",
            f"Invalid value specified for container memory. For {cores:.2g} CPU, memory must be between {least} and {most} inclusive",
        )
    return {"cpuIdle": True, **sent, "limits": limits}


def check_service(template: Body, where: str) -> None:
    """400 for what the containers of a service may not have together. Without a generation named Google chooses one that fits."""
    containers = template["containers"]
    throttled = all(one["resources"].get("cpuIdle", True) for one in containers)
    if template.get("executionEnvironment") == "EXECUTION_ENVIRONMENT_GEN2":
        _check_second(containers, where, "" if throttled else " with cpu always allocated (unthrottled)")
    if sum(map(cpus, containers)) >= 1:
        return
    field, unsupported = f"{where}.containers[0].resources.limits.cpu", ""
    if template["maxInstanceRequestConcurrency"] > 1:
        unsupported = "concurrency > 1"
    elif not throttled:
        unsupported = "cpu always allocated"
    if unsupported:
        raise _refused(field, f"Invalid value specified for cpu. Total cpu < 1 is not supported with {unsupported}")


def check_task(containers: Sequence[Body], where: str) -> None:
    """400 for what the containers of a job's task may not have together: they are of the second generation, with their CPU always."""
    if sum(map(cpus, containers)) < 1:
        raise _refused(
            f"{where}.containers[0].resources.limits.cpu",
            "Invalid value specified for cpu. Total cpu < 1 is not supported on resources of kind Execution",
        )
    _check_second(containers, where, " with cpu always allocated (unthrottled)")


def _check_second(containers: Sequence[Body], where: str, further: str) -> None:
    if sum(map(memory, containers)) < _SECOND_GENERATION:
        raise _refused(
            f"{where}.containers[0].resources.limits.memory",
            f"Invalid value specified for memory. Total memory < 512 Mi is not supported with gen2 execution environment{further}",
        )


def _cores(text: str) -> float:
    found = _CPU.fullmatch(text)
    return 0.0 if found is None else int(found[1]) / 1000 if found[1] else float(found[2])


def _refused(field: str, sentence: str) -> CloudError:
    return invalid(f"{field}: {sentence}.", field)
