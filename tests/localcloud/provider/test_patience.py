"""Temporary errors are retried, lost answers are recovered, and a stop ends the waiting."""

from __future__ import annotations

import threading
import time

import pytest
from groundwork.environment.checkout import Checkout
from localcloud.provider.client import HttpError, NoAnswer
from localcloud.provider.retries import RetryBudget, Stopped
from localcloud.server import launcher

from tests.localcloud.provider.conftest import PROJECT, World
from tests.localcloud.provider.core import Refusal
from tests.polling import until

SECRET = "google_secret_manager_secret"
REPOSITORY = "google_artifact_registry_repository"
AUTO = [{"auto": [{}]}]
CREATE = "secretmanager.projects.secrets.create"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (429, ""),
        (500, ""),
        (502, ""),
        (503, ""),
        (409, '"reason": "operationInProgress"'),
        (403, "Quota exceeded for quota metric 'Reads' and limit 'Reads per minute' of service 'x'"),
        (403, '{"error": {"details": [{"reason": "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED"}]}}'),
        (400, "resourceNotReady: networks/default"),
    ],
)
def test_these_errors_are_temporary(code: int, text: str) -> None:
    assert RetryBudget(time.monotonic() + 9).temporary(HttpError(code, "x", text=text))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 412, 501])
def test_other_errors_are_permanent(code: int) -> None:
    assert not RetryBudget(time.monotonic() + 9).temporary(HttpError(code, "x", text="{}"))


def test_a_type_may_have_temporary_errors_of_its_own() -> None:
    patience = RetryBudget(time.monotonic() + 9, own=((400, "is in progress"),))
    assert patience.temporary(HttpError(400, "x", text="Another activation is in progress"))
    assert not patience.temporary(HttpError(400, "x", text="no"))


def test_a_step_is_given_up_at_its_deadline() -> None:
    def never() -> None:
        raise NoAnswer(ConnectionRefusedError(), sent=False)

    with pytest.raises(NoAnswer):
        RetryBudget(time.monotonic()).keep_trying(never)


def test_a_stop_ends_the_waiting_at_once() -> None:
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Stopped):
        RetryBudget(time.monotonic() + 9, stopped).wait(60)


def test_a_call_to_a_busy_cloud_is_retried(world: World) -> None:
    world.fault(method="secretmanager.*", kind="error", code=503, count=2)
    assert world.core.created(SECRET, secret_id="s", replication=AUTO)["id"] == f"projects/{PROJECT}/secrets/s"


def test_a_create_whose_answer_was_lost_adopts_its_resource(world: World) -> None:
    world.fault(method=CREATE, kind="drop", after=True, count=1)
    state = world.core.created(SECRET, secret_id="s", replication=AUTO, labels={"team": "cats"})
    assert state["labels"] == {"team": "cats"}


def test_a_create_whose_answer_was_lost_does_not_adopt_another_resource(world: World) -> None:
    other = {"replication": {"automatic": {}}, "labels": {"team": "dogs"}}
    world.ask("POST", "secretmanager", "v1/projects/{project}/secrets", other, secretId="s")
    world.fault(method=CREATE, kind="drop", count=1)
    with pytest.raises(Refusal, match="409 ALREADY_EXISTS"):
        world.core.created(SECRET, secret_id="s", replication=AUTO, labels={"team": "cats"})


def test_a_slow_operation_is_waited_for(world: World) -> None:
    world.fault(method="artifactregistry.projects.locations.repositories.create", kind="pending", seconds=0.3, count=1)
    assert world.core.created(REPOSITORY, repository_id="r", format="DOCKER")["name"] == "r"


def test_an_interrupted_wait_leaves_what_is_known_of_the_resource(world: World) -> None:
    world.fault(method="artifactregistry.projects.locations.repositories.create", kind="pending", seconds=3600, count=1)
    planned = world.core.plan(REPOSITORY, repository_id="r", format="DOCKER")
    refusals: list[Refusal] = []

    def apply() -> None:
        try:
            world.core.apply(planned)
        except Refusal as refusal:
            refusals.append(refusal)

    applying = threading.Thread(target=apply)
    applying.start()
    until(lambda: any(one["path"].endswith("/repositories") for one in world.requests()))
    world.core.servicer.stop_provider(None, world.core.peer)
    applying.join()
    assert "interrupted" in str(refusals[0])
    assert (refusals[0].state or {})["id"] == f"projects/{PROJECT}/locations/europe-west1/repositories/r"


def test_an_operation_that_does_not_end_in_time_says_so(world: World) -> None:
    world.fault(method="artifactregistry.projects.locations.repositories.create", kind="pending", seconds=3600, count=1)
    with pytest.raises(Refusal, match="did not end within 1 seconds") as error:
        world.core.created(
            REPOSITORY, repository_id="r", format="DOCKER", timeouts={"create": "1s", "update": None, "delete": None}
        )
    assert error.value.state is not None


def test_a_created_resource_that_cannot_be_read_is_in_the_state(world: World) -> None:
    world.fault(
        method="iam.projects.locations.workloadIdentityPools.listAttestationRules", kind="error", code=403, count=1
    )
    with pytest.raises(Refusal, match="403") as error:
        world.core.created("google_iam_workload_identity_pool", workload_identity_pool_id="example-pool")
    assert error.value.state is not None
    assert error.value.state["id"] == f"projects/{PROJECT}/locations/global/workloadIdentityPools/example-pool"


def test_a_cloud_that_is_started_again_is_found_again(world: World, checkout: Checkout) -> None:
    state = world.core.created(SECRET, secret_id="s", replication=AUTO)
    launcher.stop(checkout.local_state)
    starting = threading.Timer(0.5, launcher.start, [checkout.local_state, world.cloud.port])
    starting.start()
    assert world.core.read(SECRET, state) is not None
    starting.join()
