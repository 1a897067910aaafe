"""Settings of an environment file that are valid on their own but not together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from groundwork.environment import own_buckets, schedules
from groundwork.environment.document import Place, dotted
from groundwork.environment.json_schema import Objection
from groundwork.environment.references import Parts, also, parts_of
from groundwork.text import listed

_LONGEST_BUCKET_NAME = 63
_OWN_FILE = ("image", "dir", "dockerfile", "machine_type", "timeout_minutes", "deploys")
_STARTS = ("branch", "tag", "by_hand")
_GIB_A_CPU = 4
# Cloud Run's minimum. Source: https://cloud.google.com/run/docs/configuring/services/cpu.
_LEAST_GIB = {4: 2, 6: 4, 8: 4}
# Source: https://cloud.google.com/functions/quotas.
_EVENT_SECONDS = 540


def objections(values: Mapping[str, Any]) -> Iterator[Objection]:
    """All contradictions in a file's values."""
    parts = parts_of(values)
    yield from _buckets(parts, str(values.get("project")))
    yield from _alerts(values, parts)
    yield from _budget(values)
    looks = (
        ("services", _container),
        ("jobs", _container),
        ("functions", _function),
        ("jobs", schedules.objections),
        ("builds", _build),
        ("workstations", _workstation),
    )
    for part, look in looks:
        for name, one in parts[part].items():
            yield from look((part, name), one)
    yield from _same_names(parts)
    yield from _github(parts, has_repository=isinstance(values.get("github"), dict))
    yield from _exceptions(values)


def _buckets(parts: Parts, project: str) -> Iterator[Objection]:
    for name, bucket in parts["buckets"].items():
        if bucket.get("called") in own_buckets.names(project):
            yield (
                ("buckets", name, "called"),
                f"buckets.{name}.called is {bucket['called']}, one of groundwork's own buckets; leave it out.",
            )
        full_name = bucket.get("called", f"{project}-{name}")
        if len(full_name) > _LONGEST_BUCKET_NAME:
            yield (
                ("buckets", name),
                f"buckets.{name} would be called {full_name}, which has {len(full_name)} characters; allowed are {_LONGEST_BUCKET_NAME}.",
            )
        place = ("buckets", name, "noncurrent_versions")
        if "noncurrent_versions" in bucket and bucket.get("dvc") is True:
            yield (
                place,
                f"{dotted(place)} is not allowed with dvc: true, because old commits refer to old versions; leave out one of the two.",
            )
        elif "noncurrent_versions" in bucket and bucket.get("versioning") is not True:
            yield place, f"{dotted(place)} has no effect without versioning: true; add that, or remove this."


def _budget(values: Mapping[str, Any]) -> Iterator[Objection]:
    budget = values.get("budget")
    if isinstance(budget, dict) and budget.get("notify") and "billing_account" not in budget:
        yield (
            ("budget", "notify"),
            "budget.notify has no effect without billing_account, where Google's budget is created; add that, or remove this.",
        )


def _alerts(values: Mapping[str, Any], parts: Parts) -> Iterator[Objection]:
    alerts, services = values.get("alerts", {}), parts["services"]
    if alerts is None:
        yield ("alerts",), "alerts has no value; write alerts: {}, or leave it out."
    if not isinstance(alerts, dict) or "alerts" not in values:
        return
    if not any(parts[part] for part in ("services", "functions", "jobs")):
        yield (
            ("alerts",),
            "alerts watches services, functions and jobs, and the file has none; add one, or leave out alerts.",
        )
    elif "notify" not in alerts and not _may_operate(parts["members"]):
        yield (
            ("alerts",),
            "alerts has nobody to notify: no member is an operator; add notify: with an e-mail address.",
        )
    if alerts.get("uptime") is True and services and not any(map(_is_page, services.values())):
        yield (
            ("alerts", "uptime"),
            "alerts.uptime has no service to call: none is public and answers HTTP; make one public: true, or leave out uptime.",
        )


def _may_operate(members: Mapping[str, Any]) -> bool:
    """Whether a member is an operator, or has a role that cannot be read, which is a mistake of its own."""
    return any(member.get("role") in ("operator", None) for member in members.values())


def _is_page(service: Mapping[str, Any]) -> bool:
    """Whether anybody may call it, by HTTP."""
    return service.get("public") is True and service.get("health") != "grpc"


def _container(place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
    env, secrets = (values.get(key) for key in ("env", "secrets"))
    for name in sorted(set(env) & set(secrets)) if isinstance(env, dict) and isinstance(secrets, dict) else ():
        yield (*place, "env", name), f"{dotted(place)} has {name} in env and in secrets; keep the one in secrets."
    yield from _memory(place, values.get("cpu", 1), str(values.get("memory", "2Gi")))
    least, most = values.get("min_instances", 0), values.get("max_instances", 3)
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield (
            (*place, "min_instances"),
            f"{dotted(place)}.min_instances is {least}, more than its max_instances, {most}.",
        )


def _function(place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
    yield from _container(place, {"memory": "512Mi", **values})
    if isinstance(values.get("trigger"), dict):
        yield from _at_events(place, values)


def _build(place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
    starts = [key for key in _STARTS if values.get(key)]
    if len(starts) > 1:
        yield (
            (*place, starts[1]),
            f"{dotted(place)} has {listed(starts)}; a build can only have one of these; keep one.",
        )
    for key in _OWN_FILE if "file" in values else ():
        if key in values:
            yield (
                (*place, key),
                f"{dotted(place)}.{key} has no effect together with file; set it in {values['file']}, or leave out file.",
            )


def _workstation(place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
    machine = str(values.get("machine_type", "the machine type that it gets by default"))
    if "accelerator" in values and not machine.startswith("n1-"):
        way = "set machine_type: n1-standard-4, or leave out accelerator; g2 machines have a GPU built in."
        yield (
            (*place, "accelerator"),
            f"{dotted(place)}.accelerator cannot be added to {machine}, only to n1; {way}",
        )


def _at_events(place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
    """What a function that runs at events cannot have."""
    seconds = values.get("timeout_seconds")
    if isinstance(seconds, int) and seconds > _EVENT_SECONDS:
        way = f"at most {_EVENT_SECONDS} seconds are allowed for an event."
        yield (*place, "timeout_seconds"), f"{dotted(place)}.timeout_seconds is {seconds}; {way}"
    if values.get("public") is True:
        way = "so that anybody could make up its events; leave out public."
        yield (*place, "public"), f"{dotted(place)} is public and has a trigger, {way}"


def _memory(place: Place, cpu: Any, memory: str) -> Iterator[Objection]:
    """What Cloud Run does not accept of a container's memory for its CPU."""
    number, gib = memory[:-2], memory.endswith("Gi")
    if not number.isdigit() or not isinstance(cpu, int):
        return
    size = int(number) if gib else int(number) / 1024
    said = f"{dotted(place)}.memory is {memory}"
    if size > _GIB_A_CPU * cpu:
        need = next((more for more in (1, 2, 4, 6, 8) if size <= _GIB_A_CPU * more), None)
        way = f"set cpu: {need}" if need else "the maximum is 32Gi, with cpu: 8"
        yield (*place, "memory"), f"{said}, more than 4Gi for each CPU; {way}."
    if size < (least := _LEAST_GIB.get(cpu, 0)):
        yield (*place, "memory"), f"{said}, too little for cpu: {cpu}; set at least {least}Gi."
    if place[0] == "jobs" and size < 0.5:
        yield (*place, "memory"), f"{said}, too little for a job; set at least 512Mi."


def _same_names(parts: Parts) -> Iterator[Objection]:
    for name in parts["functions"]:
        if name in parts["services"]:
            why = "and Cloud Run would run both under that name; give it another."
            yield ("functions", name), f"functions.{name} has the name of a service in the file, {why}"


def _github(parts: Parts, *, has_repository: bool) -> Iterator[Objection]:
    if parts["builds"] and not has_repository:
        sentence = "builds need github: the repository whose pushes start them; add its repository and owner_id."
        yield ("builds",), sentence
    users = {("identities", name, "github"): one for name, one in parts["identities"].items() if "github" in one}
    if users and not has_repository:
        place, *others = users
        yield place, f"{dotted(place)} has no repository: the file has no github.{also(others)}"
    for place, identity in users.items():
        if identity.get("github") == "any" and (more := _more_than_reading(identity)):
            why = "so a pull request's workflow can act as it before anybody has reviewed the change"
            way = f"it has {listed(more)}; remove that, or set github: main."
            yield place, f"{dotted(place)} is any, {why}, and {way}"


def _more_than_reading(identity: Mapping[str, Any]) -> list[str]:
    """The settings by which an identity may do more than read and call."""
    found = [part for part in ("submits", "project_roles") if identity.get(part)]
    for part in ("buckets", "repositories", "services", "functions", "jobs"):
        access = identity.get(part)
        more = {"write", "deploy", "run"} & set(access.values()) if isinstance(access, dict) else set()
        found += [f"{word} in {part}" for word in sorted(more)]
    return found


def _exceptions(values: Mapping[str, Any]) -> Iterator[Objection]:
    policy = values.get("policy")
    exceptions = policy.get("exceptions") if isinstance(policy, dict) else None
    for index, exception in enumerate(exceptions if isinstance(exceptions, list) else ()):
        yield from _impossible_day(("policy", "exceptions", index, "expires"), exception)


def _impossible_day(place: Place, exception: Any) -> Iterator[Objection]:
    day = exception.get("expires") if isinstance(exception, dict) else None
    try:
        date.fromisoformat(day if isinstance(day, str) and len(day) == 10 else "2000-01-01")
    except ValueError:
        yield (
            place,
            f'{dotted(place)} is "{day}", which does not exist; allowed are days such as 2027-03-31.',
        )
