"""Templates of revisions and tasks: containers, volumes and limits, validated and completed as Google does.

Source: https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#RevisionTemplate.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from localcloud.containers.bucket import NAME as BUCKET
from localcloud.containers.workload import VARIABLE_NAME
from localcloud.engine.iam import acting
from localcloud.engine.service import Body, Call
from localcloud.errors import invalid, not_found, permission_denied, unimplemented
from localcloud.services.run import limits

PORT = 8080
MOST_VARIABLES = 1000
RESERVED = frozenset({"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"})
JOB_RESERVED = frozenset(
    {"CLOUD_RUN_JOB", "CLOUD_RUN_EXECUTION", "CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_ATTEMPT", "CLOUD_RUN_TASK_COUNT"}
)
_SECONDS = re.compile(r"(\d{1,6})(?:\.\d+)?s")
_LONGEST_SERVICE, _LONGEST_JOB = 3600, 7 * 86_400
_VOLUME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PATH = re.compile(r"/[^:,\x00-\x1f]*")
_LONGEST_START = 240
_DEFAULT_PROBE = {"timeoutSeconds": 240, "periodSeconds": 240, "failureThreshold": 1}


def service(call: Call, template: Body) -> Body:
    """A service's template, validated and completed; 400 for what Google refuses."""
    where = "template"
    containers = _containers(template, where)
    serving = _serving(containers)
    template["containers"] = [
        _container(_allocated(each), f"{where}.containers[{at}]", RESERVED, serving=at == serving)
        for at, each in enumerate(containers)
    ]
    _check_volumes(template, where)
    template["timeout"] = _timeout(template.get("timeout") or "300s", f"{where}.timeout", _LONGEST_SERVICE)
    _set_concurrency(template, f"{where}.max_instance_request_concurrency")
    limits.check_service(template, where)
    _check_scaling(template.get("scaling", {}), where)
    return template | {"serviceAccount": account(call, template.get("serviceAccount", ""))}


def task(call: Call, template: Body) -> Body:
    """A job's task template, validated and completed; 400 for what Google refuses."""
    where = "template.template"
    containers = _containers(template, where)
    template["containers"] = [
        _container(each, f"{where}.containers[{at}]", JOB_RESERVED, serving=False) for at, each in enumerate(containers)
    ]
    limits.check_task(template["containers"], where)
    _check_volumes(template, where)
    template["timeout"] = _timeout(template.get("timeout") or "600s", f"{where}.timeout", _LONGEST_JOB)
    template.setdefault("maxRetries", 3)
    if not 0 <= template["maxRetries"] <= 10:
        raise invalid("max_retries must be between 0 and 10.", f"{where}.max_retries")
    return template | {"serviceAccount": account(call, template.get("serviceAccount", ""))}


def serving(template: Body) -> Body:
    """A stored template's serving container, the one with the port."""
    container: Body = template["containers"][_serving(template["containers"])]
    return container


def port(template: Body) -> int:
    """The port on which the serving container must listen."""
    return int(serving(template)["ports"][0]["containerPort"])


def seconds(duration: str) -> float:
    """The number of seconds in a duration such as "300s"."""
    return float(duration[:-1])


def account(call: Call, email: str) -> str:
    """The service account that the containers run as, by default Compute Engine's; it must exist, and the caller may act as it."""
    project = call.project or ""
    name = (email or acting.default(call.cloud, project)).rpartition("/")[2]
    if not acting.exists(call.cloud, name, project):
        raise not_found(f"Service account {name} does not exist.")
    if not acting.may(call.cloud, call.principal, name, project):
        raise permission_denied(
            f"Permission 'iam.serviceaccounts.actAs' denied on service account {name} (or it may not exist)."
        )
    return name


def _containers(template: Body, where: str) -> list[Body]:
    containers = template.get("containers") or []
    if not containers:
        raise invalid(f"{where}.containers must have at least one container.", f"{where}.containers")
    if len(containers) > 10:
        raise invalid(f"{where}.containers may have at most 10 containers.", f"{where}.containers")
    names = [each.get("name", "") for each in containers]
    if len(containers) > 1 and (not all(names) or len(set(names)) < len(names)):
        raise invalid("If there are several containers, each needs a unique name.", f"{where}.containers")
    for at, each in enumerate(containers):
        for other in each.get("dependsOn", ()):
            if other not in names or other == each.get("name"):
                raise invalid(
                    f"depends_on names {other}, which is not another container.", f"{where}.containers[{at}].depends_on"
                )
    return list(containers)


def _serving(containers: list[Body]) -> int:
    """The index of the serving container: the only one, or the only one with a port."""
    with_port = [at for at, each in enumerate(containers) if each.get("ports")]
    if len(containers) == 1:
        return 0
    if len(with_port) != 1:
        raise invalid(
            f"Revision template should contain exactly one container with an exposed port; this one has {len(with_port)}.",
            "template.containers",
        )
    return with_port[0]


def _allocated(container: Body) -> Body:
    """A service's container with defaults: if it sets any resources, its CPU is throttled only if they say so, as Google documents."""
    resources = container.get("resources") or {}
    return container | {"resources": {"cpuIdle": False, **resources}} if resources else container


def _container(body: Body, where: str, reserved: frozenset[str], *, serving: bool) -> Body:
    container = {key: value for key, value in body.items() if value not in ({}, [], "")}
    if not container.get("image"):
        raise invalid(f"{where}.image is required.", f"{where}.image")
    _check_variables(container.get("env", []), where, reserved)
    container["resources"] = limits.completed(container.get("resources", {}), where)
    ports = container.get("ports") or []
    if len(ports) > 1:
        raise invalid("A container may have only one port.", f"{where}.ports")
    if serving:
        given = ports[0] if ports else {}
        number = given.get("containerPort") or PORT
        if not 1 <= number <= 65_535:
            raise invalid(
                f"{where}.ports[0].container_port must be between 1 and 65535.", f"{where}.ports[0].container_port"
            )
        if given.get("name", "http1") not in {"http1", "h2c"}:
            raise invalid(f"{where}.ports[0].name: must be one of empty, 'http1' or 'h2c'.", f"{where}.ports[0].name")
        container["ports"] = [{"name": given.get("name") or "http1", "containerPort": number}]
        container["startupProbe"] = _probe(
            container.get("startupProbe") or dict(_DEFAULT_PROBE), f"{where}.startup_probe", number
        )
    elif container.get("startupProbe"):
        container["startupProbe"] = _probe(container["startupProbe"], f"{where}.startup_probe", 0)
    if container.get("livenessProbe"):
        fallback = container["ports"][0]["containerPort"] if serving else 0
        container["livenessProbe"] = _probe(container["livenessProbe"], f"{where}.liveness_probe", fallback)
    return container


def _check_variables(variables: list[Body], where: str, reserved: frozenset[str]) -> None:
    if len(variables) > MOST_VARIABLES:
        raise invalid(
            f"{where}.env may have at most {MOST_VARIABLES} variables; it has {len(variables)}.", f"{where}.env"
        )
    seen: set[str] = set()
    for at, each in enumerate(variables):
        name, field = each.get("name", ""), f"{where}.env[{at}]"
        if not VARIABLE_NAME.fullmatch(name):
            raise invalid(f"{field}.name is not a valid variable name.", f"{field}.name")
        if name in reserved:
            raise invalid(
                f"spec.{field}: The following reserved env names were provided: {name}. These values are automatically set by "
                "the system.",
                f"{field}.name",
            )
        if name in seen:
            raise invalid(f"{field}: the variable {name} is set twice.", f"{field}.name")
        seen.add(name)
        source = each.get("valueSource")
        if source is not None and not source.get("secretKeyRef", {}).get("secret"):
            raise invalid(f"{field}.value_source must name a secret.", f"{field}.value_source")


def _probe(sent: Body, where: str, fallback: int) -> Body:
    probe = {"timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3, **sent}
    kinds = [kind for kind in ("httpGet", "tcpSocket", "grpc") if kind in probe]
    if len(kinds) > 1:
        raise invalid(f"{where} may have only one of http_get, tcp_socket and grpc.", where)
    kind = kinds[0] if kinds else "tcpSocket"
    action = {**probe.get(kind, {})}
    action.setdefault("port", fallback or PORT)
    if kind == "httpGet":
        action.setdefault("path", "/")
        if not action["path"].startswith("/"):
            raise invalid(f"{where}.http_get.path must begin with a slash.", f"{where}.http_get.path")
    if probe["timeoutSeconds"] > probe["periodSeconds"]:
        raise invalid(f"{where}.timeout_seconds must not be longer than period_seconds.", f"{where}.timeout_seconds")
    if "startup" in where and probe["failureThreshold"] * probe["periodSeconds"] > _LONGEST_START:
        raise invalid(
            f"{where}: failure_threshold times period_seconds must not be more than {_LONGEST_START} seconds.", where
        )
    return probe | {kind: action}


def _set_concurrency(template: Body, field: str) -> None:
    """Sets the default concurrency if it is 0 or missing: 80 requests, or 1 with less than one CPU."""
    cores = sum(map(limits.cpus, template["containers"]))
    template["maxInstanceRequestConcurrency"] = template.get("maxInstanceRequestConcurrency") or (
        80 if cores >= 1 else 1
    )
    if not 1 <= template["maxInstanceRequestConcurrency"] <= 1000:
        raise invalid(f"{field}: Must be a number between 0 and 1000.", field)


def _timeout(text: str, where: str, longest: int) -> str:
    match = _SECONDS.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= longest:
        most = "one hour" if longest == _LONGEST_SERVICE else f"{longest // 3600} hours"
        raise invalid(f"{where}: {text} is out of range: it must be at least one second, and at most {most}.", where)
    return f"{int(match[1])}s"


def _check_scaling(scaling: Body, where: str) -> None:
    least, most = scaling.get("minInstanceCount", 0), scaling.get("maxInstanceCount", 0)
    for name, count in (("min", least), ("max", most)):
        if count < 0:
            field = f"{where}.scaling.{name}_instance_count"
            raise invalid(f"{field}: must be greater than or equal to zero.", field)
    if most and least > most:
        field = f"{where}.scaling.max_instance_count"
        raise invalid(f"{field}: must be greater than or equal to min_instance_count.", field)


def _check_volumes(template: Body, where: str) -> None:
    volumes = {each.get("name", ""): each for each in template.get("volumes", [])}
    for at, each in enumerate(template.get("volumes", [])):
        field = f"{where}.volumes[{at}]"
        if not _VOLUME.fullmatch(each.get("name", "")):
            raise invalid(
                f"{field}.name is required, and has up to 63 of the characters a-z, 0-9 and '-'.", f"{field}.name"
            )
        kinds = [kind for kind in ("secret", "gcs", "emptyDir", "cloudSqlInstance", "nfs", "filestore") if kind in each]
        if len(kinds) != 1:
            raise invalid(f"{field} must have one source, such as secret, gcs or empty_dir.", field)
        if kinds[0] == "secret":
            _check_files(each["secret"], f"{field}.secret")
        if kinds[0] == "gcs" and not BUCKET.fullmatch(each["gcs"].get("bucket", "")):
            raise invalid(f"{field}.gcs.bucket is required, as the name of a bucket.", f"{field}.gcs.bucket")
    if len(volumes) < len(template.get("volumes", [])):
        raise invalid(f"{where}.volumes: volume names must be unique.", f"{where}.volumes")
    shared = Counter(mount.get("name") for each in template["containers"] for mount in each.get("volumeMounts", []))
    for at, container in enumerate(template["containers"]):
        for mount in container.get("volumeMounts", []):
            field = f"{where}.containers[{at}].volume_mounts"
            if mount.get("name") not in volumes:
                raise invalid(
                    f"{field} names the volume {mount.get('name')!r}, which is not in {where}.volumes.", field
                )
            _check_mount(mount, field, alone=shared[mount["name"]] == 1 or read_only(volumes[mount["name"]]))


def read_only(volume: Body) -> bool:
    """Whether containers can only read a volume."""
    return "secret" in volume or bool(volume.get("gcs", {}).get("readOnly"))


def _check_files(source: Body, field: str) -> None:
    if not source.get("secret"):
        raise invalid(f"{field}.secret is required.", f"{field}.secret")
    for item in source.get("items", []):
        if not _is_inside(item.get("path", "")):
            raise invalid(f"{field}.items.path must be a relative path without '..'.", f"{field}.items.path")
    for mode in (source.get("defaultMode", 0), *(item.get("mode", 0) for item in source.get("items", []))):
        if not 0 <= mode <= 0o777:
            raise invalid(f"{field}: a mode must be between 0 and 0777 (octal); {mode:o} is not.", field)


def _check_mount(mount: Body, field: str, *, alone: bool) -> None:
    """Checks a mount. `alone`: nothing else writes to the volume, and so could redirect sub_path by a link before it is mounted."""
    if not _PATH.fullmatch(mount.get("mountPath", "")):
        raise invalid(f"{field}: mount_path must be an absolute path without ':' and ','.", field)
    if not (below := mount.get("subPath", "")):
        return
    if not _is_inside(below):
        raise invalid(f"{field}: sub_path must be a relative path in the volume, without '..', ':' and ','.", field)
    if not alone:
        raise unimplemented(
            f"The local cloud mounts a sub_path of a volume only where nothing else can write to that volume ({field})."
        )


def _is_inside(path: str) -> bool:
    return bool(_PATH.fullmatch(f"/{path}")) and not {"", ".", ".."} & set(path.split("/"))


def secrets_of(template: Body) -> Iterator[tuple[str, str, str]]:
    """(secret, version, field) for each secret that a template reads."""
    for at, container in enumerate(template["containers"]):
        for index, each in enumerate(container.get("env", [])):
            reference = each.get("valueSource", {}).get("secretKeyRef")
            if reference:
                field = f"spec.template.spec.containers[{at}].env[{index}].value_from.secret_key_ref.name"
                yield reference["secret"], reference.get("version") or "latest", field
    for at, volume in enumerate(template.get("volumes", [])):
        secret = volume.get("secret")
        for item in secret.get("items") or [{}] if secret else ():
            yield secret["secret"], str(item.get("version") or "latest"), f"spec.template.spec.volumes[{at}].secret"
