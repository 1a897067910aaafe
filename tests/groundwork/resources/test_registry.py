"""Kinds: everything that Terraform can create has one, every part is present or omitted with a reason, and a new one is one file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from groundwork.cost.resources import why_free
from groundwork.lifecycle.removal import remove
from groundwork.lifecycle.sweep import parse_kinds
from groundwork.report import workloads
from groundwork.resources import inventory, registry, vertex
from groundwork.resources import kinds as folder
from groundwork.resources.kind import Free, Kind, Provisioning, Without, given, several
from groundwork.resources.listing import Listing
from groundwork.resources.registry import GRANT, imported, kind_of, kinds, listings, policy_access, provisionings
from groundwork.resources.words import thing
from localcloud.engine.dispatch import handler
from localcloud.engine.iam.roles import Roles
from localcloud.services import SERVICES
from localcloud.spec.discovery import document

from tests.groundwork.resources.google_lists import PROJECT, Script, scripted

ROOT = Path(__file__).resolve().parents[3]
RESOURCE = re.compile(r'^resource "(\w+)"', re.MULTILINE)
MODULE = re.compile(r'^module "(\w+)"', re.MULTILINE)
CACHES = (registry.kinds, registry.listings, registry.provisionings, registry.policy_access)


def _in_terraform(pattern: re.Pattern[str], *folders: str) -> set[str]:
    files = (file for name in folders for file in (ROOT / name).glob("*/*.tf"))
    return {found for file in files for found in pattern.findall(file.read_text("utf-8"))}


@pytest.mark.parametrize("resource_type", sorted(_in_terraform(RESOURCE, "infra", "modules")))
def test_every_type_that_the_terraform_can_make_has_a_kind(resource_type: str) -> None:
    kind = kind_of(resource_type)
    assert kind is not None, f"{resource_type}: write tools/groundwork/resources/kinds/NAME.py"
    if GRANT.fullmatch(resource_type):
        assert given(kind.policy), f"{resource_type}: say how {kind.name} gives its policy"


@pytest.mark.parametrize("resource_type", sorted(_in_terraform(RESOURCE, "infra", "modules")))
def test_what_the_terraform_makes_says_what_up_needs(resource_type: str) -> None:
    how = provisionings().get(resource_type)
    assert GRANT.fullmatch(resource_type) or (how and not isinstance(how.permissions, Without))


@pytest.mark.parametrize("label", sorted(_in_terraform(MODULE, "infra") - {"environment"}))
def test_every_module_of_the_layers_has_a_name_in_the_teams_words(label: str) -> None:
    known = {label for kind in kinds().values() for label in kind.components}
    assert label in known, f"module.{label}: give it one under components= of the kind that it makes"


def _facets(value: object) -> Iterator[object]:
    for field in fields(value):  # type: ignore[arg-type]
        facet = getattr(value, field.name)
        yield facet
        for one in facet if isinstance(facet, tuple) else ():
            if isinstance(one, Provisioning):
                yield from _facets(one)


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_every_facet_is_there_or_left_out_for_a_reason(kind: Kind) -> None:
    for facet in _facets(kind):
        if isinstance(facet, (Without, Free)):
            assert len(facet.reason.split()) > 2
            assert not facet.reason[0].isupper()
    assert kind.why
    assert kind.maker
    for facet in (kind.terraform, kind.listings, kind.parts):
        assert facet != (), "left out without a reason"


def test_kinds_types_and_words_are_named_once() -> None:
    types = [one.type for kind in kinds().values() for one in several(kind.terraform)]
    words = [part.word for _, part in registry.parts()]
    files = [file for file in Path(folder.__path__[0]).glob("*.py") if file.stem != "__init__"]
    assert (len(types), len(words), len(files)) == (len(set(types)), len(set(words)), len(kinds()))


def test_the_section_that_describes_a_resource_is_one_of_the_file() -> None:
    words = {part.word for _, part in registry.parts()}
    named = {how.section[0] for how in provisionings().values() if how.section}
    assert named <= words
    assert len(named) == len([how for how in provisionings().values() if how.section])


def test_each_kind_has_its_own_rank_in_a_section_of_the_report() -> None:
    ranks = [(one.section, one.rank) for kind in kinds().values() for one in several(kind.reported)]
    assert len(ranks) == len(set(ranks))


def test_what_has_to_go_first_comes_first() -> None:
    order = list(kinds())
    for before, after in (
        ("Vertex pipeline run", "Vertex custom job"),
        ("Vertex tuning job", "Vertex custom job"),
        ("Vertex endpoint", "Vertex model"),
        ("instance", "disk"),
        ("service-account key", "service account"),
        ("identity provider", "identity pool"),
        ("subscription", "topic"),
        ("alert policy", "notification channel"),
    ):
        assert order.index(before) < order.index(after)


# What {name} is of a kind whose path is not its API's name for it.
_BY_ITSELF = {"bucket": "x", "service account": "x"}
_PARENTS = {
    "identity pool": "projects/p/locations/global/workloadIdentityPools/x",
    "build connection": "projects/p/locations/l/connections/x",
}


def _called(name: str) -> str:
    """An example of an item in a kind's list."""
    row = next(row for row in listings() if row.kind == name)
    return _BY_ITSELF.get(name, f"{_collection(row).partition('/')[2]}/x")


def _collection(row: Listing) -> str:
    """The path of an example of a kind's list, with its version."""
    path = row.path.replace("{parent}", _PARENTS.get(row.of, "a"))
    zonal = row.kind in ("instance", "disk", "instance group")
    path = path.replace("/aggregated/", "/zones/z/" if zonal else "/regions/r/")
    return path.replace("{project}", "p").replace("{location}", "l")


_LISTED = sorted({row.kind for row in listings() if not row.ends})


@pytest.mark.parametrize("name", _LISTED)
def test_a_kind_is_deleted_as_google_documents(name: str) -> None:
    row, how = next(row for row in listings() if row.kind == name), kinds()[name].removal
    assert not isinstance(how, Without)
    path = how.path.format(version=row.version, project="p", name=_called(name))
    found = document(row.api, row.version).match(how.verb, path)
    assert found is not None, path
    assert set(how.params) <= set(found[0].params)


@pytest.mark.parametrize("name", _LISTED)
def test_a_kind_gives_its_policy_as_google_documents_or_has_none_there(name: str) -> None:
    row, access = next(row for row in listings() if row.kind == name), policy_access().get(name)
    described = document(row.api, row.version)
    if access is None:
        paths = [f"{row.version}/{_called(name)}{end}" for end in (":getIamPolicy", "/getIamPolicy", "/iam")]
        for found in (described.match(verb, path) for verb in ("GET", "POST") for path in paths):
            assert found is None or "Policy" not in found[0].id or kinds()[name].policy is vertex.NO_GRANTS
        return
    path = access.path.format(project="p", name=_called(name))
    asked_by, given_by = (
        described.match(access.read, path + access.getter),
        described.match(access.write, path + access.setter),
    )
    assert asked_by is not None, path + access.getter
    assert given_by is not None, path + access.setter
    assert asked_by[0].id.endswith(".getIamPolicy")
    assert given_by[0].id.endswith(".setIamPolicy")
    assert not access.version or access.version in asked_by[0].params


@pytest.mark.parametrize("name", [name for name in _LISTED if kinds()[name].policy is vertex.NO_GRANTS])
def test_no_role_lets_anybody_grant_where_a_kind_says_so(name: str) -> None:
    row = next(row for row in listings() if row.kind == name)
    granted = Roles(service.roles for service in SERVICES if service.roles).permissions
    assert f"{row.api}.endpoints.setIamPolicy" in granted
    assert f"{row.api}.{row.path.rpartition('/')[2]}.setIamPolicy" not in granted


@pytest.mark.parametrize("name", [name for name in _LISTED if name in policy_access()])
def test_the_local_cloud_gives_the_policy_of_all_that_it_can_list(name: str) -> None:
    """A policy that nobody can read would end every command about people, as soon as there is one such thing."""
    row, access = next(row for row in listings() if row.kind == name), policy_access()[name]
    path = access.path.format(project="p", name=_called(name))
    asked = [("GET", _collection(row)), (access.read, path + access.getter), (access.write, path + access.setter)]
    for service in SERVICES:
        if service.api == row.api and row.version in service.versions:
            methods = [
                found[0] for found in map(document(row.api, row.version).match, *zip(*asked, strict=True)) if found
            ]
            missing = [method.id for method in methods if handler(service, method) is None]
            assert len(methods) == 3
            assert not missing or missing[0].endswith(".list"), missing


NEW = '''
"""Clusters of Dataproc."""

from __future__ import annotations

from groundwork.resources.kind import NEVER_WAITS, NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, Free, Kind, Provisioning, Removal, Without
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.reporting import ReportEntry

KIND = Kind(
    name="Dataproc batch",
    why="machines by the second while it runs",
    maker="`gcloud dataproc batches submit`",
    terraform=(
        Provisioning(
            "google_dataproc_batch",
            "batch",
            "projects/{project}/locations/{location}/batches/{batch_id}",
            Free("counted with its machines"),
            ("dataproc.batches.create",),
        ),
    ),
    components={"batches": "nightly batch"},
    listings=(Listing("dataproc", f"v1/{HERE}/batches", "batches"),),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
    reported=(ReportEntry("training", 9, lambda item: [str(item.body.get("state"))]),),
)
'''


@pytest.fixture
def with_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A kind in a new file."""
    (tmp_path / "dataproc_batch.py").write_text(NEW, "utf-8")
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    for cache in CACHES:
        cache.cache_clear()
    with scripted() as script:
        yield script
    monkeypatch.undo()
    for cache in CACHES:
        cache.cache_clear()


def test_a_new_kind_is_one_file_and_every_verb_knows_it(with_batches: Script) -> None:
    script, name = with_batches, f"projects/{PROJECT}/locations/r/batches/b"
    script.enable("dataproc")
    base = f"/dataproc/v1/projects/{PROJECT}/locations"
    script.answers[base] = {"locations": [{"locationId": "r"}]}
    script.answers[f"{base}/r/batches"] = {"batches": [{"name": name, "state": "SUCCEEDED"}]}
    found = inventory.take(script.cloud)
    item = next(item for item in found.items if item.kind == "Dataproc batch")
    remove(script.cloud, item)
    assert ("DELETE", f"/dataproc/v1/{name}") in script.asked
    assert registry.maker(item, PROJECT) == "usually `gcloud dataproc batches submit`"
    assert (thing("google_dataproc_batch"), why_free("google_dataproc_batch")) == ("batch", "counted with its machines")
    assert imported("google_dataproc_batch", {"location": "r", "batch_id": "b"}, PROJECT) == name
    assert ("Dataproc batch", "b", "", "SUCCEEDED") in workloads.training(found).rows
    assert parse_kinds("dataproc-batch") == ("Dataproc batch",)
    assert "dataproc.batches.create" in {one for how in provisionings().values() for one in several(how.permissions)}
