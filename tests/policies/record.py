"""`python -m tests.policies.record`: plans every case with the real provider and stores the parts of the plan that the tests read.

It needs Terraform and hashicorp/google, from the registry or a mirror; nothing is called at Google, for nothing is refreshed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from policies import catalogue

from tests.policies.cases import FOLDER, VERDICTS, fingerprint

RECORDED = Path(__file__).parent / "plan_of_cases.json"
# Reading a secret takes a cloud.
NOT_PLANNED = {"secret_values_are_not_read_into_state"}
_HEAD = """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "7.45.0"
    }
  }
}

provider "google" {
  project                         = "team-project"
  region                          = "europe-west1"
  add_terraform_attribution_label = false
}
"""


def main() -> None:
    """Plan, trim, write."""
    with tempfile.TemporaryDirectory() as name:
        plan = _plan(Path(name))
    kept = {"cases": fingerprint(), "plan": _trimmed(plan)}
    RECORDED.write_text(json.dumps(kept, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")


def _plan(folder: Path) -> dict[str, Any]:
    calls = [_HEAD]
    for name in catalogue.names():
        for verdict in VERDICTS if name not in NOT_PLANNED else ():
            module = f"{name}_{verdict}"
            (folder / "modules" / module).mkdir(parents=True)
            shutil.copyfile(FOLDER / name / f"{verdict}.tf", folder / "modules" / module / "main.tf")
            calls.append(f'module "{module}" {{\n  source = "./modules/{module}"\n}}\n')
    (folder / "main.tf").write_text("\n".join(calls), encoding="utf-8")
    env = {**os.environ, "GOOGLE_OAUTH_ACCESS_TOKEN": "none", "TF_IN_AUTOMATION": "1"}
    for command in (["init", "-input=false"], ["plan", "-refresh=false", "-input=false", "-out=saved"]):
        subprocess.run(["terraform", *command], cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    result = subprocess.run(
        ["terraform", "show", "-json", "saved"], cwd=folder, env=env, check=True, capture_output=True
    )
    return dict(json.loads(result.stdout))


def _trimmed(plan: dict[str, Any]) -> dict[str, Any]:
    changes = [
        {
            "address": change["address"],
            "change": {
                "actions": change["change"]["actions"],
                "before": None,
                "after": {},
                "after_unknown": _marked(change["change"]["after_unknown"]),
            },
        }
        for change in plan["resource_changes"]
    ]
    return {
        "format_version": plan["format_version"],
        "terraform_version": plan["terraform_version"],
        "planned_values": _without(plan["planned_values"], {"sensitive_values", "schema_version", "provider_name"}),
        "resource_changes": changes,
        "configuration": {"root_module": _written(plan["configuration"]["root_module"])},
    }


def _marked(marks: Any) -> Any:
    """Without the parts that mark nothing."""
    if isinstance(marks, dict):
        return {name: kept for name, mark in marks.items() if (kept := _marked(mark))}
    if isinstance(marks, list):
        kept = [_marked(mark) for mark in marks]
        return kept if any(kept) else []
    return marks


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(item, names) for name, item in value.items() if name not in names and item is not None}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def _written(module: dict[str, Any]) -> dict[str, Any]:
    resources = [
        {key: block[key] for key in ("address", "mode", "type", "name")}
        | {"expressions": {key: _block(value) for key, value in block.get("expressions", {}).items()}}
        for block in module.get("resources", [])
    ]
    calls = {
        name: {"source": call["source"], "module": _written(call["module"])}
        for name, call in module.get("module_calls", {}).items()
    }
    return {"resources": resources, "module_calls": calls}


def _block(value: Any) -> Any:
    """The names of a block's arguments; their expressions are not needed."""
    return [{key: _block(inner) for key, inner in one.items()} for one in value] if isinstance(value, list) else {}


if __name__ == "__main__":
    main()
