"""Jobs: one whose transaction was taken back does not end the next one, which gets its number."""

from __future__ import annotations

import asyncio
from pathlib import Path

from localcloud.engine.jobs import BoundWorker, Job

from tests.localcloud.services.requests_inside import sender


def test_a_number_that_was_taken_back_and_given_again_is_one_job(tmp_path: Path) -> None:
    cloud, done = sender(tmp_path).cloud, []

    async def run(job: Job) -> None:
        await asyncio.sleep(0)
        done.append(job.body["name"])

    cloud.jobs.serve("test", "kind", BoundWorker(run, lambda *_: None))
    cloud.store.begin()
    cloud.jobs.start("test", "kind", {"name": "taken back"})
    cloud.store.rollback()
    with cloud.store.transaction():
        cloud.jobs.start("test", "kind", {"name": "stays"})
    asyncio.run(asyncio.wait_for(cloud.jobs.settled(), 10))
    assert done == ["stays"]
    assert not cloud.store.sql("SELECT * FROM jobs")
