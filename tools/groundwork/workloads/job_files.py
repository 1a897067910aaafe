"""Reads files that describe a training job, in every form in use: worker pools as a mapping or a list, camelCase or snake_case, a job spec as gcloud takes it, or a whole job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from groundwork.environment import foreign_yaml
from groundwork.errors import UsageProblem
from groundwork.secrets.names import is_of_a_secret
from groundwork.text import allowed

_SPEC = (
    "workerPoolSpecs", "scheduling", "serviceAccount", "network", "baseOutputDirectory", "tensorboard", "enableWebAccess", "experiment",
    "experimentRun", "persistentResourceId", "protectedArtifactLocationId", "reservedIpRanges", "pscInterfaceConfig", "models",
    "enableDashboardAccess",
)  # fmt: skip
"""Fields of CustomJobSpec (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec)."""
_JOB = ("displayName", "jobSpec", "labels", "encryptionSpec")
_POOL = ("machineSpec", "replicaCount", "containerSpec", "pythonPackageSpec", "diskSpec", "nfsMounts", "lustreMounts")
_PARTS = {
    "scheduling": ("disableRetries", "maxWaitDuration", "restartJobOnWorkerRestart", "strategy", "timeout"),
    "baseOutputDirectory": ("outputUriPrefix",),
    "machineSpec": (
        "acceleratorCount", "acceleratorType", "gpuPartitionSize", "machineType", "minGpuDriverVersion", "multihostGpuNodeCount",
        "reservationAffinity", "tpuTopology",
    ),
    "containerSpec": ("args", "command", "env", "imageUri"),
    "pythonPackageSpec": ("args", "env", "executorImageUri", "packageUris", "pythonModule"),
    "diskSpec": ("bootDiskSizeGb", "bootDiskType"),
}  # fmt: skip
"""The fields of a job's parts, and of a pool's."""
_SPOT = "scheduling: {strategy: SPOT}"
_WORDS_OF_OTHERS = {
    "preemptible": _SPOT, "provisioningModel": _SPOT, "spot": _SPOT, "maxRunDuration": "scheduling: {timeout: 3600s}"
}  # fmt: skip
"""What Compute Engine and others call something -> how a job says it."""
_NUMBERS = (("", "replicaCount"), ("machineSpec", "acceleratorCount"), ("diskSpec", "bootDiskSizeGb"))
_COUNT = re.compile(r"\d{1,6}", re.ASCII)
_LEFT_OPEN = re.compile(r"\$\{?[A-Za-z_]\w*\}?")
_CAPITALS = re.compile(r"(?<![^/])[\w.-]*[A-Z][\w.-]*(?=[/:@]|\Z)")


def read(file: Path) -> dict[str, Any]:
    """The job in a file: `displayName`, `labels` and `jobSpec` in Google's spelling, without what the file omits.

    Raises UsageProblem for what is not a job.
    """
    values = foreign_yaml.read(file)
    if not isinstance(values, dict):
        raise UsageProblem(
            f"{file.name} describes no job: it must have workerPoolSpecs, as for `gcloud ai custom-jobs create --config`."
        )
    return job_of(values, file.name)


def job_of(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The same, from parsed values."""
    spelled = _without_nulls(_camels(values))
    _refuse_unknown(spelled, (*_JOB, *_SPEC), name)
    _refuse_others(spelled, ("jobSpec", "labels"), name)
    spec = spelled.pop("jobSpec", {}) or {}
    for key in [key for key in spelled if key in _SPEC]:
        spec[key] = spelled.pop(key)
    _refuse_unknown(spec, _SPEC, name)
    _refuse_parts(spec, ("scheduling", "baseOutputDirectory"), name)
    pools = spec.get("workerPoolSpecs")
    spec["workerPoolSpecs"] = [pools] if isinstance(pools, dict) else pools
    if (
        not pools
        or not isinstance(pools, dict | list)
        or not all(isinstance(pool, dict) for pool in spec["workerPoolSpecs"])
    ):
        raise UsageProblem(f"{name} has no workerPoolSpecs, which define the machines and the image.")
    for pool in spec["workerPoolSpecs"]:
        where = f"{name}: workerPoolSpecs"
        _refuse_unknown(pool, _POOL, where)
        _refuse_parts(pool, ("machineSpec", "containerSpec", "pythonPackageSpec", "diskSpec"), where)
        if not (pool.get("containerSpec") or {}).get("imageUri") and "pythonPackageSpec" not in pool:
            raise UsageProblem(f"{name}: workerPoolSpecs names no image: set containerSpec.imageUri.")
        _refuse_other_numbers(pool, where)
        _texts(pool)
    return {**spelled, "jobSpec": spec}


def warnings(job: Mapping[str, Any]) -> Iterator[str]:
    """Valid settings that will not have the intended effect, each as a sentence."""
    for pool in job["jobSpec"]["workerPoolSpecs"]:
        for entry in (pool.get("containerSpec") or {}).get("env") or ():
            name, value = str(entry.get("name", "")), str(entry.get("value", ""))
            if value and is_of_a_secret(name) and not _LEFT_OPEN.fullmatch(value):
                yield (
                    f"{name} is in the file, and everybody who may see the job can read it: store it with `groundwork secrets set` "
                    "and let the training read it from Secret Manager with its own identity."
                )


def refuse_left_open(job: Mapping[str, Any], name: str) -> None:
    """Raises UsageProblem for unresolved ${VARIABLES}, which the job would get literally."""
    for pool in job["jobSpec"]["workerPoolSpecs"]:
        container = pool.get("containerSpec") or {}
        entries = {f"env {one.get('name')}": str(one.get("value", "")) for one in container.get("env") or ()}
        for where, text in {"imageUri": str(container.get("imageUri", "")), **entries}.items():
            if found := _LEFT_OPEN.fullmatch(text) or (where == "imageUri" and _LEFT_OPEN.search(text)):
                instead = (
                    "submit it by the build that replaces it (`groundwork builds submit`), or leave it out and let the training read "
                    "the secret with its own identity"
                    if is_of_a_secret(where.removeprefix("env "))
                    else "write its value, or leave it out"
                )
                raise UsageProblem(f"{name}: {where} is {found[0]}, which was not replaced: {instead}.")
            if where == "imageUri" and (capital := _CAPITALS.search(text)):
                raise UsageProblem(
                    f"{name}: imageUri has {capital[0]}, but addresses of images have lower-case letters before the tag: write what it "
                    "stands for, such as the project's ID."
                )


def _texts(pool: dict[str, Any]) -> None:
    """Converts numbers and booleans among variables and arguments to the strings that a container gets."""
    container = pool.get("containerSpec") or {}
    entries = container.get("env") or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageProblem("env is a list of `{name: NAME, value: VALUE}`.")
    for entry in entries:
        entry["value"] = _text(entry.get("value", ""))
    for key in ("args", "command"):
        if key in container:
            value = container[key]
            container[key] = [_text(one) for one in (value if isinstance(value, list) else [value])]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _refuse_unknown(fields: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in fields:
        if key not in known:
            home = next((part for part, within in _PARTS.items() if key in within), "")
            if key in _WORDS_OF_OTHERS:
                why = f"is not a field of a job; write `{_WORDS_OF_OTHERS[key]}` beside workerPoolSpecs."
            elif home:
                why = f"belongs in {home}: write `{home}: {{{key}: …}}`."
            else:
                belongs = key in _SPEC
                why = (
                    "belongs beside workerPoolSpecs." if belongs else f"is not a field of a job; {allowed(known, key)}"
                )
            raise UsageProblem(f"{where} has {key}, which {why}")


def _refuse_parts(fields: Mapping[str, Any], parts: tuple[str, ...], where: str) -> None:
    _refuse_others(fields, parts, where)
    for part in parts:
        _refuse_unknown(fields.get(part) or {}, _PARTS[part], f"{where}: {part}")


def _refuse_others(fields: Mapping[str, Any], mappings: tuple[str, ...], where: str) -> None:
    for key in mappings:
        if not isinstance(fields.get(key), dict | None):
            raise UsageProblem(f"{where}: {key} is not a mapping: write `{key}: {{NAME: VALUE}}`.")


def _refuse_other_numbers(pool: Mapping[str, Any], where: str) -> None:
    for key, field in _NUMBERS:
        holder = pool.get(key) or {} if key else pool
        if field in holder and (isinstance(holder[field], bool) or not _COUNT.fullmatch(str(holder[field]))):
            raise UsageProblem(
                f"{where}: {field} is {str(holder[field])[:50]!r}, which is not a whole number up to 999999."
            )


_FREE = ("env", "labels", "args", "command", "value")
"""The keys below these are the team's own names."""


def _without_nulls(value: Any) -> Any:
    """The values without keys that say nothing."""
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _without_nulls(one) for key, one in value.items() if one is not None}


def _camels(value: Any) -> Any:
    if isinstance(value, list):
        return [_camels(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {foreign_yaml.camel(str(key)): one if key in _FREE else _camels(one) for key, one in value.items()}
