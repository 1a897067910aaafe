"""Format and validity of every module and layer, and the mistakes reported for invalid ones."""

from __future__ import annotations

from collections.abc import Iterator

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


def test_all_of_it_is_valid(session: Session) -> None:
    folders = {file.parent for top in ("modules", "infra") for file in (ROOT / top).glob("*/*.tf")}
    assert code_checks.validate(session) == (len(folders), [])


def test_what_is_wrong_is_named_with_its_place(clone: Clone, session: Session) -> None:
    file = clone.root / "modules" / "bucket" / "main.tf"
    before = file.read_text("utf-8")
    file.write_text(f'{before}\nresource "google_storage_bucket" "more" {{\n  nonsense   = true\n}}\n', "utf-8")
    try:
        _, found = code_checks.validate(session)
        result = clone.run("validate", "--env", "small")
    finally:
        file.write_text(before, "utf-8")
    sentences = {finding.place.partition(":")[0]: finding.sentence for finding in found}
    assert sentences["modules/bucket/main.tf"].startswith(
        ("is not formatted", "Unsupported argument", "Missing required argument")
    )
    assert result.returncode == Exit.FAILED
    assert "modules/bucket/main.tf" in result.stderr
    assert "is not formatted: run terraform fmt -recursive modules." in result.stderr
    assert 'An argument named "nonsense" is not expected here.' in result.stderr
