"""Fetches a build's source: an archive in a bucket, or a commit of a repository that a folder stands in for."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote

from localcloud.engine import asking
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.engine.zips import UnreadableZip, open_zip
from localcloud.errors import CloudError, invalid, unimplemented
from localcloud.services.cloudbuild import connections, folders, names, tars
from localcloud.services.cloudbuild.git import Git

_REASONS = {403: "forbidden", 404: "notFound"}


class UnreadableSource(Exception):
    """A sentence: why a source archive cannot be unpacked."""


def resolved(cloud: Cloud, build: Body, sender: str) -> Body:
    """The build's sourceProvenance, with the generation or commit pinned; 400 if its account cannot read the source.

    `sender` is who named the source, "" for a trigger's.
    """
    source = build.get("source", {})
    if len(source) > 1:
        raise invalid(
            f"invalid build: a build may have only one source; this one has {' and '.join(sorted(source))}",
            "build.source",
        )
    if "storageSource" in source:
        return {"sourceProvenance": {"resolvedStorageSource": _generation(cloud, build, source["storageSource"])}}
    for kind in ("connectedRepository", "gitSource"):
        if kind in source:
            one = source[kind]
            address = url(cloud, build, one)
            if sender and kind == "gitSource":
                connections.check_address(cloud, sender, build["projectId"], address)
            commit = folders.find(cloud, address).commit(one.get("revision") or "HEAD")
            field = f"resolved{kind[0].upper()}{kind[1:]}"
            return {"sourceProvenance": {field: {**one, "revision": commit}, "fileHashes": {}}}
    if source:
        raise unimplemented(
            f"The local cloud fetches storageSource, gitSource and connectedRepository; not {next(iter(source))}."
        )
    return {}


def url(cloud: Cloud, build: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    """The URL of a git source's repository; 400 if there is no such repository."""
    if "repository" not in source:
        return str(source.get("url", ""))
    return connections.remote(cloud, source["repository"], build["projectId"])


def folder(build: Mapping[str, Any]) -> str:
    """The folder in the source in which steps start, relative to its root; "" for the root."""
    return next((str(one.get("dir", "")) for one in build.get("source", {}).values()), "")


def archive(cloud: Cloud, build: Body) -> IO[bytes] | None:
    """Opens a build's source archive, read as its account; None without one. Call it within a transaction."""
    source = build.get("sourceProvenance", {}).get("resolvedStorageSource")
    if source is None:
        return None
    path = f"storage/v1/b/{source['bucket']}/o/{quote(source['object'], safe='')}?alt=media&generation={source['generation']}"
    answer = asking.reply(cloud, names.account(build), "GET", path)
    if answer.status != 200:
        raise CloudError(
            answer.status, "FAILED_PRECONDITION", f"error fetching gs://{source['bucket']}/{source['object']}"
        )
    return asking.stream(answer)


def unpacked(stream: IO[bytes], target: Path) -> None:
    """Unpacks a .tar.gz, .tar or .zip. Raises UnreadableSource for others, and for names or links that lead outside. Blocks."""
    try:
        if zipfile.is_zipfile(stream):
            stream.seek(0)
            _unzip(stream, target)
            return
        stream.seek(0)
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        whole = cast("IO[bytes]", gzip.GzipFile(fileobj=stream, mode="rb")) if packed else stream
        tars.unpack(whole, target)
    except UnreadableZip as problem:
        raise UnreadableSource(f"The source is not unpacked: {problem}; a .tar.gz may hold more.") from None
    except (tars.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as problem:
        raise UnreadableSource(f"The source is not an archive that can be unpacked: {problem}.") from None


def copied(cloud: Cloud, build: Body) -> tuple[Git, str] | None:
    """The repository and commit of a build's git source; None without one."""
    provenance = build.get("sourceProvenance", {})
    for field in ("resolvedConnectedRepository", "resolvedGitSource"):
        if field in provenance:
            return folders.find(cloud, url(cloud, build, provenance[field])), provenance[field]["revision"]
    return None


def _unzip(stream: IO[bytes], target: Path) -> None:
    with open_zip(stream, tars.MOST_BYTES) as archive_:
        for member in archive_.infolist():
            path = Path(archive_.extract(member, target))
            if not member.is_dir() and (mode := member.external_attr >> 16 & 0o777):
                path.chmod(mode | 0o600)


def _generation(cloud: Cloud, build: Body, source: Body) -> Body:
    bucket, name = source.get("bucket", ""), source.get("object", "")
    if not bucket or not name:
        raise invalid(
            "invalid build: source.storage_source must have a bucket and an object", "build.source.storage_source"
        )
    path = f"storage/v1/b/{bucket}/o/{quote(name, safe='')}"
    if source.get("generation") and source["generation"] != "0":
        path += f"?generation={source['generation']}"
    try:
        stored = asking.ask_json(cloud, names.account(build), "GET", path)
    except CloudError as problem:
        reason = _REASONS.get(problem.code, "badRequest")
        raise invalid(
            f"could not resolve source: googleapi: Error {problem.code}: {problem.message}, {reason}", "build.source"
        ) from None
    return {**source, "generation": stored["generation"]}
