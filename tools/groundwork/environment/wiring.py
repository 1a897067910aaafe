"""Cross-references of services, functions, jobs, builds, training and workstations: names that the file does not define, and settings that exclude each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from groundwork.environment import schedules
from groundwork.environment.document import Place, dotted
from groundwork.environment.json_schema import Objection
from groundwork.environment.workloads import is_full
from groundwork.text import listed, most_similar

_OWN_FILE = ("image", "dir", "dockerfile", "machine_type", "timeout_minutes", "deploys")
_STARTS = ("branch", "tag", "by_hand")
_GIB_A_CPU = 4
_HAS = " has "
_MOST_PLACES = 3
# Cloud Run's minimum. Source: https://cloud.google.com/run/docs/configuring/services/cpu.
_LEAST_GIB = {4: 2, 6: 4, 8: 4}
# Source: https://cloud.google.com/functions/quotas.
_EVENT_SECONDS = 540
# The schema's defaults.
_IDENTITIES = {"services": "serve", "functions": "function", "builds": "build", "training": "train"}


def unknown(place: Place, used: Any, known: Mapping[str, Any], kind: str) -> Iterator[Objection]:
    """Names (one, a list or keys) that a place refers to and that the file does not define among its `kind`."""
    for index, name in enumerate([used] if isinstance(used, str) else used if isinstance(used, (dict, list)) else []):
        if isinstance(name, str) and name not in known:
            step = () if isinstance(used, str) else (index if isinstance(used, list) else name,)
            hint = f"he file's {kind} are {listed(sorted(known))}." if known else f"he file has no {kind}."
            but = f"; did you mean {near}? T" if (near := most_similar(name, known)) else ", but t"
            yield (*place, *step), f'{dotted(place)}{_HAS}"{name}"{but}{hint}'


def gathered(found: Iterable[Objection]) -> Iterator[Objection]:
    """Objections with one for each name, or section, that is unknown in several places."""
    alike: dict[str, list[Objection]] = {}
    for place, sentence in found:
        what = sentence.partition(_HAS)[2] or sentence
        alike.setdefault(what if "the file has no " not in what else what.partition(", but ")[2], []).append(
            (place, sentence)
        )
    for (place, sentence), *others in alike.values():
        subjects = list(dict.fromkeys(other.partition(_HAS)[0] for _, other in others))
        more = f" and {len(subjects) - _MOST_PLACES} more places" if len(subjects) > _MOST_PLACES else ""
        also = f" The same is true of {listed(subjects[:_MOST_PLACES])}{more}." if subjects else ""
        yield place, f"{sentence}{also}"


def _more_than_reading(identity: Mapping[str, Any]) -> list[str]:
    """The settings by which an identity may do more than read and call."""
    found = [part for part in ("submits", "project_roles") if identity.get(part)]
    for part in ("buckets", "repositories", "services", "functions", "jobs"):
        access = identity.get(part)
        more = {"write", "deploy", "run"} & set(access.values()) if isinstance(access, dict) else set()
        found += [f"{word} in {part}" for word in sorted(more)]
    return found


class Wiring:
    """The parts of a file by name, as far as they have the right shape."""

    def __init__(self, parts: Mapping[str, Mapping[str, Mapping[str, Any]]], github: bool) -> None:
        self.parts = parts
        self.github = github

    def objections(self) -> Iterator[Objection]:
        """All inconsistencies."""
        looks = (
            ("services", self._container),
            ("jobs", self._container),
            ("functions", self._function),
            ("jobs", schedules.objections),
            ("builds", self._build),
            ("training", self._training),
            ("workstations", self._workstation),
        )
        for part, look in looks:
            for name, values in self.parts[part].items():
                yield from look((part, name), values)
        if self.parts["builds"] and not self.github:
            yield (
                ("builds",),
                "builds need github: the repository whose pushes start them; add its repository and owner_id.",
            )
        for name, values in self.parts["identities"].items():
            place = ("identities", name)
            for part in ("services", "functions", "jobs"):
                yield from self._unknown(place, values, part)
            if "github" in values and not self.github:
                yield (*place, "github"), f"{dotted(place)}.github has no repository: the file has no github."
            if values.get("github") == "any" and (more := _more_than_reading(values)):
                why = "so a pull request's workflow can act as it before anybody has reviewed the change"
                way = f"it has {listed(more)}; remove that, or set github: main."
                yield (*place, "github"), f"{dotted(place)}.github is any, {why}, and {way}"

    def _unknown(self, place: Place, values: Mapping[str, Any], part: str, kind: str = "") -> Iterator[Objection]:
        kind = kind or part
        yield from unknown((*place, part), values.get(part), self.parts[kind], kind)

    def _identity(self, place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
        default = _IDENTITIES.get(str(place[0]))
        yield from unknown(
            (*place, "identity"), values.get("identity", default), self.parts["identities"], "identities"
        )

    def _secrets(self, place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
        secrets = values.get("secrets")
        for variable, secret in secrets.items() if isinstance(secrets, dict) else ():
            yield from unknown((*place, "secrets", variable), secret, self.parts["secrets"], "secrets")

    def _function(self, place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
        yield from self._container(place, {"memory": "512Mi", **values})
        for key, default, part in (("build_identity", "build", "identities"), ("repository", "images", "repositories")):
            yield from unknown((*place, key), values.get(key, default), self.parts[part], part)
        trigger = values.get("trigger")
        if isinstance(trigger, dict):
            yield from unknown((*place, "trigger", "bucket"), trigger.get("bucket"), self.parts["buckets"], "buckets")
            yield from _at_events(place, values)
        if place[1] in self.parts["services"]:
            why = "and Cloud Run would run both under that name; give it another."
            yield place, f"{dotted(place)} has the name of a service in the file, {why}"

    def _container(self, place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
        yield from self._identity(place, values)
        yield from self._secrets(place, values)
        yield from self._unknown(place, values, "buckets")
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

    def _build(self, place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
        yield from self._identity(place, values)
        yield from self._secrets(place, values)
        repository = values.get("repository", "images")
        yield from unknown((*place, "repository"), repository, self.parts["repositories"], "repositories")
        places = {**self.parts["services"], **self.parts["jobs"]}
        yield from unknown((*place, "deploys"), values.get("deploys"), places, "services and jobs")
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

    def _training(self, place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
        yield from self._identity(place, values)
        yield from unknown((*place, "output"), values.get("output"), self.parts["buckets"], "buckets")
        image = values.get("image", "images/")
        if isinstance(image, str) and not is_full(image):
            repository = image.partition("/")[0]
            yield from unknown((*place, "image"), repository, self.parts["repositories"], "repositories")

    def _workstation(self, place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
        yield from self._identity(place, values)
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
