"""Actions that need several permissions are explained completely, for people, identities and Google's own agents."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from groundwork.environment.values import Environment, load
from groundwork.people import agents
from groundwork.people.access import Access, Cell, RolePermissions, find_action, find_target, needed
from groundwork.people.personas import personas
from groundwork.people.remedies import remedies
from groundwork.resources.bindings import Binding, Policies
from groundwork.resources.item import Item

from tests.groundwork.people.conftest import ROOT, Platform

BUILD = "groundwork-build@pokemon-cards-example.iam.gserviceaccount.com"
CI = "groundwork-ci@pokemon-cards-example.iam.gserviceaccount.com"
SERVE = "groundwork-backend@pokemon-cards-example.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def team() -> Environment:
    return load("pokemon-cards", ROOT)


@pytest.fixture(scope="module")
def roles(platform: Platform) -> RolePermissions:
    return RolePermissions(platform.cloud())


def _bound(kind: str, name: str, role: str, *members: str) -> Binding:
    return Binding(Item(kind, name), role, tuple(f"serviceAccount:{one}" for one in members))


def _cells(
    team: Environment, roles: RolePermissions, person: str, question: str, bound: Iterable[Binding] = ()
) -> tuple[Cell, ...]:
    action, resource = question.split()
    target = find_target(team, resource)
    access = Access(team, Policies(tuple(bound), {}), roles)
    return needed(access, person, target, find_action(action, target))


def test_deploying_needs_access_to_the_service_its_identity_and_the_image(
    team: Environment, roles: RolePermissions
) -> None:
    location = "projects/pokemon-cards-example/locations/europe-west1"
    bound = [
        _bound("Run service", f"{location}/services/backend", "roles/run.developer", BUILD),
        _bound("image repository", f"{location}/repositories/images", "roles/artifactregistry.writer", BUILD),
    ]
    cells = _cells(team, roles, BUILD, "deploy service/backend", bound)
    assert [(cell.target.text, cell.action.permission, cell.allowed) for cell in cells] == [
        ("service/backend", "run.services.update", True),
        ("identity/backend", "iam.serviceAccounts.actAs", False),
        ("repository/images", "artifactregistry.repositories.downloadArtifacts", True),
    ]


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("deploy service/backend", ["{services: {backend: deploy}}", "{services: {backend: deploy}}"]),
        ("call service/backend", ["{services: {backend: call}}"]),
        ("submit training/train", ["{submits: [training]}", "{submits: [training]}"]),
        ("start build/backend", ["{submits: [builds]}", "{submits: [builds]}"]),
    ],
)
def test_each_part_that_an_identity_lacks_has_its_line_of_the_file(
    team: Environment, roles: RolePermissions, question: str, lines: list[str]
) -> None:
    cells = [cell for cell in _cells(team, roles, CI, question) if cell.target.kind != "repository"]
    suggested = [remedies(cell, team, personas(ROOT), roles)[-1] for cell in cells]
    assert suggested == [f"identities: {{ci: {line}}}" for line in lines]


@pytest.mark.parametrize(
    ("question", "persona"),
    [
        ("call service/backend", "viewer"),
        ("deploy service/backend", "ml-engineer"),
        ("submit training/train", "data-scientist"),
        ("start build/backend", "ml-engineer"),
    ],
)
def test_an_outsider_learns_which_persona_has_access(
    team: Environment, roles: RolePermissions, question: str, persona: str
) -> None:
    first, *_ = _cells(team, roles, "eve@example.com", question)
    (line,) = remedies(first, team, personas(ROOT), roles)
    assert line == f"groundwork onboard eve@example.com --role {persona} --env pokemon-cards"


@pytest.mark.parametrize("name", agents.AGENTS)
def test_an_agent_is_known_by_its_name_and_gets_back_the_role_that_google_gives_it(
    platform: Platform, team: Environment, roles: RolePermissions, name: str
) -> None:
    email = agents.address(platform.cloud(), name)
    assert email.startswith("service-")
    (cell,) = _cells(team, roles, email, "pull repository/images")
    suggested = remedies(cell, team, personas(ROOT), roles)
    assert suggested[-1] == (
        f"gcloud projects add-iam-policy-binding pokemon-cards-example --member=serviceAccount:{email} "
        f"--role={agents.AGENTS[name].role}"
    )
    assert agents.address(platform.cloud(), "nobody") == ""
    assert agents.role_of(BUILD) == ""


def test_the_command_answers_for_every_part_and_exits_with_5(platform: Platform) -> None:
    result = platform("access", "explain", "training-agent", "pull", "repository/images", "--json")
    assert result.returncode == 5
    output = json.loads(result.stdout)
    assert output["person"].endswith("@gcp-sa-aiplatform-cc.iam.gserviceaccount.com")
    assert (output["allowed"], output["also"]) == (False, [])
