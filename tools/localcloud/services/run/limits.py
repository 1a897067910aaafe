"""CPU and memory limits of containers, checked per container and in total as Cloud Run does.

Sources: https://cloud.google.com/run/docs/configuring/services/cpu and .../memory-limits; the messages are the API's.
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
"""Cores -> minimum and maximum memory; below one core, each entry holds up to the next one."""
_SECOND_GENERATION = 512 << 20


def cpus(container: Body) -> float:
    """A container's CPU limit in cores."""
    return _cores(container["resources"]["limits"]["cpu"])


def memory(container: Body) -> int:
    """A container's memory limit in bytes."""
    return bytes_of(container["resources"]["limits"]["memory"]) or 0


def bytes_of(text: str) -> int | None:
    """The number of bytes in a quantity such as "512Mi"; None if it is not one."""
    match = _BYTES.fullmatch(text)
    return int(float(match[1]) * _UNITS[match[2] or ""]) if match else None


def completed(sent: Body, where: str) -> Body:
    """A container's resources with defaults filled in; 400 for limits that no container may have."""
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
    """400 for limits that a service's containers may not have in total. Without an explicit generation, Google picks one that fits."""
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
    """400 for limits that a task's containers may not have in total: tasks run on gen2, with CPU always allocated."""
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
    match = _CPU.fullmatch(text)
    return 0.0 if match is None else int(match[1]) / 1000 if match[1] else float(match[2])


def _refused(field: str, sentence: str) -> CloudError:
    return invalid(f"{field}: {sentence}.", field)
