"""The source of a function: copied to a bucket of Cloud Functions, checked, and given a Dockerfile for its build.

An archive comes from a stranger: nothing of it is unpacked here, and its directory is checked before a build unpacks it.
Source: https://cloud.google.com/functions/quotas, https://cloud.google.com/docs/buildpacks/python.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import quote

from localcloud.engine import asking
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.engine.zips import UnreadableZip, open_zip
from localcloud.errors import CloudError, failed_precondition, invalid
from localcloud.services.cloudfunctions import names, runtimes
from localcloud.services.cloudfunctions.names import API, FunctionName

DOCKERFILE = ".gcf/Dockerfile"
_MOST_PACKED, _MOST_UNPACKED = 100 << 20, 500 << 20
_TARGET = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_/.-]{0,199}")
BASE = "docker.io/library/python:{version}-slim"
_DOCKERFILE = """\
FROM {base}
{arguments}ENV PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PYTHONUNBUFFERED=1
RUN pip install "functions-framework>=3.10,<4"
WORKDIR /workspace
COPY . .
RUN if [ -f requirements.txt ]; then pip install -r requirements.txt; fi
ENV FUNCTION_TARGET={target} FUNCTION_SIGNATURE_TYPE={signature} FUNCTION_SOURCE={source}
CMD ["functions-framework"]
"""


def check_entry_point(build: Body) -> None:
    """400 for an entry point that no function can have."""
    if build["runtime"].startswith("python") and "entryPoint" in build and not _TARGET.fullmatch(build["entryPoint"]):
        raise invalid(f"Invalid entry point {build['entryPoint']!r}.", "function.build_config.entry_point")
    for name in build.get("environmentVariables", {}):
        if not _VARIABLE.fullmatch(name):
            raise invalid(f"Invalid name of a variable {name!r}.", "function.build_config.environment_variables")
    if not _FILE.fullmatch(_file(build)):
        raise invalid(
            f"Invalid GOOGLE_FUNCTION_SOURCE {_file(build)!r}.", "function.build_config.environment_variables"
        )


def copy(cloud: Cloud, name: FunctionName, source: Body) -> Body:
    """The copy of a source in Cloud Functions' own bucket, as a storageSource. Call it within a transaction."""
    bucket = names.bucket(cloud, name.project, name.region, "sources")
    if source["bucket"] == bucket and source["object"] == name.source and source.get("generation"):
        return source  # the copy that is there
    path = f"storage/v1/b/{quote(source['bucket'], safe='')}/o/{quote(source['object'], safe='')}"
    path += f"/rewriteTo/b/{bucket}/o/{quote(name.source, safe='')}"
    if generation := source.get("generation"):
        path += f"?sourceGeneration={generation}"
    try:
        answer = names.ask(cloud, name.project, "POST", path, {})
    except CloudError as problem:
        raise failed_precondition(
            f"Failed to retrieve function source code gs://{source['bucket']}/{source['object']}: {problem.message}"
        ) from None
    return {"bucket": bucket, "object": name.source, "generation": answer["resource"]["generation"]}


def open_copy(cloud: Cloud, name: FunctionName, source: Body) -> IO[bytes]:
    """Opens the copied archive. Call it within a transaction."""
    path = f"storage/v1/b/{source['bucket']}/o/{quote(source['object'], safe='')}?alt=media&generation={source['generation']}"
    answer = asking.reply(cloud, cloud.agents.member(API, name.project), "GET", path)
    if answer.status != 200:
        raise failed_precondition(
            f"Failed to retrieve function source code gs://{source['bucket']}/{source['object']}."
        )
    return asking.stream(answer)


def check(archive: IO[bytes], build: Body) -> None:
    """400 for an archive that is too large, has paths outside of it or links, or lacks the source file. Blocks."""
    size = archive.seek(0, io.SEEK_END)
    if size > _MOST_PACKED:
        raise _failed(f"the archive has {size >> 20} MiB, and may have {_MOST_PACKED >> 20} MiB at most")
    try:
        with open_zip(archive, _MOST_UNPACKED) as packed:
            members = packed.infolist()
    except UnreadableZip as problem:
        raise _failed(str(problem)) from None
    for one in members:
        path = PurePosixPath(one.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or stat.S_ISLNK(one.external_attr >> 16):
            raise _failed(f"{one.filename!r} leads outside of the source, or is a link")
    file = _file(build)
    if runtimes.python(build["runtime"]) and file not in {one.filename for one in members}:
        raise _failed(
            f"missing {file} and GOOGLE_FUNCTION_SOURCE not specified. Either create the function in main.py or specify "
            "GOOGLE_FUNCTION_SOURCE to point to the file that contains the function"
        )


def with_dockerfile(archive: IO[bytes], build: Body, name: FunctionName, *, events: bool) -> bytes:
    """The archive that is built: the source with a Dockerfile added. Blocks."""
    text = _DOCKERFILE.format(
        base=BASE.format(version=runtimes.python(build["runtime"])),
        target=build.get("entryPoint") or name.id.replace("-", "_"),
        signature="cloudevent" if events else "http",
        source=_file(build),
        arguments="".join(f"ARG {name}\n" for name in build.get("environmentVariables", {})),
    )
    archive.seek(0)
    whole = io.BytesIO(archive.read())
    with zipfile.ZipFile(whole, "a") as packed:
        packed.writestr(DOCKERFILE, text)
    return whole.getvalue()


def _file(build: Body) -> str:
    return str(build.get("environmentVariables", {}).get("GOOGLE_FUNCTION_SOURCE", "main.py"))


def _failed(why: str) -> CloudError:
    return invalid(f"Build failed with status: FAILURE and message: {why}.", "function.build_config.source")
