"""The outputs of a build after its last step: images pushed to the registry, artifacts uploaded to a bucket."""

from __future__ import annotations

import asyncio
import hashlib
import json
import mimetypes
import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from localcloud.containers.workload import OnOutput, Stream
from localcloud.engine import asking
from localcloud.engine.clock import Clock
from localcloud.engine.cloud import Cloud
from localcloud.engine.image_names import bare, full, repository
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.cloudbuild import names, workspace
from localcloud.services.cloudbuild.builders.docker import Docker, StepContext
from localcloud.services.cloudbuild.workspace import Workspace

_DENIED = ("denied", "unauthorized")
_MANIFEST = "artifacts-{}.json"
_LARGEST = 1 << 30


class PushFailed(Exception):
    """A push or upload failed: a sentence, and the type for the build's failureInfo."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


async def images(build: Body, builder: Docker | None, on_output: OnOutput, clock: Clock) -> list[Body]:
    """Pushes the build's images; returns them for the build's results. Raises PushFailed."""
    wanted: list[str] = list(dict.fromkeys((*build.get("images", []), *build.get("artifacts", {}).get("images", []))))
    missing = [name for name in wanted if builder is None or full(name) not in builder.images]
    if missing:
        raise PushFailed(
            "PUSH_IMAGE_NOT_FOUND",
            f"failed to find one or more images after execution of build steps: {json.dumps(missing)}",
        )
    return [await _pushed(name, builder, on_output, clock) for name in wanted if builder is not None]


async def _pushed(name: str, builder: Docker, on_output: OnOutput, clock: Clock) -> Body:
    begun, output = clock.rfc3339(), list[str]()

    def listen(stream: Stream, line: str) -> None:
        output.append(line)
        on_output(stream, line)

    listen("stdout", f"Pushing {name}")
    code, digest = await builder.push(name, StepContext(workspace.SOURCE, {}, listen))
    if code:
        kind = "PUSH_NOT_AUTHORIZED" if any(word in line for line in output for word in _DENIED) else "PUSH_FAILED"
        raise PushFailed(kind, f'error pushing image "{name}": step exited with non-zero status: {code}')
    image = quote("/".join(bare(name).split("/")[3:]), safe="")
    return {
        "name": name,
        "digest": digest,
        "artifactRegistryPackage": f"{repository(name)}/packages/{image}",
        "pushTiming": {"startTime": begun, "endTime": clock.rfc3339()},
    }


async def objects(cloud: Cloud, job: Job, build: Body, space: Workspace, on_output: OnOutput) -> Body:
    """Uploads the build's artifacts to a bucket; returns the fields for the build's results. Raises PushFailed."""
    wanted = build.get("artifacts", {}).get("objects", {})
    if not wanted.get("paths"):
        return {}
    bucket, _, folder = wanted.get("location", "").removeprefix("gs://").partition("/")
    folder = f"{folder.strip('/')}/" if folder.strip("/") else ""
    rows = []
    for pattern in wanted["paths"]:
        files = await asyncio.to_thread(matching, space, pattern)
        if not files:
            raise PushFailed("PUSH_FAILED", f'no files match the artifact path "{pattern}"')
        for path in files:
            data = await asyncio.to_thread(content, path)
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            stored = await _put(cloud, job, build, (bucket, f"{folder}{path.name}"), data, kind)
            on_output("stdout", f"Uploaded {path.name} to gs://{bucket}/{folder}{path.name}")
            digest = hashlib.sha256(data).hexdigest()
            rows.append(
                {
                    "location": f"gs://{bucket}/{folder}{path.name}#{stored['generation']}",
                    "file_hash": [{"file_hash": [{"type": 1, "value": digest}]}],
                }
            )
    manifest = _MANIFEST.format(build["id"])
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    await _put(cloud, job, build, (bucket, f"{folder}{manifest}"), text, "application/json")
    return {"artifactManifest": f"gs://{bucket}/{folder}{manifest}", "numArtifacts": str(len(rows))}


def matching(space: Workspace, pattern: str) -> list[Path]:
    """The files in the workspace that match a glob; links that lead out of it are skipped. Blocks. Raises PushFailed."""
    begins = space.directory("")
    base, words = space.here(begins), [word for word in pattern.split("/") if word]
    if ".." in words or words.count("**") > 1 or any("**" in word and word != "**" for word in words):
        raise PushFailed("PUSH_FAILED", f'the artifact path "{pattern}" may have one **, between slashes, and no ..')
    found = []
    for one in sorted(base.glob("/".join(words) or "*")):
        with suppress(workspace.Outside):
            path = space.here(str(one.relative_to(base)), begins)
            found += [path] if path.is_file() else []
    return found


def content(path: Path) -> bytes:
    """The content of an artifact. A step may make a file of any length, without a disk of that size. Blocks. Raises PushFailed."""
    with path.open("rb") as stream:
        data = stream.read(_LARGEST + 1) if os.fstat(stream.fileno()).st_size <= _LARGEST else None
    if data is None or len(data) > _LARGEST:
        raise PushFailed("PUSH_FAILED", f"the artifact {path.name} has more than {_LARGEST >> 30} GiB")
    return data


async def _put(cloud: Cloud, job: Job, build: Body, where: tuple[str, str], data: bytes, kind: str) -> Body:
    bucket, name = where
    path = f"upload/storage/v1/b/{quote(bucket)}/o?uploadType=media&name={quote(name, safe='')}"

    def put() -> Body:
        answer = asking.reply(cloud, names.account(build), "POST", path, data, kind)
        result: Body = json.loads(answer.body) if isinstance(answer.body, bytes) else {}
        if answer.status >= 400:
            raise CloudError(answer.status, "FAILED_PRECONDITION", str(result.get("error", {}).get("message", "")))
        return result

    try:
        return await job.write(put)
    except CloudError as problem:
        raise PushFailed("PUSH_FAILED", f"failed to upload gs://{bucket}/{name}: {problem.message}") from None
