"""The replicas of a job: what each one runs, its environment, and how its exit ends the job."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote

from localcloud.containers.bucket import BucketClient, BucketRefused
from localcloud.containers.folders import Folders
from localcloud.containers.workload import ExitStatus, Mount, RuntimeProblem, Workload
from localcloud.engine.cloud import Cloud
from localcloud.engine.orders import Order
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.aiplatform import addresses, names, specs, trials, variables
from localcloud.services.aiplatform.specs import Pool

Mounts = tuple[Mount, ...]
_PACKAGES = "/var/vertex/packages"
_INSTALL = 'python3 -m pip install --quiet --no-warn-script-location {packages} && exec python3 -m {module} "$@"'
_LOGS = (
    "https://console.cloud.google.com/logs/viewer?project={number}&resource=ml_job%2Fjob_id%2F{id}&advancedFilter="
    "resource.type%3D%22ml_job%22%0Aresource.labels.job_id%3D%22{id}%22"
)


def task(pool: Pool, replica: int) -> str:
    """A replica's name: "workerpool0-0"."""
    return f"workerpool{pool.index}-{replica}"


def account(cloud: Cloud, body: Body) -> str:
    """The service account that a job runs as, as an IAM member."""
    return f"serviceAccount:{specs.account(cloud.projects.number(names.project(body['name'])), body['jobSpec'])}"


def as_account(cloud: Cloud, body: Body) -> Callable[[str], BucketClient]:
    """A function from bucket names to clients that act as the job's account; it is thread-safe."""
    return partial(addresses.client, cloud, account(cloud, body))


def order(
    cloud: Cloud,
    body: Body,
    pools: Sequence[Pool],
    pool: Pool,
    replica: int,
    mounts: Mounts = (),
    metrics: Mount | None = None,
    joins: str = "",
) -> Order:
    """The order for one replica; it joins the network of the container `joins`, so that replicas can reach each other."""
    name, spec = body["name"], body["jobSpec"]
    number = cloud.projects.number(names.project(name))
    entrypoint, args = _command(pool)
    added = {**body.get("dataVariables", {}), **trials.variables(body, metrics)}
    workload = Workload(
        name=task(pool, replica),
        image=pool.image,
        entrypoint=entrypoint,
        args=args,
        env=variables.of(spec, name, number, pools, pool, replica, added),
        labels={"localcloud.job": name.rpartition("/")[2]},
        mounts=(*mounts, *([metrics] if metrics else [])),
        memory=pool.machine.memory,
        cpus=min(pool.machine.cpus, os.cpu_count() or 1),
        grace=10,
        joins=joins,
    )
    return Order(account(cloud, body), names.project(name), names.region(name), name, workload, "jobs")


def packages(folder: Path, pools: Sequence[Pool], bucket: Callable[[str], BucketClient]) -> Mounts:
    """Downloads the Python packages of the pools. Raises RuntimeProblem."""
    uris = sorted({uri for pool in pools for uri in pool.program.get("packageUris", [])})
    target = folder / "packages"
    for uri in uris:
        where, _, name = uri.removeprefix("gs://").partition("/")
        target.mkdir(mode=0o755, exist_ok=True)
        try:
            bucket(where).fetch(name, target / _file(uri))
        except BucketRefused as problem:
            raise RuntimeProblem(f"{uri} cannot be read: {problem}") from None
    return (Mount(target, _PACKAGES, read_only=True),) if uris else ()


def folders_of(folder: Path, names: Sequence[str], bucket: Callable[[str], BucketClient]) -> Folders:
    """Copies of buckets, for a job to use as folders."""
    return Folders(folder / "gcs", [bucket(name) for name in names])


def judge(cloud: Cloud, job: str, ended: tuple[str, ExitStatus], refused: Sequence[str]) -> None:
    """Raises the CloudError for a replica that did not end successfully, or whose output could not be saved."""
    replica, how = ended
    if how.code == 0 and refused:
        raise CloudError(403, "PERMISSION_DENIED", f"The job's output could not be saved: {refused[0]}")
    if how.code == 0:
        return
    what = (
        f"ran out-of-memory and exited with a non-zero status of {how.code}(SIGKILL)"
        if how.out_of_memory
        else f"exited with a non-zero status of {how.code}"
    )
    number, identity = cloud.projects.number(names.project(job)), job.rpartition("/")[2]
    raise CloudError(
        400,
        "INVALID_ARGUMENT",
        f"The replica {replica} {what}. To find out more about why your job exited please check the logs: "
        f"{_LOGS.format(number=number, id=identity)}",
    )


def _command(pool: Pool) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    program = pool.program
    if "packageUris" in program:
        wheels = " ".join(f"{_PACKAGES}/{_file(uri)}" for uri in program["packageUris"])
        script = _INSTALL.format(packages=wheels, module=quote(program["pythonModule"], safe="."))
        return ("sh", "-c"), (script, "sh", *program.get("args", []))
    command = tuple(program.get("command", [])) or None
    return command, tuple(program["args"]) if program.get("args") else None


def _file(uri: str) -> str:
    """A package's file name, without characters that a shell or pip would interpret."""
    return quote(uri.rpartition("/")[2], safe=".+-_").replace("%", "_")
