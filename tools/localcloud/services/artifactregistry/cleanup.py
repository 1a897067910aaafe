"""Cleanup policies: once a day, versions that a policy deletes and none keeps are removed.

Source: https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.services.artifactregistry.images import API, INDEXES, Images, Manifest
from localcloud.spec.timestamps import parse

CLEANUP = "cleanup"
DAY = 86_400.0
Policy = Mapping[str, Any]


def order(cloud: Cloud, repository: str, body: Mapping[str, Any]) -> None:
    """Schedules a repository's next cleanup, or cancels it if no policy is left."""
    if body.get("cleanupPolicies"):
        cloud.due.after(API, CLEANUP, repository, DAY)
    else:
        cloud.due.forget(API, repository, CLEANUP)


def happen(cloud: Cloud, repository: str, _moment: float) -> None:
    """Runs a cleanup, and schedules the next."""
    body = cloud.store.get(API, repository)
    if body is None:
        return
    images = Images(cloud, repository)
    if not body.get("cleanupPolicyDryRun") and body.get("format") == "DOCKER":
        for one in doomed(images, list(body.get("cleanupPolicies", {}).values()), cloud.clock.now().timestamp()):
            images.delete(one.image, one.digest)
    order(cloud, repository, body)


def doomed(images: Images, policies: Sequence[Policy], now: float) -> list[Manifest]:
    """The versions that a DELETE policy selects and no KEEP policy does; parts of a kept index are kept, too."""
    versions = images.manifests()
    tags = {image: images.tags(image) for image in {one.image for one in versions}}
    facts = [(one, [tag for tag, digest in tags[one.image].items() if digest == one.digest]) for one in versions]
    kept = {_key(one) for policy in policies if policy["action"] == "KEEP" for one in _chosen(policy, facts, now)}
    gone = [one for policy in policies if policy["action"] == "DELETE" for one in _chosen(policy, facts, now)]
    doomed_by_key = {_key(one): one for one in gone if _key(one) not in kept}
    parts = {
        (one.image, digest)
        for one in versions
        if one.media_type in INDEXES and _key(one) not in doomed_by_key
        for digest in one.references
    }
    return [one for key, one in doomed_by_key.items() if key not in parts]


def _chosen(policy: Policy, facts: Sequence[tuple[Manifest, list[str]]], now: float) -> Iterable[Manifest]:
    if "mostRecentVersions" in policy:
        return _most_recent(policy["mostRecentVersions"], [one for one, _ in facts])
    return [one for one, tags in facts if _meets(policy.get("condition", {}), one, tags, now)]


def _most_recent(wanted: Mapping[str, Any], versions: Sequence[Manifest]) -> list[Manifest]:
    prefixes = wanted.get("packageNamePrefixes", ())
    newest = sorted(versions, key=lambda one: (one.image, one.created), reverse=True)
    recent: list[Manifest] = []
    for one in newest:
        if not prefixes or one.image.startswith(tuple(prefixes)):
            same = sum(1 for other in recent if other.image == one.image)
            if same < wanted.get("keepCount", 0):
                recent.append(one)
    return recent


def _meets(condition: Mapping[str, Any], one: Manifest, tags: Sequence[str], now: float) -> bool:
    state = condition.get("tagState", "ANY")
    age = now - parse(one.created).timestamp()
    older, newer = condition.get("olderThan"), condition.get("newerThan")
    tests = [
        state in {"ANY", "TAG_STATE_UNSPECIFIED"} or (state == "TAGGED") == bool(tags),
        not older or age > _seconds(older),
        not newer or age < _seconds(newer),
        _begins(condition.get("packageNamePrefixes", ()), [one.image]),
        _begins(condition.get("versionNamePrefixes", ()), [one.digest]),
        _begins(condition.get("tagPrefixes", ()), tags),
    ]
    return all(tests)


def _begins(prefixes: Sequence[str], names: Sequence[str]) -> bool:
    return not prefixes or any(name.startswith(tuple(prefixes)) for name in names)


def _seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def _key(one: Manifest) -> tuple[str, str]:
    return one.image, one.digest
