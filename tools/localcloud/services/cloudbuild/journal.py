"""The log of a build, written to Cloud Logging and, if configured, to a bucket while the build runs.

Source: https://cloud.google.com/build/docs/securing-builds/store-manage-build-logs.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from urllib.parse import quote

from localcloud.engine import asking
from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.cloudbuild import names

LOG = "cloudbuild"
TABLES = """
CREATE TABLE IF NOT EXISTS cloudbuild_logs (part INTEGER PRIMARY KEY, build TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS cloudbuild_logs_of_builds ON cloudbuild_logs (build);
"""
MAIN = "MAIN"
OWN = ".cloudbuild-logs.googleusercontent.com"
"""The suffix of the name of Google's default log bucket, which is in no project."""
_FLUSH_SECONDS, _UPLOAD_SECONDS = 0.2, 1.0
_BATCH_SIZE, _BUFFER_SIZE = 500, 5000
_LARGE = 1 << 20
_LONGEST = 100_000


class Unwritable(Exception):
    """A sentence: why the log cannot be written to its bucket."""


class BuildLog:
    """Takes lines from any thread, and writes them in batches to Cloud Logging, the log bucket, or both."""

    def __init__(self, cloud: Cloud, job: Job, build: Body) -> None:
        self._cloud, self._job, self._build = cloud, job, build
        mode = build["options"]["logging"]
        self._logging = mode not in ("GCS_ONLY", "NONE")
        self._bucket = build.get("logsBucket", "").removeprefix("gs://")
        self._waiting: deque[tuple[str, str]] = deque()
        self._thread = threading.get_ident()
        self._count, self._closed = 0, False
        self._sent, self._at = 0, 0.0
        labels = {
            "build_id": build["id"],
            "build_trigger_id": build.get("buildTriggerId", ""),
            "project_id": build["projectId"],
        }
        self._resource = {"type": "build", "labels": labels}

    def say(self, text: str, step: str = MAIN) -> None:
        """Takes a line; `step` is its label. Blocks a step's thread that produces lines faster than they can be written."""
        while len(self._waiting) > _BUFFER_SIZE and threading.get_ident() != self._thread and not self._closed:
            time.sleep(_FLUSH_SECONDS)
        self._waiting.append((step, text[:_LONGEST]))

    async def open(self) -> None:
        """Prepares the log bucket; raises Unwritable if the account may not write to it."""
        if self._bucket and not self._bucket.endswith(OWN):
            problem = await self._job.write(lambda: _prepare_bucket(self._cloud, self._build, self._bucket))
            if problem:
                raise Unwritable(problem)

    async def keep(self) -> None:
        """Writes new lines regularly, until cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.flush()

    async def flush(self, *, last: bool = False) -> None:
        """Writes the lines taken so far."""
        while self._waiting:
            lines = [self._waiting.popleft() for _ in range(min(_BATCH_SIZE, len(self._waiting)))]
            await self._job.write(partial(self._written, lines, last=False))
        if last:
            self._closed = True
            await self._job.write(partial(self._written, [], last=True))

    def _written(self, lines: Sequence[tuple[str, str]], *, last: bool) -> None:
        for step, text in lines:
            self._count += 1
            if self._logging:
                self._cloud.logs.log(
                    self._build["projectId"],
                    LOG,
                    self._resource,
                    text or " ",
                    severity="INFO",
                    insertId=f"{self._build['id'][:8]}-{self._count:08d}",
                    labels={
                        "build_step": step,
                        **({"build_tags": t} if (t := ",".join(self._build.get("tags", []))) else {}),
                    },
                )
        if self._bucket:
            text = "".join(f"{line}\n" if step == MAIN else f"{step}: {line}\n" for step, line in lines)
            self._cloud.store.sql("INSERT INTO cloudbuild_logs (build, text) VALUES (?, ?)", self._build["name"], text)
            self._upload(last=last)

    def _upload(self, *, last: bool) -> None:
        """Uploads the whole log, since objects cannot be appended to; large logs less often."""
        if self._bucket.endswith(OWN):
            return
        interval = _UPLOAD_SECONDS if self._sent < _LARGE else 10 * _UPLOAD_SECONDS
        if not last and time.monotonic() - self._at < interval:
            return
        text = read(self._cloud, self._build["name"]).encode()
        self._sent, self._at = len(text), time.monotonic()
        with suppress(CloudError):
            _put(self._cloud, self._build, self._bucket, text)


def read(cloud: Cloud, build: str) -> str:
    """A build's log so far, if it goes to a bucket."""
    rows = cloud.store.sql("SELECT text FROM cloudbuild_logs WHERE build = ? ORDER BY part", build)
    return "".join(text for (text,) in rows)


def _prepare_bucket(cloud: Cloud, build: Body, place: str) -> str:
    """Why a log bucket cannot be written to, "" if it can. Creates a missing bucket of the user's in the build's region."""
    bucket, account = place.partition("/")[0], names.account(build)
    behaviour = build["options"].get("defaultLogsBucketBehavior")
    try:
        if behaviour == "REGIONAL_USER_OWNED_BUCKET":
            answer = asking.reply(cloud, account, "GET", f"storage/v1/b/{bucket}")
            if answer.status == 404:
                location = build["name"].split("/")[3]
                where = "US" if location == names.GLOBAL else location.upper()
                asking.ask_json(
                    cloud,
                    account,
                    "POST",
                    f"storage/v1/b?project={build['projectId']}",
                    {"name": bucket, "location": where},
                )
        _put(cloud, build, place, b"")
    except CloudError as problem:
        return f"failed to write the log to gs://{place}: googleapi: Error {problem.code}: {problem.message}"
    return ""


def _put(cloud: Cloud, build: Body, place: str, text: bytes) -> None:
    bucket, _, folder = place.partition("/")
    name = f"{folder}/log-{build['id']}.txt" if folder else f"log-{build['id']}.txt"
    path = f"upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
    answer = asking.reply(cloud, names.account(build), "POST", path, text, "text/plain")
    if answer.status >= 400:
        raise CloudError(
            answer.status, "PERMISSION_DENIED", f"{bucket} does not accept {name} from {names.account(build)}"
        )
