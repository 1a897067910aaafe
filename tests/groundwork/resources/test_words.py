"""Modules and resource types are shown in the team's words."""

from __future__ import annotations

import pytest
from groundwork.resources.words import component, thing


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ('module.buckets["data"]', "bucket data"),
        ('module.secrets["wandb-api-key"]', "secret wandb-api-key"),
        ("module.deployer", "deployer identity"),
        ('module.something_new["a"]', "something new a"),
        ('module.outer.module.repositories["a.b"]', "image repository a.b"),
        ("module.workers[0]", "workers 0"),
        ("", "settings"),
    ],
)
def test_a_module_is_a_component(module: str, expected: str) -> None:
    assert component(module) == expected


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("google_storage_bucket", "bucket"),
        ("google_storage_bucket_iam_member", "grant"),
        ("google_project_iam_member", "grant"),
        ("google_pubsub_topic", "pubsub topic"),
    ],
)
def test_a_resource_type_is_a_thing(kind: str, word: str) -> None:
    assert thing(kind) == word
