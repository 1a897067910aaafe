"""Data that is duplicated for two readers is the same in both places: regions, personas, own buckets, every key and default of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from groundwork.environment import own_buckets
from groundwork.environment.json_schema import completed
from localcloud.engine import places
from localcloud.services.storage import locations
from ruamel.yaml import YAML

from tests.terraform_runs import ROOT, Terraform

SCHEMA = json.loads((ROOT / "envs" / "schema.json").read_text(encoding="utf-8"))
# What the CLI reads alone.
ELSEWHERE = ("cloud", "cost", "policy")
MINIMAL: dict[str, Any] = {
    "project": "my-project",
    "region": "europe-west1",
    "alerts": {},
    "budget": {"amount": 20},
    "buckets": {"data": {}},
    "builds": {"api": {}},
    "functions": {"prepare": {"trigger": {"bucket": "data"}}},
    "github": {"repository": "team/cats", "owner_id": "42"},
    "identities": {name: {"description": "Works."} for name in ("build", "function", "serve", "train")},
    "jobs": {"drift": {"identity": "train"}},
    "members": {"alice@example.com": {"role": "viewer"}},
    "repositories": {"images": {}},
    "secrets": {"key": {}},
    "services": {"api": {"sidecars": {"metrics": {"image": "x"}}}},
    "training": {"train": {}},
    "workstations": {"work": {"identity": "train"}},
}
# Every key with a value that is not its default.
FULL: dict[str, Any] = {
    "project": "my-project",
    "region": "europe-north2",
    "protected": True,
    "labels": {"team": "cats"},
    "alerts": {
        "notify": ["cats@example.com"], "errors": 0.5, "latency_seconds": 0.5, "memory": 0.8, "jobs": False, "revisions": True, "uptime": True,
    },
    "budget": {"amount": 20, "billing_account": "012345-6789AB-CDEF01", "currency": "DKK", "notify": ["a@example.com"], "thresholds": [0.9]},
    "buckets": {
        "data": {
            "dvc": True, "force_destroy": True, "noncurrent_versions": {"days": 7, "keep": 9}, "soft_delete_days": 14,
            "storage_class": "NEARLINE", "versioning": False, "called": "made-by-hand", "location": "eu",
        }
    },
    "github": {"repository": "team/cats", "owner_id": "42", "repository_id": "77", "branch": "master", "pool": "other", "connected": True},
    "builds": {
        "api": {
            "identity": "train", "branch": "dev", "tag": "v.*", "by_hand": True, "paths": ["api/**"], "repository": "own", "image": "x",
            "dir": "api", "dockerfile": "Other", "deploys": ["api"], "file": "build.yaml", "machine_type": "E2_HIGHCPU_8",
            "timeout_minutes": 7, "substitutions": {"_X": "1"}, "secrets": {"KEY": "key"},
        }
    },
    "identities": {
        "train": {
            "description": "Trains.", "buckets": {"data": "read"}, "repositories": {"own": "write"},
            "services": {"api": "call"}, "functions": {"prepare": "call"}, "jobs": {"drift": "run"}, "submits": ["builds"], "github": "main",
            "project_roles": ["roles/logging.logWriter"], "users": ["viewer"], "called": "by-hand",
        }
    },
    "jobs": {
        "drift": {
            "identity": "train", "image": "x.y/z", "args": ["--all"], "cpu": 2, "memory": "4Gi", "tasks": 2, "retries": 0,
            "timeout_minutes": 5, "schedule": "0 6 * * 1", "time_zone": "Europe/Copenhagen", "env": {"A": "1"},
            "secrets": {"KEY": "key"}, "buckets": {"data": "read"}, "local_command": ["python", "drift.py"],
        }
    },
    "functions": {
        "prepare": {
            "source": "code", "entry_point": "main", "runtime": "python313", "identity": "train", "build_identity": "train",
            "repository": "own", "public": True, "cpu": 2, "memory": "4Gi", "min_instances": 1, "max_instances": 2, "concurrency": 8,
            "timeout_seconds": 90, "env": {"A": "1"}, "secrets": {"KEY": "key"}, "buckets": {"data": "read"},
            "trigger": {"bucket": "data", "event": "deleted", "retry": True},
        }
    },
    "services": {
        "api": {
            "identity": "train", "public": True, "image": "x.y/z", "port": 8000, "local_command": ["python"], "health": "/health", "http2": True, "cpu": 2, "memory": "4Gi",
            "min_instances": 1, "max_instances": 2, "concurrency": 8, "timeout_seconds": 60, "env": {"A": "1"},
            "secrets": {"KEY": "key"}, "buckets": {"data": "read"},
            "sidecars": {"metrics": {"image": "x.y/z", "args": ["a"], "env": {"B": "2"}, "memory": "1Gi"}},
        }
    },
    "training": {
        "train": {
            "identity": "train", "image": "own/x", "args": ["a"], "env": {"A": "1"}, "machine_type": "n1-highmem-2",
            "accelerator": "NVIDIA_TESLA_T4", "accelerator_count": 2, "timeout_minutes": 5, "output": "data", "tensorboard": True,
            "local_command": ["python", "train.py"],
        }
    },
    "workstations": {
        "work": {
            "identity": "train", "machine_type": "n1-standard-4", "zone": "c", "accelerator": "nvidia-tesla-t4", "accelerator_count": 2,
            "image": "debian-cloud/debian-12", "disk_gb": 100, "idle_minutes": 30, "max_hours": 8, "spot": True,
        }
    },
    "members": {"alice@example.com": {"role": "viewer", "type": "group"}},
    "repositories": {"own": {"description": "Own", "keep": 9, "delete_after_days": 7}},
    "secrets": {"key": {"readers": ["train"], "location": "automatic"}},
}  # fmt: skip


def caller(folder: Path, *files: dict[str, Any]) -> Terraform:
    """A root module that reads the files as the layers do, one output each."""
    (folder / "infra").symlink_to(ROOT / "infra")
    root = folder / "root"
    root.mkdir()
    blocks = []
    for number, values in enumerate(files):
        YAML().dump(values, folder / f"env-{number}.yaml")
        path = f'"${{path.module}}/../env-{number}.yaml"'
        blocks.append(
            f'module "file_{number}" {{\n  source = "../infra/environment"\n  path = {path}\n'
            f'  values = yamldecode(file({path}))\n}}\noutput "file_{number}" {{\n  value = module.file_{number}.values\n}}\n'
        )
    (root / "main.tf").write_text("".join(blocks), encoding="utf-8")
    terraform = Terraform(root)
    terraform.succeed("init", "-no-color")
    return terraform


def paths(part: dict[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The places of all keys in a schema; "*" is any name."""
    for name, inner in part.get("properties", {}).items():
        if place or name not in ELSEWHERE:
            yield (*place, name)
            yield from paths(inner, (*place, name))
    if isinstance(part.get("additionalProperties"), dict):
        yield from paths(part["additionalProperties"], (*place, "*"))


def keys(value: Any, schema: dict[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The places of all keys in a value, as `paths` names them."""
    if isinstance(value, dict):
        named = "properties" in schema
        for name, inner in value.items():
            below = schema["properties"].get(name, {}) if named else schema.get("additionalProperties", {})
            if named:
                yield (*place, name)
            yield from keys(inner, below if isinstance(below, dict) else {}, (*place, name if named else "*"))


def with_nulls(schema: dict[str, Any], value: Any) -> Any:
    """The value as Terraform sees it: omitted keys without a default are null."""
    if not isinstance(value, dict):
        return value
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    rest = others if isinstance(others, dict) else {}
    filled = {**dict.fromkeys(properties), **value}
    return {name: with_nulls(properties.get(name, rest), inner) for name, inner in filled.items()}


def without_elsewhere(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in ELSEWHERE}


def test_the_local_cloud_has_the_regions_that_a_file_may_name() -> None:
    assert SCHEMA["properties"]["region"]["enum"] == sorted(places.REGIONS)
    for region in places.REGIONS:
        assert locations.kind_of(region.upper(), custom_placement=False) == "region"


def test_terraform_gives_groundworks_own_buckets_the_same_names() -> None:
    outputs = (ROOT / "infra" / "environment" / "outputs.tf").read_text(encoding="utf-8")
    names = re.findall(r'"\$\{var\.values\.project\}(-\w+)"', outputs)
    assert sorted(names) == sorted(own_buckets.names(""))


def test_a_file_may_name_the_existing_personas() -> None:
    personas = list(json.loads((ROOT / "modules" / "team_access" / "personas.json").read_text(encoding="utf-8")))
    properties = SCHEMA["properties"]
    assert properties["members"]["additionalProperties"]["properties"]["role"]["enum"] == personas
    assert properties["identities"]["additionalProperties"]["properties"]["users"]["items"]["enum"] == personas


def test_the_full_file_here_has_every_key_of_the_schema() -> None:
    assert set(keys(FULL, SCHEMA)) == set(paths(SCHEMA))


def test_terraform_knows_every_key_and_fills_in_the_same_defaults(tmp_path: Path) -> None:
    terraform = caller(tmp_path, MINIMAL, FULL)
    terraform.succeed("apply", "-auto-approve", "-no-color")
    minimal, full = (terraform.outputs()[name] for name in ("file_0", "file_1"))
    assert full == FULL
    expected = without_elsewhere(with_nulls(SCHEMA, completed(SCHEMA, MINIMAL)))
    expected["buckets"]["data"]["versioning"] = False  # the schema leaves it to `dvc`
    assert minimal == expected


def test_terraform_asks_for_the_keys_that_the_schema_asks_for(tmp_path: Path) -> None:
    required = [(*place, name) for place, part in _parts(SCHEMA) for name in part.get("required", ())]
    required = [place for place in required if place[0] not in ELSEWHERE]
    assert len(required) > 6
    terraform = caller(tmp_path, *(_lacking(MINIMAL, place) for place in required))
    complaints = terraform.fail("plan", "-no-color")
    for place in required:
        assert f'attribute "{place[-1]}" is required' in complaints
    assert complaints.count("Error: ") == len(required)


def _parts(part: dict[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    yield place, part
    for name, inner in part.get("properties", {}).items():
        yield from _parts(inner, (*place, name))
    if isinstance(part.get("additionalProperties"), dict):
        yield from _parts(part["additionalProperties"], (*place, "*"))


def _lacking(value: dict[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    """A copy without the key at a place; "*" is the only name there."""
    name, *rest = place
    name = next(iter(value)) if name == "*" else name
    if not rest:
        return {key: inner for key, inner in value.items() if key != name}
    return {**value, name: _lacking(value[name], tuple(rest))}
