"""The connection to GitHub: authorised by a human at Google, simulated here, and never lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment, load
from groundwork.errors import Refused
from groundwork.google import local
from groundwork.google.cloud import google_cloud, local_cloud
from groundwork.lifecycle import connection, prerequisites

from tests.groundwork.at_google import Google, clone, google, proxy
from tests.groundwork.conftest import RecordedTalk
from tests.groundwork.resources.google_lists import refusal

__all__ = ["clone", "google", "proxy"]
ROOT = Path(__file__).resolve().parents[3]


class Asked:
    """A file with builds, at Google, whose connection a test scripts."""

    def __init__(self, google: Google, checkout: Checkout, talk: RecordedTalk) -> None:
        self.google, self.checkout, self.talk = google, checkout, talk
        self.environment = replace(load("pokemon-cards", ROOT), project=google.clone.project)
        self.command = (
            f"gcloud builds connections create github github --region europe-west1 --project {google.clone.project}"
        )

    def ensure(self, environment: Environment | None = None) -> None:
        cloud = google_cloud(self.google.clone.project)
        connection.ensure(cloud, environment or self.environment, self.checkout, self.talk.say)

    def say(self, status: int, body: object) -> None:
        place = f"projects/{self.google.clone.project}/locations/europe-west1/connections/github"
        self.google.proxy.scripted[f"GET cloudbuild.googleapis.com/v2/{place}"] = (status, body)


@pytest.fixture
def asked(google: Google, local_clone: Checkout, talk: RecordedTalk) -> Iterator[Asked]:
    google.log_in()
    yield Asked(google, local_clone, talk)
    google.proxy.scripted.clear()


def test_what_is_not_connected_waits_and_says_what_a_human_does(asked: Asked) -> None:
    github = asked.environment.github
    assert github is not None
    asked.ensure(replace(asked.environment, github=replace(github, connected=False)))
    (line,) = asked.talk.lines
    assert line.startswith("4 builds wait for GitHub: ")
    assert asked.command in line


@pytest.mark.parametrize(
    "found", [refusal(404, "NOT_FOUND"), refusal(403, "PERMISSION_DENIED", reason="SERVICE_DISABLED")]
)
def test_a_missing_connection_is_requested(asked: Asked, found: tuple[int, object]) -> None:
    asked.say(*found)
    with pytest.raises(Refused, match="has no such connection") as error:
        asked.ensure()
    assert asked.command in error.value.message


def test_one_that_waits_says_which_page(asked: Asked) -> None:
    state = {"stage": "PENDING_INSTALL_APP", "message": "Install it.", "actionUri": "https://github.com/apps/x"}
    asked.say(200, {"installationState": state})
    with pytest.raises(Refused, match=r"\(PENDING_INSTALL_APP\): open https://github\.com/apps/x, authorise") as error:
        asked.ensure()
    assert error.value.details == ("Install it.",)


def test_one_that_is_complete_says_nothing(asked: Asked) -> None:
    asked.say(200, {"installationState": {"stage": "COMPLETE"}})
    asked.ensure()
    asked.ensure(replace(asked.environment, builds={}))
    assert asked.talk.lines == []


def test_on_the_local_cloud_an_empty_repository_is_connected_once(talk: RecordedTalk, local_clone: Checkout) -> None:
    ours = replace(load("pokemon-cards", ROOT), project="connects-builds")
    cloud = local_cloud(ours.project, local.start(local_clone).base, local.token(local_clone))
    prerequisites.create(cloud, ours, talk.say)
    talk.lines.clear()
    for _ in range(2):
        connection.ensure(cloud, ours, local_clone, talk.say)
    (line,) = talk.lines
    folder = local_clone.local_state / "repositories" / "example-team" / "pokemon-cards.git"
    assert f"{folder} stands in for it" in line
    assert (folder / "HEAD").read_text() == "ref: refs/heads/main\n"
    found = cloud.request("GET", "cloudbuild", f"v2/projects/{ours.project}/locations/europe-west1/connections/github")
    assert found["installationState"] == {"stage": "COMPLETE"}
