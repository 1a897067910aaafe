"""The gcloud builder: deployments and training jobs, as builds order them, are requests that the local cloud makes itself, as the build's
account; every other command goes to this machine's gcloud, if there is one.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.services.cloudbuild import recipes
from localcloud.services.cloudbuild.docker import Arguments, NotUnderstood

Body = dict[str, Any]
_SEPARATED = re.compile(r"\^(.+?)\^(.*)", re.DOTALL)


class Beyond(Exception):
    """A command that means more than is understood here."""


class Deployment:
    """`gcloud run deploy` and `gcloud run services update`, as what it changes of a service."""

    def __init__(self, found: argparse.Namespace, project: str, *, creates: bool) -> None:
        self.creates = creates
        self.project = found.project or project
        self.region = found.region
        self.service = found.service
        self.public = found.allow_unauthenticated
        self._found = found

    @property
    def name(self) -> str:
        """The service's full name."""
        return f"projects/{self.project}/locations/{self.region}/services/{self.service}"

    def changed(self, service: Mapping[str, Any]) -> Body:
        """The service as it is to be, {} for a new one."""
        found, template = self._found, dict(service.get("template", {}))
        template.pop("revision", None)
        containers = [dict(one) for one in template.get("containers", [{}])]
        first = containers[0]
        if found.image:
            first["image"] = found.image
        if found.port:
            first["ports"] = [{"containerPort": found.port}]
        limits: Body = dict(first.get("resources", {}).get("limits", {}))
        limits |= {key: value for key, value in (("memory", found.memory), ("cpu", found.cpu)) if value}
        if limits:
            first["resources"] = dict(first.get("resources", {})) | {"limits": limits}
        self._set_env(first)
        template["containers"] = containers
        scaling = {
            key: value
            for key, value in (("minInstanceCount", found.min_instances), ("maxInstanceCount", found.max_instances))
            if value is not None
        }
        if scaling:
            template["scaling"] = {**template.get("scaling", {}), **scaling}
        if found.concurrency:
            template["maxInstanceRequestConcurrency"] = found.concurrency
        if found.timeout:
            template["timeout"] = f"{found.timeout.removesuffix('s')}s"
        if found.service_account:
            template["serviceAccount"] = found.service_account
        kept = {
            key: service[key]
            for key in ("labels", "annotations", "ingress", "traffic", "scaling", "invokerIamDisabled")
            if key in service
        }
        return {**kept, "template": template}

    def _set_env(self, container: Body) -> None:
        found = self._found
        new: list[Body] = [
            {"name": key, "value": value} for key, value in _pairs(found.set_env_vars or found.update_env_vars)
        ]
        new += [
            {"name": key, "valueSource": {"secretKeyRef": {"secret": secret, "version": version or "latest"}}}
            for key, value in _pairs(found.set_secrets or found.update_secrets)
            for secret, _, version in (value.partition(":"),)
        ]
        if new:
            names = {one["name"] for one in new}
            old = [] if found.set_env_vars else [one for one in container.get("env", []) if one["name"] not in names]
            container["env"] = old + new


def deployment(args: Sequence[str], project: str) -> Deployment:
    """What a command of Cloud Run's means; Beyond when it means more than is understood here."""
    words = [one for one in args if one not in ("--quiet", "-q")]
    creates = words[:2] == ["run", "deploy"]
    if not creates and words[:3] != ["run", "services", "update"]:
        raise Beyond
    try:
        found = _DEPLOY.parse_args([_spelt(one) for one in words[2 if creates else 3 :]])
    except NotUnderstood:
        raise Beyond from None
    if not found.region or (creates and not found.image):
        raise Beyond
    return Deployment(found, project, creates=creates)


def training(args: Sequence[str], project: str, files: Mapping[str, str]) -> tuple[str, Body]:
    """Parent and body of the custom job that `gcloud ai custom-jobs create` means; `files` answers for --config. Beyond as above."""
    words = [one for one in args if one not in ("--quiet", "-q")]
    if words[:3] != ["ai", "custom-jobs", "create"]:
        raise Beyond
    try:
        found = _TRAIN.parse_args([_spelt(one) for one in words[3:]])
    except NotUnderstood:
        raise Beyond from None
    if not (found.region and found.display_name and found.config):
        raise Beyond
    spec = recipes.yaml(files[found.config], found.config)
    pools = next((key for key in ("workerPoolSpecs", "worker_pool_specs") if key in spec), "workerPoolSpecs")
    if isinstance(spec.get(pools), dict):
        spec[pools] = [spec[pools]]
    for one in spec.get(pools, []):
        container = one.get("containerSpec") or one.get("container_spec")
        if container is not None:
            container |= {"args": found.args.split(",")} if found.args else {}
            container |= {"command": found.command.split(",")} if found.command else {}
    if found.service_account:
        spec["serviceAccount"] = found.service_account
    labels = {"labels": dict(_pairs(found.labels))} if found.labels else {}
    body: Body = {"displayName": found.display_name, "jobSpec": spec, **labels}
    return f"projects/{found.project or project}/locations/{found.region}", body


def config(args: Sequence[str]) -> str:
    """The file that a command names by --config; "" for none."""
    for at, one in enumerate(args):
        if one.startswith("--config="):
            return one.removeprefix("--config=")
        if one == "--config" and at + 1 < len(args):
            return args[at + 1]
    return ""


def _spelt(word: str) -> str:
    """gcloud takes flags with a value of true or false where argparse does not."""
    return word.removesuffix("=true") if word.startswith("--allow-unauthenticated=") else word


def _pairs(text: str | None) -> list[tuple[str, str]]:
    """The pairs of a flag such as A=1,B=2; ^|^ in front names another separator."""
    found = _SEPARATED.fullmatch(text or "")
    separator, rest = (found[1], found[2]) if found else (",", text or "")
    return [(key, value) for key, _, value in (one.partition("=") for one in rest.split(separator)) if key]


def _deploy_arguments() -> Arguments:
    parser = Arguments("gcloud run deploy")
    parser.add_argument("service")
    for name in (
        "image", "region", "platform", "project", "memory", "cpu", "timeout", "service-account", "set-env-vars", "update-env-vars",
        "set-secrets", "update-secrets", "format", "verbosity",
    ):  # fmt: skip
        parser.add_argument(f"--{name}")
    for name in ("port", "min-instances", "max-instances", "concurrency"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--allow-unauthenticated", action=argparse.BooleanOptionalAction, default=None)
    return parser


def _train_arguments() -> Arguments:
    parser = Arguments("gcloud ai custom-jobs create")
    for name in ("region", "display-name", "config", "project", "args", "command", "service-account", "labels"):
        parser.add_argument(f"--{name}")
    return parser


_DEPLOY = _deploy_arguments()
_TRAIN = _train_arguments()
