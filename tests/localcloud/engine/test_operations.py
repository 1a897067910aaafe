"""Long-running operations: pending, running, done, failed, cancelled, and cut short by a stop of the server."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from localcloud.engine import jobs, lro
from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body, Call, Service, Worker
from localcloud.errors import failed_precondition

from tests.localcloud.inside import PROJECT, Inside, inside

PLACE = f"projects/{PROJECT}/locations/europe-west1"
KIND = "GoogleCloudRunV2Service"
TYPE = "type.googleapis.com/google.cloud.run.v2.Service"


def create(call: Call) -> Body:
    metadata = {"@type": KIND, "description": "on its way"}
    return lro.started(call, "deploy", {"name": call.params.get("serviceId", "endless")}, kind=KIND, metadata=metadata)


async def deploy(cloud: Cloud, job: Job) -> None:
    def start() -> None:
        cloud.operations.running(job.api, job.operation)

    await job.write(start)
    match job.body["name"]:
        case "refused":
            raise failed_precondition("There is no such image.")
        case "broken":
            raise RuntimeError("a bug")
        case "full":
            pages = cloud.store.row("PRAGMA page_count")[0]
            cloud.store.sql(f"PRAGMA max_page_count = {pages}")
            raise failed_precondition("x" * 200_000)
        case "endless":
            await asyncio.Event().wait()
    await job.write(lambda: finish(cloud, job))


def finish(cloud: Cloud, job: Job) -> None:
    cloud.store.put("run", f"{PLACE}/services/{job.body['name']}", {})
    cloud.operations.done(job.api, job.operation, {"name": job.body["name"]})


RUN = Service(
    api="run",
    versions=("v2",),
    proto="google.cloud.run.v2",
    methods={"run.projects.locations.services.create": create},
    workers={"deploy": Worker(deploy)},
)

EVENTARC = replace(  # its operations can be called off, Cloud Run's cannot
    RUN, api="eventarc", versions=("v1",), methods={"eventarc.projects.locations.triggers.create": create}
)


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    return inside(tmp_path, RUN, EVENTARC)


async def ask(cloud: Inside, verb: str, path: str, body: Any = None) -> Any:
    data = b"" if body is None else b"%s" % str(body).replace("'", '"').encode()
    response = await cloud.sent(verb, path if path.startswith("eventarc") else f"run/v2/{path}", [data], {})
    assert response.status == 200, response.body
    return response.body


async def started(cloud: Inside, name: str) -> Any:
    return await ask(cloud, "POST", f"{PLACE}/services?serviceId={name}", {})


def scene(play: Callable[[], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        return await play()

    return asyncio.run(whole())


def test_an_operation_is_pending_and_then_done_with_types_as_google_writes_them(cloud: Inside) -> None:
    async def play() -> tuple[Any, Any]:
        first = await started(cloud, "web")
        await cloud.cloud.jobs.settled()
        return first, await ask(cloud, "GET", first["name"])

    first, last = scene(play)
    assert "done" not in first
    assert "response" not in first
    assert first["metadata"] == {"@type": TYPE, "description": "on its way"}
    assert last["done"] is True
    assert last["response"] == {"@type": TYPE, "name": "web"}
    assert cloud.cloud.store.get("run", f"{PLACE}/services/web") == {}


class Freed(logging.Handler):
    """Frees the disk once it was reported as full."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self.cloud, self.heard = cloud, 0

    def emit(self, _record: logging.LogRecord) -> None:
        self.heard += 1
        if self.heard == 2:
            self.cloud.store.sql("PRAGMA max_page_count = 1000000")


def test_a_jobs_end_is_stored_as_soon_as_the_disk_has_room(cloud: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "AGAIN", 0)
    freed = Freed(cloud.cloud)
    logging.getLogger("localcloud").addHandler(freed)

    async def play() -> Any:
        first = await started(cloud, "full")
        await cloud.cloud.jobs.settled()
        return await ask(cloud, "GET", first["name"])

    try:
        last = scene(play)
    finally:
        logging.getLogger("localcloud").removeHandler(freed)
    assert (last["done"], last["error"]["message"]) == (True, "x" * 200_000)
    assert freed.heard == 2
    assert not cloud.cloud.store.sql("SELECT * FROM jobs")


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [("refused", 9, "There is no such image."), ("broken", 13, "because of a bug of its own")],
)
def test_work_that_fails_ends_its_operation_with_the_error(cloud: Inside, name: str, code: int, message: str) -> None:
    async def play() -> Any:
        first = await started(cloud, name)
        await cloud.cloud.jobs.settled()
        return await ask(cloud, "GET", first["name"])

    last = scene(play)
    assert (last["done"], last["error"]["code"]) == (True, code)
    assert message in last["error"]["message"]
    assert "response" not in last


def test_work_can_be_cancelled(cloud: Inside) -> None:
    async def play() -> Any:
        first = await ask(cloud, "POST", f"eventarc/v1/{PLACE}/triggers?triggerId=t", {})
        await ask(cloud, "POST", f"eventarc/v1/{first['name']}:cancel", {})
        await cloud.cloud.jobs.settled()
        return await ask(cloud, "GET", f"eventarc/v1/{first['name']}")

    assert scene(play)["error"] == {"code": 1, "message": "The operation was cancelled."}


def test_waiting_for_an_operation_returns_when_it_is_done(cloud: Inside) -> None:
    async def play() -> tuple[Any, Any]:
        path = (await started(cloud, "endless"))["name"]
        waiting = asyncio.create_task(ask(cloud, "POST", f"{path}:wait", {"timeout": "40s"}))
        in_vain = await ask(cloud, "POST", f"{path}:wait", {"timeout": "0s"})
        await cloud.cloud.commits.write(lambda: cloud.cloud.jobs.call_off("run", path))
        return in_vain, await waiting

    too_short, finished = scene(play)
    assert "done" not in too_short
    assert finished["error"]["code"] == 1


def test_work_cut_short_by_a_stop_ends_with_an_explanation(tmp_path: Path) -> None:
    cloud = inside(tmp_path, RUN)

    async def play() -> Any:
        return await started(cloud, "endless")  # the loop ends, and the work with it

    first = scene(play)
    cloud.cloud.store.close()
    again = inside(tmp_path, RUN)
    last = again.ok("GET", f"run/v2/{first['name']}")
    assert last["error"]["code"] == 10
    assert "was stopped while it was working on this" in last["error"]["message"]


def test_work_that_can_begin_again_does_so_after_a_stop(tmp_path: Path) -> None:
    patient = replace(RUN, workers={"deploy": Worker(deploy, again=True)})
    cloud = inside(tmp_path, patient)
    first = cloud.ok("POST", f"run/v2/{PLACE}/services?serviceId=web", {})
    cloud.cloud.store.sql("UPDATE operations SET body = json_set(body, '$.state', 'PENDING')")
    cloud.cloud.store.sql(
        """INSERT OR IGNORE INTO jobs VALUES (9, 'run', 'deploy', ?, '{"name": "web"}')""", first["name"]
    )
    cloud.cloud.store.close()
    again = inside(tmp_path, patient)

    async def play() -> Any:
        await again.cloud.jobs.settled()
        return await ask(again, "GET", first["name"])

    assert scene(play)["response"]["name"] == "web"


def test_cancelling_a_finished_operation_changes_nothing(cloud: Inside) -> None:
    async def play() -> Any:
        first = await started(cloud, "web")
        await cloud.cloud.jobs.settled()
        cloud.cloud.operations.failed("run", first["name"], failed_precondition("too late"))
        return await ask(cloud, "GET", first["name"])

    assert "error" not in scene(play)


def test_a_job_never_has_the_number_of_one_that_is_just_ending(cloud: Inside) -> None:
    """Otherwise the start of the second would count as a cancellation of the first, and it would never run."""

    def numbers() -> set[int]:
        return {number for (number,) in cloud.cloud.store.sql("SELECT id FROM jobs")}

    async def play() -> tuple[set[int], set[int]]:
        await started(cloud, "web")
        first = numbers()
        await cloud.cloud.jobs.settled()
        await started(cloud, "other")
        second = numbers()
        await cloud.cloud.jobs.settled()
        return first, second

    first, second = scene(play)
    assert len(first) == len(second) == 1
    assert first.isdisjoint(second)
