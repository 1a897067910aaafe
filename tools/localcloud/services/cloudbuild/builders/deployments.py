"""The changes that a deployment makes to a Cloud Run service or job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.engine.service import Body

_SEPARATED = re.compile(r"\^(.+?)\^(.*)", re.DOTALL)
_KEPT = ("labels", "annotations", "ingress", "traffic", "scaling", "invokerIamDisabled")
_OF_SERVICES = (("maxInstanceRequestConcurrency", "concurrency"),)
_OF_JOBS = (("maxRetries", "max_retries"),)


@dataclass(frozen=True)
class Deployment:
    """`kind` is "services" or "jobs", `flags` are gcloud's flags by name; `creates`: whether a missing resource is created."""

    kind: str
    flags: Mapping[str, Any]
    project: str
    creates: bool

    @property
    def name(self) -> str:
        """The full name of the service or job."""
        return f"projects/{self.project}/locations/{self.flags['region']}/{self.kind}/{self.flags['name']}"

    def changed(self, old: Mapping[str, Any]) -> Body:
        """The service or job to send; `old` is the existing one, {} if there is none."""
        unchanged = {key: old[key] for key in _KEPT if key in old}
        if self.kind == "services":
            return {**unchanged, "template": self._template(old.get("template", {}), _OF_SERVICES)}
        outer = dict(old.get("template", {}))
        numbers = {"taskCount": self.flags["tasks"], "parallelism": self.flags["parallelism"]}
        outer |= {key: value for key, value in numbers.items() if value is not None}
        return {**unchanged, "template": {**outer, "template": self._template(outer.get("template", {}), _OF_JOBS)}}

    def _template(self, old: Mapping[str, Any], fields: tuple[tuple[str, str], ...]) -> Body:
        """The template for revisions or tasks."""
        template = {key: value for key, value in old.items() if key != "revision"}
        first, *others = [dict(one) for one in template.get("containers", [{}])]
        template["containers"] = [self._container(first), *others]
        template |= {key: self.flags[flag] for key, flag in fields if self.flags[flag] is not None}
        limits = {"minInstanceCount": "min_instances", "maxInstanceCount": "max_instances"}
        scaling = {key: self.flags[flag] for key, flag in limits.items() if self.flags.get(flag) is not None}
        if scaling:
            template["scaling"] = {**template.get("scaling", {}), **scaling}
        if seconds := self.flags.get("task_timeout") or self.flags["timeout"]:
            template["timeout"] = f"{seconds.removesuffix('s')}s"
        if self.flags["service_account"]:
            template["serviceAccount"] = self.flags["service_account"]
        return template

    def _container(self, container: Body) -> Body:
        if self.flags["image"]:
            container["image"] = self.flags["image"]
        if self.flags.get("port"):
            container["ports"] = [{"containerPort": self.flags["port"]}]
        limits = {key: self.flags[key] for key in ("memory", "cpu") if self.flags[key]}
        if limits:
            resources = {"cpuIdle": True, **container.get("resources", {})}
            container["resources"] = {**resources, "limits": {**resources.get("limits", {}), **limits}}
        return self._environment(container)

    def _environment(self, container: Body) -> Body:
        flags = self.flags
        new: list[Body] = [
            {"name": key, "value": value} for key, value in pairs(flags["set_env_vars"] or flags["update_env_vars"])
        ]
        for key, value in pairs(flags["set_secrets"] or flags["update_secrets"]):
            secret, _, version = value.partition(":")
            new.append(
                {"name": key, "valueSource": {"secretKeyRef": {"secret": secret, "version": version or "latest"}}}
            )
        if not new:
            return container
        names = {one["name"] for one in new}
        old = [] if flags["set_env_vars"] else [one for one in container.get("env", []) if one["name"] not in names]
        return {**container, "env": old + new}


def pairs(text: str | None) -> list[tuple[str, str]]:
    """The key-value pairs in a flag such as A=1,B=2; a prefix of ^|^ sets another separator."""
    match = _SEPARATED.fullmatch(text or "")
    separator, rest = (match[1], match[2]) if match else (",", text or "")
    return [(key, value) for key, _, value in (one.partition("=") for one in rest.split(separator)) if key]
