"""Validates and completes a submitted build before anything runs.

Source: https://cloud.google.com/build/docs/build-config-file-schema, …/api/reference/rest/v1/projects.builds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from localcloud.containers.workload import RuntimeProblem, check
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.errors import invalid
from localcloud.services.cloudbuild import accounts, names, steps, substitutions
from localcloud.services.cloudbuild.workspace import VOLUME

HOUR, DAY = 3600.0, 86_400.0
MOST_STEPS = 300
_UNLOGGED = ("CLOUD_LOGGING_ONLY", "STACKDRIVER_ONLY", "NONE")
_DURATION = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?s")
_PATH = re.compile(r"/[^:,\x00-\x1f]*")
_VARIABLE = re.compile(r"[^=*\s\x00-\x1f]+=")
_RESERVED = ("/workspace", "/builder", "/var/run/docker.sock")
_VERSION = re.compile(r"projects/[^/]+/(?:locations/[^/]+/)?secrets/[^/]+/versions/[^/]+")
_NO_LOGS = (
    "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket', (b) use the "
    "REGIONAL_USER_OWNED_BUCKET build.options.default_logs_bucket_behavior option, or (c) use either CLOUD_LOGGING_ONLY / NONE "
    "logging options: invalid argument"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a build comes from.

    principal              who requested it; "" for a push
    trigger, trigger_name  the id and name of its trigger, if any
    known                  substitutions that the trigger sets
    approval               whether it needs approval before it runs
    """

    principal: str
    trigger: str = ""
    trigger_name: str = ""
    known: Mapping[str, str] = field(default_factory=dict)
    approval: bool = False


def completed(cloud: Cloud, place: str, identity: str, sent: Body, origin: Origin) -> Body:
    """The validated and completed build; 400 if it is invalid, 403 for an account that the caller may not act as."""
    project, location = place.split("/")[1], place.rpartition("/")[2]
    own = bool(sent.get("serviceAccount"))
    sent = _substituted(cloud, project, location, identity, sent, origin)
    _check_steps(sent)
    _check_secrets(sent)
    _check_volumes(sent)
    options = sent.get("options", {})
    if own and not _has_log_destination(sent):
        raise invalid(_NO_LOGS, "build.service_account")
    if origin.principal:
        accounts.check(cloud, origin.principal, sent["serviceAccount"], project)
    for key, most in (("timeout", DAY), ("queueTtl", DAY)):
        seconds(sent.get(key, "3600s"), key, most)
    number = cloud.projects.number(project)
    where = f";region={location}" if location != names.GLOBAL else ""
    return {
        "timeout": "3600s",
        "queueTtl": "3600s",
        **sent,
        "options": {"logging": "LEGACY", **options},
        "id": identity,
        "name": f"{place}/builds/{identity}",
        "projectId": project,
        "createTime": cloud.clock.rfc3339(),
        "logUrl": f"https://console.cloud.google.com/cloud-build/builds{where}/{identity}?project={number}",
        **_logs_bucket(sent, number, location),
        **({"artifacts": {"images": sent["images"], **sent.get("artifacts", {})}} if sent.get("images") else {}),
        **({"buildTriggerId": origin.trigger} if origin.trigger else {}),
        **_approval(origin),
    }


def seconds(text: str, name: str, most: float) -> float:
    """The seconds of a duration; 400 if it is not one, or longer than `most`."""
    match = _DURATION.fullmatch(text)
    value = float(text[:-1]) if match else 0.0
    if not 0 < value <= most:
        raise _refused(
            f"{name} must be a duration between 0 and {most:.0f} seconds, such as 600s; it is {text!r}", name
        )
    return value


def _substituted(cloud: Cloud, project: str, location: str, identity: str, sent: Body, origin: Origin) -> Body:
    """The build with its placeholders replaced, and its account as a full name."""
    given = sent.get("substitutions", {})
    substitutions.check({key: value for key, value in given.items() if key not in origin.known})
    triggered = bool(origin.trigger)
    options = sent.get("options", {})
    dynamic = triggered or bool(options.get("dynamicSubstitutions"))
    known = {
        **dict.fromkeys(substitutions.OVERRIDABLE, ""),
        "PROJECT_ID": project,
        "PROJECT_NUMBER": str(cloud.projects.number(project)),
        "BUILD_ID": identity,
        "LOCATION": location,
        **origin.known,
    }
    values = substitutions.resolved({**known, **given}, dynamic=dynamic)
    loose = triggered or options.get("substitutionOption") == "ALLOW_LOOSE"
    named = {"serviceAccount": sent.get("serviceAccount", "")}
    account = substitutions.applied(named, values, dynamic=dynamic, loose=True)["serviceAccount"]
    email = accounts.named(cloud, project, account)
    values |= {"SERVICE_ACCOUNT_EMAIL": email, "SERVICE_ACCOUNT": names.account_name(project, email)}
    build = substitutions.applied(sent, values, dynamic=dynamic, loose=loose)
    stored = {**origin.known, **{key: values[key] for key in given}}
    build["serviceAccount"] = names.account_name(account.split("/")[1] if account else project, email)
    return build | ({"substitutions": stored} if stored else {})


def _check_steps(build: Body) -> None:
    all_steps = build.get("steps", [])
    if not 0 < len(all_steps) <= MOST_STEPS:
        raise _refused(f"a build has 1 to {MOST_STEPS} steps; this one has {len(all_steps)}", "build.steps")
    for at, step in enumerate(all_steps):
        if not step.get("name"):
            raise _refused(f"build step {at} must have a name, the image that runs it", f"build.steps[{at}].name")
        _check_image(step["name"], f"build.steps[{at}].name")
        if step.get("script") and (step.get("args") or step.get("entrypoint")):
            raise _refused(
                f"build step {at} has a script, and can have neither entrypoint nor args with it",
                f"build.steps[{at}].script",
            )
        for line in (*step.get("env", []), *build.get("options", {}).get("env", [])):
            if not _VARIABLE.match(line):
                raise _refused(
                    f"build step {at} has the environment variable {line!r}; it must be KEY=VALUE", "build.steps.env"
                )
        if step.get("timeout"):
            seconds(step["timeout"], f"build.steps[{at}].timeout", DAY)
        if len(step.get("args", [])) > 100:
            raise _refused(f"build step {at} has more than 100 arguments", f"build.steps[{at}].args")
    steps.waits(all_steps)
    for image in build.get("images", []):
        _check_image(image, "build.images")
    if len(build.get("images", [])) > 100:
        raise _refused("a build pushes at most 100 images", "build.images")


def _check_image(image: str, field: str) -> None:
    try:
        check(image)
    except RuntimeProblem:
        raise _refused(f"{image[:200]!r} is not a valid image name", field) from None


def _check_secrets(build: Body) -> None:
    """Checks that each secret variable is declared once, used by a step, and not also a plain variable of that step."""
    if build.get("secrets") or build.get("availableSecrets", {}).get("inline"):
        raise _refused(
            "secrets under Cloud KMS keys are not emulated by the local cloud; use availableSecrets.secretManager",
            "build.secrets",
        )
    declared = [one.get("env", "") for one in build.get("availableSecrets", {}).get("secretManager", [])]
    for one in build.get("availableSecrets", {}).get("secretManager", []):
        if not _VERSION.fullmatch(one.get("versionName", "")):
            raise _refused(
                f"{one.get('versionName', '')!r} is not a secret version; it must be projects/P/secrets/S/versions/V",
                "build.availableSecrets",
            )
    if twice := [name for name, count in Counter(declared).items() if count > 1]:
        raise _refused(f"the secret environment variable {twice[0]!r} is declared twice", "build.availableSecrets")
    used = set(build.get("options", {}).get("secretEnv", []))
    for at, step in enumerate(build["steps"]):
        mine = set(step.get("secretEnv", []))
        if both := sorted(mine & {line.partition("=")[0] for line in step.get("env", [])}):
            raise _refused(
                f"build step {at} has {both[0]!r} both in env and in secretEnv", f"build.steps[{at}].secretEnv"
            )
        used |= mine
    if missing := sorted(used - set(declared)):
        raise _refused(
            f"the secretEnv {missing[0]!r} is used, but no secret is declared for it", "build.steps.secretEnv"
        )
    if unused := [name for name in declared if name not in used]:
        raise _refused(
            f"the secret environment variable {unused[0]!r} is not used by any step", "build.availableSecrets"
        )


def _check_volumes(build: Body) -> None:
    everywhere = [one.get("name", "") for one in build.get("options", {}).get("volumes", [])]
    used: Counter[str] = Counter()
    for at, step in enumerate(build["steps"]):
        mine = [*step.get("volumes", []), *build.get("options", {}).get("volumes", [])]
        paths = [one.get("path", "") for one in mine]
        for name, path in ((one.get("name", ""), one.get("path", "")) for one in mine):
            reserved = any(path.rstrip("/") == one or path.startswith(f"{one}/") for one in _RESERVED)
            if (
                not VOLUME.fullmatch(name)
                or not _PATH.fullmatch(path)
                or ".." in path
                or reserved
                or paths.count(path) > 1
            ):
                raise _refused(
                    f"build step {at} has the volume {name!r} at {path!r}: a name consists of letters, digits, '.', '_' and '-'; a path is "
                    f"absolute, used only once, and outside {', '.join(_RESERVED)}",
                    f"build.steps[{at}].volumes",
                )
        used.update(one.get("name", "") for one in step.get("volumes", []))
    if alone := [name for name, count in used.items() if count < 2 and name not in everywhere]:
        raise _refused(
            f"the volume {alone[0]!r} is used by only one step; a volume must be shared by two or more",
            "build.steps.volumes",
        )


def _has_log_destination(build: Body) -> bool:
    options = build.get("options", {})
    return bool(
        build.get("logsBucket")
        or options.get("logging") in _UNLOGGED
        or options.get("defaultLogsBucketBehavior") in ("REGIONAL_USER_OWNED_BUCKET", "LEGACY_BUCKET")
    )


def _logs_bucket(build: Body, number: int, location: str) -> Body:
    options = build.get("options", {})
    if options.get("logging") in _UNLOGGED:
        return {}
    if build.get("logsBucket"):
        bucket = build["logsBucket"].removeprefix("gs://").rstrip("/")
        return {"logsBucket": f"gs://{bucket}"}
    if options.get("defaultLogsBucketBehavior") == "REGIONAL_USER_OWNED_BUCKET":
        return {"logsBucket": f"gs://{number}-{location}-cloudbuild-logs"}
    return {"logsBucket": f"gs://{number}.cloudbuild-logs.googleusercontent.com"}


def _approval(origin: Origin) -> Body:
    if not origin.approval:
        return {"status": "QUEUED"}
    return {"status": "PENDING", "approval": {"state": "PENDING", "config": {"approvalRequired": True}}}


def _refused(text: str, name: str) -> Exception:
    return invalid(f"invalid build: {text}", name)
