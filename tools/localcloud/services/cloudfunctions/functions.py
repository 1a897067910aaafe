"""The methods of functions: they check and store what is asked for, and deployments.py carries it out."""

from __future__ import annotations

import re
from contextlib import suppress

from localcloud.engine import lro, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import acting
from localcloud.engine.labels import problem as labels_problem
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, already_exists, invalid, not_found, permission_denied, unimplemented
from localcloud.services.cloudfunctions import names, runtimes, settings, sources, triggers
from localcloud.services.cloudfunctions.names import API, FunctionName
from localcloud.spec import fields

DEPLOY = "deploy"
KIND = "Function"
_ID = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LONGEST_EVENT = 540
"""Seconds that a function may take for an event. Source: https://cloud.google.com/functions/docs/configuring/timeout."""
_BUSY = ("DEPLOYING", "DELETING")
_ACCOUNT = re.compile(r"projects/[^/]+/serviceAccounts/[^/]+")
_REPOSITORY = re.compile(r"projects/[a-z0-9:.-]+/locations/[a-z0-9-]+/repositories/[a-z0-9-]+")


def create(call: Call) -> Body:
    """functions.create: stores the function at once; its operation ends when it is built and serves."""
    identity = str(call.params.get("functionId") or call.body.get("name", "").rpartition("/")[2])
    if not re.fullmatch(_ID, identity):
        raise invalid(
            f"Invalid function name {identity!r}: it must begin with a lowercase letter, have at most 63 lowercase letters, digits "
            "and hyphens, and not end with a hyphen.",
            "function_id",
        )
    return _created(call, f"{call.path}/{identity}", dict(call.body))


def patch(call: Call) -> Body:
    """functions.patch: stores the changed function; its operation ends when that serves."""
    old = call.cloud.store.get(API, call.name)
    if old is None:
        raise not_found(f"Resource '{call.name}' was not found")
    _check_idle(old)
    schemas, mask = call.document.schemas, call.params.get("updateMask", "")
    new = (
        fields.updated(old, call.body, mask, schemas, KIND) if mask else fields.replaced(old, call.body, schemas, KIND)
    )
    _forget_generation(old["buildConfig"], new.get("buildConfig", {}))
    new = _completed(call, call.name, new) | {"state": "DEPLOYING"}
    new.pop("stateMessages", None)
    standard.saved(call, RESOURCE, call.name, new)
    return lro.started(call, DEPLOY, {"function": call.name, "before": old}, kind=KIND)


def delete(call: Call) -> Body:
    """functions.delete: deletes its service, trigger, image and source, too."""
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise not_found(f"Resource '{call.name}' was not found")
    _check_idle(body)
    cloud, name = call.cloud, FunctionName.of(call.name)
    triggers.delete(cloud, name, body.get("eventTrigger", {}))
    _remove_service(cloud, name)
    bucket = f"gcf-v2-sources-{cloud.projects.number(name.project)}-{name.region}"
    image = f"artifactregistry/v1/{name.place}/repositories/{names.REPOSITORY}/packages/{name.package}"
    for path in (f"storage/v1/b/{bucket}/o/{name.id}%2Ffunction-source.zip", image):
        with suppress(CloudError):
            names.ask(cloud, name.project, "DELETE", path)
    standard.remove(cloud, API, call.name)
    return lro.finished(call)


def _remove_service(cloud: Cloud, name: FunctionName) -> None:
    """Deletes the service of Cloud Run, unless it was somebody else's all along."""
    with suppress(CloudError):
        service = names.ask(cloud, name.project, "GET", f"run/v2/{name.service}")
        if settings.MANAGED.items() <= service.get("labels", {}).items():
            names.ask(cloud, name.project, "DELETE", f"run/v2/{name.service}")


def _created(call: Call, name: str, sent: Body) -> Body:
    if call.cloud.store.get(API, name) is not None:
        raise already_exists(f"Resource '{name}' already exists")
    body = _completed(call, name, sent) | {"state": "DEPLOYING", "environment": "GEN_2"}
    standard.add_child(call, RESOURCE, name, body)
    return lro.started(call, DEPLOY, {"function": name}, kind=KIND, target=name)


def _completed(call: Call, full: str, body: Body) -> Body:
    """A function with its defaults; 400 or 403 for settings that are refused."""
    name, cloud = FunctionName.of(full), call.cloud
    if problem := labels_problem(body.get("labels", {}), "function"):
        raise invalid(problem, "function.labels")
    if body.get("environment", "GEN_2") == "GEN_1":
        raise unimplemented("The local cloud has functions of the second generation only.")
    body = {key: value for key, value in body.items() if value not in ("", {})} | {"name": full}
    default = acting.default(cloud, name.project)
    config = settings.completed(body.get("serviceConfig", {}), name, default)
    build = _build(cloud, name, body.get("buildConfig", {}))
    sources.check_entry_point(build)
    accounts = [config["serviceAccountEmail"], build["serviceAccount"].rpartition("/")[2]]
    url = f"https://{name.region}-{name.project}.cloudfunctions.net/{name.id}"
    body |= {"serviceConfig": config, "buildConfig": build, "url": url}
    if trigger := body.get("eventTrigger"):
        if config["timeoutSeconds"] > _LONGEST_EVENT:
            raise invalid(
                f"timeout_seconds may be {_LONGEST_EVENT} at most for a function with an event trigger.",
                "function.service_config.timeout_seconds",
            )
        body["eventTrigger"] = triggers.completed(cloud, name, trigger)
        accounts.append(body["eventTrigger"]["serviceAccountEmail"])
    for email in dict.fromkeys(accounts):
        _check_account(call, email)
    if trigger:
        triggers.check(cloud, name, body["eventTrigger"])
    return body


def _build(cloud: Cloud, name: FunctionName, sent: Body) -> Body:
    """A function's buildConfig with its defaults."""
    runtimes.check(sent.get("runtime", ""))
    _check_source(sent.get("source", {}))
    account = (
        sent.get("serviceAccount") or f"projects/{name.project}/serviceAccounts/{acting.default(cloud, name.project)}"
    )
    if _ACCOUNT.fullmatch(account) is None:
        raise invalid(
            f"Invalid service account {account!r}: write projects/PROJECT/serviceAccounts/EMAIL.",
            "function.build_config.service_account",
        )
    if not _REPOSITORY.fullmatch(sent.get("dockerRepository") or f"{name.place}/repositories/{names.REPOSITORY}"):
        raise invalid(
            f"Invalid repository {sent['dockerRepository']!r}: write projects/PROJECT/locations/REGION/repositories/NAME.",
            "function.build_config.docker_repository",
        )
    build = {
        "dockerRegistry": "ARTIFACT_REGISTRY",
        "dockerRepository": f"{name.place}/repositories/{names.REPOSITORY}",
        **{key: value for key, value in sent.items() if value != ""},
        "serviceAccount": account,
    }
    if "onDeployUpdatePolicy" not in build:
        build.setdefault("automaticUpdatePolicy", {})
    return build


def _check_source(source: Body) -> None:
    """501 for anything but an archive in Cloud Storage, 400 for an incomplete one."""
    if "repoSource" in source or "gitUri" in source:
        raise unimplemented("The local cloud builds functions from archives in Cloud Storage (storage_source) only.")
    if not all(source.get("storageSource", {}).get(field) for field in ("bucket", "object")):
        raise invalid(
            "build_config.source.storage_source must have a bucket and an object.",
            "function.build_config.source.storage_source",
        )


def _forget_generation(old: Body, new: Body) -> None:
    """Drops the generation of the copy, which hashicorp/google reads and sends back with a source in another bucket."""
    copy, source = (one.get("source", {}).get("storageSource", {}) for one in (old, new))
    if source.get("bucket") != copy.get("bucket") and source.get("generation") == copy.get("generation"):
        source.pop("generation", None)


def _check_account(call: Call, email: str) -> None:
    """The account must exist, and the caller may act as it."""
    project = call.project or ""
    if not acting.exists(call.cloud, email, project):
        raise not_found(f"Service account {email} was not found.")
    if not acting.may(call.cloud, call.principal, email, project):
        account = f"projects/{project}/serviceAccounts/{email}"
        raise permission_denied(
            f"Caller is missing permission 'iam.serviceaccounts.actAs' on service account {account}. Grant the role "
            f"'roles/iam.serviceAccountUser' to the caller on the service account {account}. You can do that by running 'gcloud iam "
            f"service-accounts add-iam-policy-binding {email} --member=MEMBER --role=roles/iam.serviceAccountUser --project={project}' where "
            "MEMBER has a prefix like 'user:' or 'serviceAccount:'."
        )


def _check_idle(body: Body) -> None:
    if body["state"] in _BUSY:
        raise CloudError(409, "ABORTED", "unable to queue the operation")


RESOURCE = Resource(kind=KIND, id_param="functionId", missing="Resource '{name}' was not found", iam=True)
