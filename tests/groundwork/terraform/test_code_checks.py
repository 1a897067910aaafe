"""Format and validity of every module and layer, and the mistakes reported for invalid ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from groundwork.errors import Exit
from groundwork.terraform import code_checks
from groundwork.terraform.session import Session

from tests.groundwork.clone import ROOT, Clone, cloned


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    with cloned(tmp_path_factory.mktemp("clone")) as clone:
        yield clone


@pytest.fixture(scope="module")
def session(clone: Clone) -> Session:
    return clone.session("validate")


@pytest.fixture
def bucket_alone(tmp_path: Path) -> Iterator[Clone]:
    """A clone with the code of the bucket's module alone, since validating all takes seconds."""
    with cloned(tmp_path) as clone:
        for file in [*(clone.root / "infra").rglob("*.tf"), *(clone.root / "modules").rglob("*.tf")]:
            if file.parent.name != "bucket":
                file.unlink()
        yield clone


def test_all_of_it_is_valid(session: Session) -> None:
    folders = {file.parent for top in ("modules", "infra") for file in (ROOT / top).glob("*/*.tf")}
    assert code_checks.validate(session) == (len(folders), [])


def test_what_is_wrong_is_named_with_its_place(bucket_alone: Clone) -> None:
    file = bucket_alone.root / "modules" / "bucket" / "main.tf"
    before = file.read_text("utf-8")
    file.write_text(f'{before}\nresource "google_storage_bucket" "more" {{\n  nonsense   = true\n}}\n', "utf-8")
    _, found = code_checks.validate(bucket_alone.session("validate"))
    result = bucket_alone.run("validate", "--env", "small")
    sentences = {finding.place.partition(":")[0]: finding.sentence for finding in found}
    assert sentences["modules/bucket/main.tf"].startswith(
        ("is not formatted", "Unsupported argument", "Missing required argument")
    )
    assert result.returncode == Exit.FAILED
    assert "modules/bucket/main.tf" in result.stderr
    assert "is not formatted: run terraform fmt -recursive modules." in result.stderr
    assert 'An argument named "nonsense" is not expected here.' in result.stderr
