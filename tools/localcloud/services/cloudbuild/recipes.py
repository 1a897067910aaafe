"""A trigger's build: from the trigger itself or a file in the repository, with the commit's source and substitutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.errors import failed_precondition, invalid, unimplemented
from localcloud.services.cloudbuild.git import Git
from localcloud.services.cloudbuild.names import API
from localcloud.spec import conformance
from localcloud.spec.discovery import document

MOST_BYTES = 1 << 20
_MOST_NODES = 100_000
_AUTODETECTED = ("cloudbuild.yaml", "cloudbuild.yml", "cloudbuild.json")


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit to build; all "" for a trigger without a repository."""

    url: str = ""
    sha: str = ""
    branch: str = ""
    tag: str = ""
    git: Git | None = None

    @property
    def substitutions(self) -> dict[str, str]:
        """The built-in substitutions for it."""
        if not self.sha:
            return {}
        full = self.url.removesuffix(".git").partition("://")[2].partition("/")[2]
        values = {
            "COMMIT_SHA": self.sha,
            "REVISION_ID": self.sha,
            "SHORT_SHA": self.sha[:7],
            "REPO_NAME": full.rpartition("/")[2],
            "REPO_FULL_NAME": full,
            "BRANCH_NAME": self.branch,
            "TAG_NAME": self.tag,
            "REF_NAME": self.branch or self.tag,
        }
        return {key: value for key, value in values.items() if value}


def build(trigger: Mapping[str, Any], commit: Commit) -> tuple[Body, str]:
    """A trigger's build, and the path of its config file ("" without one); 400 if the file is missing or invalid."""
    if "build" in trigger:
        return dict(trigger["build"]), ""
    if commit.git is None:
        raise failed_precondition(f"Trigger {trigger['name']} reads its build from a repository, but has none.")
    path = trigger.get("filename") or trigger.get("gitFileSource", {}).get("path", "")
    for name in (path,) if path else _AUTODETECTED:
        text = commit.git.file(commit.sha, name)
        if text is not None:
            return read(text, name), name
    if not path and commit.git.file(commit.sha, "Dockerfile") is not None:
        raise unimplemented(
            "The local cloud does not build repositories with only a Dockerfile; add a cloudbuild.yaml."
        )
    raise failed_precondition(f"{path or ' or '.join(_AUTODETECTED)} is not in {commit.url} at {commit.sha[:7]}.")


def source(cloud: Cloud, trigger: Mapping[str, Any], commit: Commit) -> Body:
    """The source field for a commit's build."""
    if not commit.sha:
        return {}
    repository = trigger.get("repositoryEventConfig", {}).get("repository") or trigger.get("sourceToBuild", {}).get(
        "repository"
    )
    if repository and cloud.store.get(API, cloud.projects.named(repository)):
        return {"source": {"connectedRepository": {"repository": repository, "revision": commit.sha}}}
    return {"source": {"gitSource": {"url": commit.url, "revision": commit.sha}}}


def read(text: str, name: str) -> Body:
    """Parses a build config file; 400 with the file's name if it is invalid."""
    return conformance.check(document(API, "v1"), "Build", yaml(text, name))


def yaml(text: str, name: str) -> Body:
    """Parses a YAML or JSON file that must be a mapping; 400 with the file's name if it is invalid."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if len(text) > MOST_BYTES:
        raise invalid(f"{name} has more than {MOST_BYTES} characters.", name)
    reader = YAML(typ="safe", pure=True)
    reader.composer.warn_double_anchors = False  # YAML allows it
    try:
        node = reader.compose(text)
        # Counted before merges are applied, as a few lines of nested merges can expand to millions of nodes.
        reasonable = node is not None and _nodes(node) <= _MOST_NODES
        document_ = reader.constructor.construct_document(node) if reasonable else None
    except (YAMLError, ValueError, RecursionError) as problem:
        raise invalid(f"failed unmarshalling build config {name}: {str(problem).splitlines()[0]}", name) from None
    if not isinstance(document_, dict):
        raise invalid(f"failed unmarshalling build config {name}: it must be a mapping of a reasonable size.", name)
    plain: Body = _plain(document_)
    return plain


def _nodes(node: Any, left: int = _MOST_NODES) -> int:
    """The number of nodes, counted up to the limit; an alias counts each time it is used, against exponential expansion."""
    children = () if isinstance(node.value, str) else node.value
    count = 1
    for one in children:
        for child in one if isinstance(one, tuple) else (one,):
            if count > left:
                return count
            count += _nodes(child, left - count)
    return count


def _plain(value: Any) -> Any:
    """The value in JSON's types: keys are strings, and dates and the like become strings."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | bool | int | float) or value is None else str(value)
