"""A container of a service's or job's template as a workload of this machine."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.containers.workload import Workload
from localcloud.engine.service import Body
from localcloud.services.run import limits
from localcloud.services.run.container_environment import Volumes
from localcloud.services.run.names import RunName

_GRACE = 10


def workload(
    place: RunName, container: Body, env: Mapping[str, str], volumes: Volumes, *, port: int = 0, joins: str
) -> Workload:
    """A container of the service or job at `place`, with all its variables; `joins`: the container whose network it shares."""
    return Workload(
        name=f"run-{place.name}",
        image=container["image"],
        entrypoint=tuple(container["command"]) if container.get("command") else None,
        args=tuple(container["args"]) if container.get("args") else None,
        env=env,
        mounts=volumes.mounts(container),
        workdir=container.get("workingDir", ""),
        memory=limits.memory(container),
        cpus=limits.cpus(container),
        port=port,
        grace=_GRACE,
        joins=joins,
    )
