"""The README of the local cloud: its example works and its table is fresh."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import localcloud
from localcloud.__main__ import main
from localcloud.engine.iam import roles
from localcloud.server.coverage import refreshed
from localcloud.services import SERVICES

from tests.localcloud.inside import NUMBER, PROJECT, inside

OWNER = {"roles/owner": {"permissions": {"workflows.workflows": "create delete get list update"}}}
README = Path(localcloud.__file__).parent / "README.md"


def test_the_coverage_table_is_fresh() -> None:
    text = README.read_text("utf-8")
    assert refreshed(text, SERVICES) == text, "stale; mend it with: python -m localcloud coverage --write"


def test_the_coverage_can_be_shown(capsys: Any) -> None:
    assert main(["coverage"]) == 0
    assert "| secretmanager.v1 | Secret Manager API |" in capsys.readouterr().out


def test_the_service_of_the_example_works(tmp_path: Path) -> None:
    found = re.search(r"<!-- example -->\n```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)
    (tmp_path / "roles.json").write_text(json.dumps(OWNER), "utf-8")
    cloud = inside(tmp_path / "state", replace(names["SERVICE"], roles=roles.beside(str(tmp_path / "__init__.py"))))
    path = f"workflows/v1/projects/{PROJECT}/locations/europe-west1/workflows"
    cloud.ok("POST", f"{path}?workflowId=train", {"labels": {"a": "b"}})
    assert cloud.ok("GET", f"{path}/train")["serviceAccount"] == f"{NUMBER}-compute"
    assert cloud("PATCH", f"{path}/train?updateMask=cryptoKeyName", {"cryptoKeyName": "k"}).status == 400
