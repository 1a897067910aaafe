"""Artifact Registry: repositories, their Docker images, and settings. Other formats are not stored: their lists are empty."""

from __future__ import annotations

import re
from typing import Any

from localcloud.engine import labels, places
from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Reply
from localcloud.engine.iam import roles
from localcloud.engine.service import Body, Call, Endpoints, Handler, Permission, Resource, Service, Site
from localcloud.errors import invalid, not_found
from localcloud.services.artifactregistry import artifacts, charges, cleanup, registry, rules
from localcloud.services.artifactregistry.images import SWEEP, TABLES, Images, swept
from localcloud.spec.discovery import snake
from localcloud.spec.fields import without_zeros

API = "artifactregistry"
MULTI_REGIONS = ("asia", "europe", "us")
NOT_SERVED = {"x-local-cloud": "simulated: repositories hold images only"}
_REPOSITORIES = "artifactregistry.projects.locations.repositories"
_DURATION = re.compile(r"\d+(?:\.\d{1,9})?s")
_HOSTS = {"GOOGET": "googet", "KFP": "kfp"}
_CONFIGS = {"dockerConfig": "DOCKER", "mavenConfig": "MAVEN"}
_MODES = {"virtualRepositoryConfig": "VIRTUAL_REPOSITORY", "remoteRepositoryConfig": "REMOTE_REPOSITORY"}


def created(call: Call, body: Body) -> Body:
    """A new repository, validated and completed."""
    location = call.path.split("/")[3]
    if location not in places.REGIONS and location not in MULTI_REGIONS:
        raise places.unknown(call, location)
    if body.get("format", "FORMAT_UNSPECIFIED") == "FORMAT_UNSPECIFIED":
        raise invalid("A repository must have a format, such as DOCKER.", "repository.format")
    if body.get("mode", "MODE_UNSPECIFIED") == "MODE_UNSPECIFIED":
        body["mode"] = "STANDARD_REPOSITORY"
    return _kept(call, body)


def changed(call: Call, _old: Body, new: Body) -> Body:
    """A patched repository, validated."""
    return _kept(call, new)


def _kept(call: Call, body: Body) -> Body:
    checked = _checked(body)
    if not call.params.get("validateOnly"):
        cleanup.order(call.cloud, checked["name"], checked)
        charges.schedule(call.cloud)
    return checked


def emptied(call: Call, body: Body) -> None:
    """Deletes a repository's contents with it."""
    Images(call.cloud, body["name"]).empty()
    call.cloud.due.forget(API, body["name"], cleanup.CLEANUP)


def presented(cloud: Cloud, body: Body) -> Body:
    """A stored repository as clients see it."""
    _, project, _, location, _, name = body["name"].split("/")
    host = _HOSTS.get(body["format"], body["format"].lower())
    return without_zeros(body, *_CONFIGS, *_MODES) | {
        "registryUri": f"{location}-{host}.pkg.dev/{project.replace(':', '/')}/{name}",
        "satisfiesPzi": True,
        "sizeBytes": str(Images(cloud, body["name"]).size),
        "vulnerabilityScanningConfig": _scanning(cloud, project, body),
    }


def _scanning(cloud: Cloud, project: str, body: Body) -> Body:
    config: Body = dict(body.get("vulnerabilityScanningConfig", {}))
    if body["format"] != "DOCKER":
        state, reason = "SCANNING_UNSUPPORTED", "This repository's format is not supported for vulnerability scanning."
    elif config.get("enablementConfig") == "DISABLED":
        state, reason = "SCANNING_DISABLED", "Vulnerability scanning is disabled for this repository."
    elif not cloud.projects.enabled(project, "containerscanning"):
        state, reason = "SCANNING_DISABLED", "API containerscanning.googleapis.com is not enabled."
    else:
        return config | {"enablementState": "SCANNING_ACTIVE"}
    return config | {"enablementState": state, "enablementStateReason": reason}


def _checked(body: Body) -> Body:
    for config, wanted in _CONFIGS.items():
        if config in body and body["format"] != wanted:
            raise invalid(f"{config} belongs to repositories of format {wanted}; this one is {body['format']}.", config)
    for config, wanted in _MODES.items():
        if config in body and body["mode"] != wanted:
            raise invalid(f"{config} belongs to repositories of mode {wanted}; this one is {body['mode']}.", config)
    if body["mode"] == "REMOTE_REPOSITORY":
        body = body | {"remoteRepositoryConfig": _source(body.get("remoteRepositoryConfig", {}))}
    if problem := labels.problem(body.get("labels", {}), "repository"):
        raise invalid(problem, "repository.labels")
    if len(body.get("description", "")) > 1024:
        raise invalid("The description may have at most 1024 characters.", "repository.description")
    policies = {name: _policy(name, policy) for name, policy in body.get("cleanupPolicies", {}).items()}
    return body | ({"cleanupPolicies": policies} if policies else {})


def _source(config: Body) -> Body:
    """Where a remote repository takes from, which is one place; credentials that were taken away leave nothing."""
    sources = [name for name in config if name.endswith("Repository")]
    if len(sources) != 1:
        raise invalid(
            "A remote repository must name one upstream, such as dockerRepository; this one names "
            f"{' and '.join(sources) or 'none'}.",
            "remoteRepositoryConfig",
        )
    credentials = config.get("upstreamCredentials", {}).get("usernamePasswordCredentials")
    return config if credentials else {name: one for name, one in config.items() if name != "upstreamCredentials"}


def _policy(name: str, policy: Body) -> Body:
    """A cleanup policy with its id; 400 if it is invalid."""
    where = f"repository.cleanup_policies[{name}]"
    if len(name) >= 128 or not name:
        raise invalid(
            f"The id of a cleanup policy must have 1 to 127 characters; {name[:40]!r} has {len(name)}.", where
        )
    if policy.get("id", name) != name:
        raise invalid(f"The cleanup policy {name} says that its id is {policy['id']}; both must be the same.", where)
    action = policy.get("action", "ACTION_UNSPECIFIED")
    kinds = [kind for kind in ("condition", "mostRecentVersions") if kind in policy]
    if action == "ACTION_UNSPECIFIED" or len(kinds) != 1:
        raise invalid(
            f"The cleanup policy {name} must have an action and either a condition or most_recent_versions.", where
        )
    if action == "DELETE" and kinds == ["mostRecentVersions"]:
        raise invalid(f"The cleanup policy {name} deletes; most_recent_versions is allowed only with KEEP.", where)
    condition = dict(policy.get("condition", {}))
    for field in {"olderThan", "newerThan"} & condition.keys():
        condition[field] = _duration(condition[field], f"{where}.condition.{snake(field)}")
    if condition.get("tagPrefixes") and condition.get("tagState") != "TAGGED":
        raise invalid(
            f"The cleanup policy {name} has tag_prefixes; they are allowed only with tag_state TAGGED.", where
        )
    return policy | {"id": name} | ({"condition": condition} if "condition" in policy else {})


def _duration(text: str, field: str) -> str:
    """A duration as Google writes it back: gcloud's "86400.0s" becomes "86400s"."""
    if not _DURATION.fullmatch(text):
        raise invalid(f"{field} [{text}] is not a duration in seconds, such as 86400s.", field)
    whole, _, fraction = text[:-1].partition(".")
    return f"{whole}.{fraction.rstrip('0')}s" if fraction.strip("0") else f"{whole}s"


def no_artifacts(call: Call) -> Reply:
    """A list of artifacts: empty, and a header says why."""
    name = "/".join(call.path.split("/")[:6])
    if call.cloud.store.get(API, name) is None:
        raise not_found(REPOSITORY.missing)
    return Reply(200, {}, NOT_SERVED)


def no_artifact(_call: Call) -> Body:
    """The 404 for any method on an artifact that is not an image."""
    raise not_found("Requested entity was not found. (The local cloud stores only images.)")


def list_locations(call: Call) -> Body:
    """Every region and multi-region in one page."""
    return {
        "locations": [_location(f"{call.name}/locations/{one}") for one in sorted((*places.REGIONS, *MULTI_REGIONS))]
    }


def get_location(call: Call) -> Body:
    if call.id not in places.REGIONS and call.id not in MULTI_REGIONS:
        raise not_found(f"Location {call.id} was not found.")
    return _location(call.name)


def _location(name: str) -> Body:
    identity = name.rpartition("/")[2]
    return {"name": name, "locationId": identity, "labels": {"cloud.googleapis.com/region": identity}}


def get_settings(call: Call) -> Body:
    """The settings of a project, or of a project in a location; the defaults if they were never changed."""
    name = call.path
    return {"name": name} | _DEFAULTS[name.rpartition("/")[2]] | (call.cloud.store.get(API, name) or {})


def update_settings(call: Call) -> Body:
    """Changes the masked settings; without a mask, all that were sent."""
    mask = call.params.get("updateMask", "")
    sent: dict[str, Any] = {key: value for key, value in call.body.items() if key != "name"}
    wanted = set(mask.split(",")) if mask not in ("", "*") else set(sent)
    chosen = {key: value for key, value in sent.items() if key in wanted or snake(key) in wanted}
    call.cloud.store.put(API, call.path, (call.cloud.store.get(API, call.path) or {}) | chosen)
    return get_settings(call)


_DEFAULTS: dict[str, Body] = {
    "projectSettings": {"legacyRedirectionState": "REDIRECTION_FROM_GCR_IO_DISABLED"},
    "projectConfig": {},
}
REPOSITORY = Resource(
    kind="Repository",
    id_param="repositoryId",
    id_rule=r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
    id_error=(
        "Invalid repository ID '{id}': it must begin with a lowercase letter, end with a letter or digit, and hold at most 63 "
        "lowercase letters, digits and hyphens."
    ),
    complete=created,
    changed=changed,
    present=presented,
    delete=emptied,
    immutable=("format", "mode", "kmsKeyName"),
    taken="the repository already exists",
    missing="Requested entity was not found.",
    update="mask",
    iam=True,
)
# Collections with what may be asked of one of their resources; those that artifacts.METHODS does not answer are always empty.
_COLLECTIONS = {
    "attachments": ("get", "delete"),
    "dockerImages": ("get",),
    "files": ("get", "patch", "delete"),
    "mavenArtifacts": ("get",),
    "npmPackages": ("get",),
    "packages": ("get", "patch", "delete"),
    "packages.tags": ("get", "create", "patch", "delete"),
    "packages.versions": ("get", "patch", "delete"),
    "pythonPackages": ("get",),
}
_SETTINGS = {
    "projects.getProjectSettings": ("projectsettings.get", get_settings),
    "projects.updateProjectSettings": ("projectsettings.update", update_settings),
    "projects.locations.getProjectConfig": ("projectconfigs.get", get_settings),
    "projects.locations.updateProjectConfig": ("projectconfigs.update", update_settings),
}


def _methods() -> dict[str, Handler]:
    methods: dict[str, Handler] = {
        f"{API}.projects.locations.list": list_locations,
        f"{API}.projects.locations.get": get_location,
    }
    for collection, verbs in _COLLECTIONS.items():
        methods[f"{_REPOSITORIES}.{collection}.list"] = no_artifacts
        methods |= dict.fromkeys((f"{_REPOSITORIES}.{collection}.{verb}" for verb in verbs), no_artifact)
    return {**methods, **artifacts.METHODS} | {f"{API}.{name}": method for name, (_, method) in _SETTINGS.items()}


def _permissions() -> dict[str, Permission]:
    """Permission names are in lower case where method ids are not."""
    permissions: dict[str, Permission] = {f"{API}.{name}": f"{API}.{needed}" for name, (needed, _) in _SETTINGS.items()}
    for collection, verbs in _COLLECTIONS.items():
        for verb in ("list", *verbs):
            needed = "update" if verb == "patch" else verb
            permissions[f"{_REPOSITORIES}.{collection}.{verb}"] = (
                f"{API}.{collection.rpartition('.')[2].lower()}.{needed}"
            )
    return permissions


_RPC = "google.devtools.artifactregistry.v1.ArtifactRegistry"
_COLLECTION = "projects.locations.repositories"
_PARTS = {
    "packages": "Package",
    "packages.tags": "Tag",
    "packages.versions": "Version",
    "rules": "Rule",
    "files": "File",
}
SERVICE = Service(
    api=API,
    versions=("v1", "v1beta2"),
    title="Artifact Registry API",
    agent="service-{number}@gcp-sa-artifactregistry.iam.gserviceaccount.com",
    roles=roles.beside(__file__, "artifactregistry."),
    endpoints=Endpoints(terraform={"ARTIFACT_REGISTRY": "v1/"}, gcloud=""),
    resources={"projects.locations.repositories": REPOSITORY, "projects.locations.repositories.rules": rules.RULE},
    methods=_methods(),
    permissions=_permissions(),
    proto="google.devtools.artifactregistry.v1",
    audited={_COLLECTION: f"{_RPC}.*Repository"}
    | {f"{_COLLECTION}.{part}": f"{_RPC}.*{noun}" for part, noun in _PARTS.items()},
    tables=TABLES,
    due={SWEEP: swept, cleanup.CLEANUP: cleanup.happen, charges.HOUR: charges.hour},
    skus=(charges.STORED,),
    sites=(Site(registry.application, name="docker", hosts=(f"*{registry.HOST}",), prefix="v2/"),),
    encoded_slashes="decoded",
    enum_numbers={
        "Repository.format": {
            0: "FORMAT_UNSPECIFIED",
            1: "DOCKER",
            2: "MAVEN",
            3: "NPM",
            5: "APT",
            6: "YUM",
            7: "GOOGET",
            8: "PYTHON",
            9: "KFP",
            10: "GO",
            11: "GENERIC",
            12: "RUBY",
        }
    },
)
