"""Custom job specs: validated and completed, both for jobs and within training pipelines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from localcloud.containers.workload import VARIABLE_NAME
from localcloud.engine.iam import acting
from localcloud.engine.service import Body, Call
from localcloud.errors import error_info, invalid, not_found, permission_denied
from localcloud.services.aiplatform import machines, names
from localcloud.services.aiplatform.machines import Machine

WEEK = "604800s"
CUSTOM_CODE = "service-{number}@gcp-sa-aiplatform-cc.iam.gserviceaccount.com"
STRATEGIES = {0: "STRATEGY_UNSPECIFIED", 1: "ON_DEMAND", 2: "LOW_COST", 3: "STANDARD", 4: "SPOT", 6: "FLEX_START"}
"""Numbers of Scheduling.strategy."""
_MOST_POOLS = 4
_MOST_REPLICAS = 1000
_DISK = {"bootDiskType": "pd-ssd", "bootDiskSizeGb": 100}
_IMAGE = re.compile(r"[a-zA-Z0-9][\w./:@-]{0,511}")
_PACKAGES = 100


@dataclass(frozen=True)
class Pool:
    """A worker pool: its index, number of replicas, machine and program."""

    index: int
    machine: Machine
    replicas: int
    spec: Body

    @property
    def program(self) -> Body:
        """Its containerSpec or pythonPackageSpec."""
        found: Body = self.spec.get("containerSpec") or self.spec.get("pythonPackageSpec") or {}
        return found

    @property
    def image(self) -> str:
        """Its container image."""
        return str(self.program.get("imageUri") or self.program.get("executorImageUri") or "")

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables in its spec."""
        return {one["name"]: one.get("value", "") for one in self.program.get("env", [])}


def completed(call: Call, spec: Body, field: str = "custom_job.job_spec") -> Body:
    """A job's validated and completed spec: 400 if it is invalid, 403 or 404 for an account that may not be used or does not exist."""
    given = spec.get("workerPoolSpecs", [])
    if not given:
        raise invalid(f"{field}.worker_pool_specs: At least one worker pool is required.", f"{field}.worker_pool_specs")
    if len(given) > _MOST_POOLS:
        raise invalid(
            f"{field}.worker_pool_specs may have at most {_MOST_POOLS} entries.", f"{field}.worker_pool_specs"
        )
    pools_ = [_pool(one, at, f"{field}.worker_pool_specs[{at}]") for at, one in enumerate(given)]
    prefix = spec.get("baseOutputDirectory", {}).get("outputUriPrefix", "gs://")
    if not prefix.startswith("gs://"):
        raise invalid(
            f"{field}.base_output_directory: {prefix!r} must begin with gs://.", f"{field}.base_output_directory"
        )
    account = spec.get("serviceAccount", "")
    if account:
        spec = {**spec, "serviceAccount": checked_account(call, account)}
    if spec.get("tensorboard"):
        _check_tensorboard(call, spec, field)
    return {**spec, "workerPoolSpecs": pools_}


def pools(spec: Body) -> Sequence[Pool]:
    """The pools of a completed spec that have replicas."""
    return [
        Pool(at, machines.of(one["machineSpec"], ""), int(one["replicaCount"]), one)
        for at, one in enumerate(spec["workerPoolSpecs"])
        if int(one.get("replicaCount", 0))
    ]


def account(call_project_number: int, spec: Body) -> str:
    """The email of the account that a job runs as: the specified one, or Vertex AI's agent for custom code."""
    return str(spec.get("serviceAccount") or CUSTOM_CODE.format(number=call_project_number))


def _pool(spec: Body, at: int, where: str) -> Body:
    if not spec and at:
        return {}  # clients send empty entries for unused pools
    spec = {"replicaCount": "1", **spec}
    replicas = int(spec["replicaCount"])
    if replicas < 0 or (at == 0 and replicas != 1):
        raise invalid(
            f"{where}.replica_count: the first worker pool must have exactly 1 replica.", f"{where}.replica_count"
        )
    if replicas > _MOST_REPLICAS:
        raise invalid(
            f"{where}.replica_count may be at most {_MOST_REPLICAS} on the local cloud.", f"{where}.replica_count"
        )
    if not replicas:
        return spec
    machines.of(spec.get("machineSpec", {}), f"{where}.machine_spec")
    programs = [name for name in ("containerSpec", "pythonPackageSpec") if spec.get(name)]
    if len(programs) != 1:
        raise invalid(f"{where}: set exactly one of container_spec and python_package_spec.", where)
    check_program(spec[programs[0]], programs[0], where)
    return {**spec, "diskSpec": _DISK | spec.get("diskSpec", {})}


def check_program(program: Body, kind: str, where: str) -> None:
    """400 for a containerSpec or pythonPackageSpec (`kind`) that cannot run."""
    packaged = kind == "pythonPackageSpec"
    image = program.get("executorImageUri" if packaged else "imageUri", "")
    field = f"{where}.{'python_package_spec.executor_image_uri' if packaged else 'container_spec.image_uri'}"
    if not _IMAGE.fullmatch(image):
        raise invalid(f"{field}: {image!r} is not a valid image name.", field)
    if packaged and not (program.get("packageUris") and program.get("pythonModule")):
        raise invalid(f"{where}.python_package_spec needs package_uris and python_module.", where)
    for uri in program.get("packageUris", []):
        if not uri.startswith("gs://") or uri.rpartition("/")[2] in {"", ".", ".."}:
            raise invalid(f"{where}.python_package_spec.package_uris: {uri!r} must be gs://BUCKET/OBJECT.", where)
    if len(program.get("packageUris", [])) > _PACKAGES:
        raise invalid(f"{where}.python_package_spec.package_uris may have at most {_PACKAGES} entries.", where)
    variables = [one.get("name", "") for one in program.get("env", [])]
    if len(set(variables)) < len(variables) or not all(VARIABLE_NAME.fullmatch(one) for one in variables):
        raise invalid(f"{where}: the variables in env need unique names without '='.", f"{where}.env")


def checked_account(call: Call, account: str) -> str:
    """The email of an account that the caller may act as; otherwise 403 or 404."""
    email = account.rpartition("/")[2]
    project = call.project or ""
    name = acting.account(call.cloud, email, project)
    if not acting.may(call.cloud, call.principal, email, project):
        described = {"permission": acting.ACT_AS, "resource": name}
        raise permission_denied(
            f"You do not have permission to act as service_account: {email}. (or it may not exist).",
            [error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", described)],
        )
    if not acting.usable(call.cloud, email, project):
        raise not_found(f"Service account {email} does not exist, or is disabled.")
    return email


def _check_tensorboard(call: Call, spec: Body, field: str) -> None:
    if not spec.get("serviceAccount") or not spec.get("baseOutputDirectory"):
        raise invalid(f"{field}.tensorboard needs service_account and base_output_directory.", f"{field}.tensorboard")
    name = call.cloud.projects.named(spec["tensorboard"])
    if call.cloud.store.get(names.API, name) is None or not names.seen(call, name, "aiplatform.tensorboards.get"):
        raise names.absent(call.cloud, "Tensorboard", name)
