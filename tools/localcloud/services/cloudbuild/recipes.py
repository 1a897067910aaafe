"""The build of a trigger: from the trigger itself or from a file in the repository, with the commit's source and substitutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.errors import failed_precondition, invalid, unimplemented
from localcloud.services.cloudbuild.git import Git
from localcloud.services.cloudbuild.names import API
from localcloud.spec import conformance
from localcloud.spec.discovery import document

Body = dict[str, Any]
MOST_BYTES = 1 << 20
_MOST_NODES = 100_000
_AUTODETECTED = ("cloudbuild.yaml", "cloudbuild.yml", "cloudbuild.json")


@dataclass(frozen=True, slots=True)
class Commit:
    """What is to be built of a repository; all "" for a trigger without one."""

    url: str = ""
    sha: str = ""
    branch: str = ""
    tag: str = ""
    git: Git | None = None

    @property
    def substitutions(self) -> dict[str, str]:
        """What a trigger knows of it."""
        if not self.sha:
            return {}
        full = self.url.removesuffix(".git").partition("://")[2].partition("/")[2]
        found = {
            "COMMIT_SHA": self.sha,
            "REVISION_ID": self.sha,
            "SHORT_SHA": self.sha[:7],
            "REPO_NAME": full.rpartition("/")[2],
            "REPO_FULL_NAME": full,
            "BRANCH_NAME": self.branch,
            "TAG_NAME": self.tag,
            "REF_NAME": self.branch or self.tag,
        }
        return {key: value for key, value in found.items() if value}


def build(trigger: Mapping[str, Any], commit: Commit) -> tuple[Body, str]:
    """The build that a trigger means, and the path of the file it stands in, "" for none; 400 for a file that is none or missing."""
    if "build" in trigger:
        return dict(trigger["build"]), ""
    if commit.git is None:
        raise failed_precondition(f"Trigger {trigger['name']} reads its build from a repository and has none.")
    path = trigger.get("filename") or trigger.get("gitFileSource", {}).get("path", "")
    for name in (path,) if path else _AUTODETECTED:
        text = commit.git.file(commit.sha, name)
        if text is not None:
            return read(text, name), name
    if not path and commit.git.file(commit.sha, "Dockerfile") is not None:
        raise unimplemented("The local cloud builds no repository that has a Dockerfile alone; add a cloudbuild.yaml.")
    raise failed_precondition(f"{path or ' or '.join(_AUTODETECTED)} is not in {commit.url} at {commit.sha[:7]}.")


def source(cloud: Cloud, trigger: Mapping[str, Any], commit: Commit) -> Body:
    """The source of the build of a commit."""
    if not commit.sha:
        return {}
    named = trigger.get("repositoryEventConfig", {}).get("repository") or trigger.get("sourceToBuild", {}).get(
        "repository"
    )
    if named and cloud.store.get(API, cloud.projects.named(named)):
        return {"source": {"connectedRepository": {"repository": named, "revision": commit.sha}}}
    return {"source": {"gitSource": {"url": commit.url, "revision": commit.sha}}}


def read(text: str, name: str) -> Body:
    """A build config file as a build; 400 in words that name the file."""
    return conformance.check(document(API, "v1"), "Build", yaml(text, name))


def yaml(text: str, name: str) -> Body:
    """A YAML or JSON file that holds a mapping; 400 in words that name the file."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if len(text) > MOST_BYTES:
        raise invalid(f"{name} has more than {MOST_BYTES} characters.", name)
    reader = YAML(typ="safe", pure=True)
    try:
        node = reader.compose(text)
        # Counted before anything is merged: a few lines of merges of merges would be millions.
        usual = node is not None and _nodes(node) <= _MOST_NODES
        found = reader.constructor.construct_document(node) if usual else None
    except (YAMLError, ValueError, RecursionError) as problem:
        raise invalid(f"failed unmarshalling build config {name}: {str(problem).splitlines()[0]}", name) from None
    if not isinstance(found, dict):
        raise invalid(f"failed unmarshalling build config {name}: it holds no mapping of a usual size.", name)
    plain: Body = _plain(found)
    return plain


def _nodes(node: Any, left: int = _MOST_NODES) -> int:
    """How many nodes there are, counted no further than is needed to refuse: an alias counts as often as it stands for something."""
    inner = () if isinstance(node.value, str) else node.value
    count = 1
    for one in inner:
        for child in one if isinstance(one, tuple) else (one,):
            if count > left:
                return count
            count += _nodes(child, left - count)
    return count


def _plain(value: Any) -> Any:
    """As JSON has it: keys are text; a duration, an environment variable or a substitution may have been read as a number."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | bool | int | float) or value is None else str(value)
