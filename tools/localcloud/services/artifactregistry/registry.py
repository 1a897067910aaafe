"""The Docker registry at `<region>-docker.pkg.dev`: the OCI distribution protocol, with IAM checked on every request.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from localcloud.engine import forms, gate
from localcloud.engine.cloud import Cloud
from localcloud.engine.logs import micros
from localcloud.engine.state_folder import disk_refused
from localcloud.errors import CloudError
from localcloud.services.artifactregistry import manifests, rules
from localcloud.services.artifactregistry.images import API, INDEXES, Blob, Images, Manifest
from localcloud.services.artifactregistry.manifests import RegistryError

PULL = "artifactregistry.repositories.downloadArtifacts"
PUSH = "artifactregistry.repositories.uploadArtifacts"
DELETE = "artifactregistry.repositories.deleteArtifacts"
HOST = "-docker.pkg.dev"
ANONYMOUS = "anonymous"
# Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests.
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_PAGE = re.compile(r"[0-9]{1,9}")
_HOUR = 3600
_DAY = 86_400
_CODES = {400: "NAME_INVALID", 401: "UNAUTHORIZED", 403: "DENIED", 404: "NAME_UNKNOWN"}
Endpoint = Callable[[Request], Awaitable[Response]]


class Upload(NamedTuple):
    """An upload that has begun: its repository, its file, and when it began."""

    repository: str
    path: Path
    begun: float


def application(cloud: Cloud) -> Starlette:
    """The registry of all the cloud's Docker repositories."""
    return Registry(cloud).app()


class Registry:
    """The protocol's endpoints. Names are PROJECT/REPOSITORY/IMAGE, where the image may have slashes of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._uploads: dict[str, Upload] = {}

    def app(self) -> Starlette:
        """The ASGI application."""
        name = "/v2/{name:path}"
        routes = [
            Route("/v2/", self._guarded(self._version), methods=["GET"]),
            Route("/v2/token", self._guarded(self._token), methods=["GET", "POST"]),
            Route(f"{name}/blobs/uploads/", self._guarded(self._begin), methods=["POST"]),
            Route(
                f"{name}/blobs/uploads/{{upload}}",
                self._guarded(self._upload),
                methods=["GET", "PATCH", "PUT", "DELETE"],
            ),
            Route(f"{name}/blobs/{{digest}}", self._guarded(self._blob), methods=["GET", "HEAD"]),
            Route(
                f"{name}/manifests/{{reference}}",
                self._guarded(self._manifest),
                methods=["GET", "HEAD", "PUT", "DELETE"],
            ),
            Route(f"{name}/tags/list", self._guarded(self._tags), methods=["GET"]),
            Route(f"{name}/referrers/{{digest}}", self._guarded(self._referrers), methods=["GET"]),
        ]
        return Starlette(routes=routes)

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def answered(request: Request) -> Response:
            try:
                return await endpoint(request)
            except RegistryError as problem:
                return self._error(request, problem.status, problem.code, problem.message)
            except CloudError as problem:
                return self._error(request, problem.code, _CODES.get(problem.code, "UNKNOWN"), problem.message)
            except OSError as problem:
                if not disk_refused(problem):
                    raise
                # Not a 5xx: podman and docker would push it all again.
                return self._error(request, 400, "UNKNOWN", self._cloud.store.explain(problem).message)

        return answered

    def _error(self, request: Request, status: int, code: str, message: str) -> Response:
        headers = {"Docker-Distribution-API-Version": "registry/2.0"}
        if status == 401:
            host = request.headers.get("host", "")
            headers["WWW-Authenticate"] = f'Bearer realm="{request.url.scheme}://{host}/v2/token",service="{host}"'
        return JSONResponse({"errors": [{"code": code, "message": message}]}, status, headers)

    def _principal(self, request: Request) -> str:
        authorization = request.headers.get("authorization", "")
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "basic":
            value = _password(value)
        if not value or value == ANONYMOUS:
            return ""
        return gate.caller(self._cloud, {"authorization": f"Bearer {value}"})

    def _opened(self, request: Request, permission: str) -> tuple[Images, str]:
        """A request's repository and image, for callers with a permission on the repository."""
        words = request.path_params["name"].split("/")
        if len(words) < 3 or not all(words):
            raise RegistryError(404, "NAME_UNKNOWN", f"{'/'.join(words)} is not PROJECT/REPOSITORY/IMAGE.")
        if wrong := next((one for one in words[2:] if not _NAME.fullmatch(one)), ""):
            raise RegistryError(400, "NAME_INVALID", f"{wrong[:200]!r} is not a valid image name.")
        repository = self._named(request, words[0], words[1])
        principal = self._principal(request)
        if not self._cloud.iam.allowed(principal, permission, API, repository, words[0]):
            if not principal:
                raise RegistryError(401, "UNAUTHORIZED", f"Unauthenticated request. {_denied(permission, repository)}")
            raise RegistryError(403, "DENIED", _denied(permission, repository))
        body = self._cloud.store.get(API, repository)
        if body is None or not self._cloud.projects.enabled(words[0], API):
            raise RegistryError(404, "NAME_UNKNOWN", f'Repository "{words[1]}" not found')
        if body["format"] != "DOCKER":
            raise RegistryError(
                400, "UNSUPPORTED", f"{repository} holds artifacts of format {body['format']}, not images."
            )
        return Images(self._cloud, repository), "/".join(words[2:])

    def _named(self, request: Request, project: str, repository: str) -> str:
        """The repository's full name; its location comes from Google's host name or, on other hosts, from the only match."""
        host = request.headers.get("host", "").partition(":")[0]
        if host.endswith(HOST):
            return f"projects/{project}/locations/{host.removesuffix(HOST)}/repositories/{repository}"
        names = [
            name
            for name, _ in self._cloud.store.list(API, f"projects/{project}/locations/-", "repositories")
            if name.endswith(f"/{repository}")
        ]
        if len(names) > 1:
            raise RegistryError(400, "NAME_INVALID", f"{repository} is in several locations: use REGION{HOST}.")
        return names[0] if names else f"projects/{project}/locations/-/repositories/{repository}"

    async def _version(self, request: Request) -> Response:
        if "authorization" not in request.headers:
            raise RegistryError(401, "UNAUTHORIZED", "Unauthenticated request.")
        self._principal(request)
        return JSONResponse({}, headers={"Docker-Distribution-API-Version": "registry/2.0"})

    async def _token(self, request: Request) -> Response:
        """Returns the token that was sent as a password, for use in further requests; an anonymous one without a password."""
        authorization = request.headers.get("authorization", "")
        value = _password(authorization.partition(" ")[2]) if authorization else ""
        if not value and request.method == "POST":
            try:
                form = await forms.read(request.stream())
            except forms.FormTooLarge:
                raise RegistryError(413, "SIZE_INVALID", f"A form may have {forms.MOST} bytes.") from None
            value = form.get("refresh_token") or form.get("password") or ""
        if value:
            self._cloud.tokens.principal({"authorization": f"Bearer {value}"}, self._cloud.clock.seconds())
        token = value or ANONYMOUS
        body = {"token": token, "access_token": token, "expires_in": _HOUR, "issued_at": self._cloud.clock.rfc3339()}
        return JSONResponse(body)

    async def _blob(self, request: Request) -> Response:
        images, _ = self._opened(request, PULL)
        digest = manifests.checked_digest(request.path_params["digest"])
        blob = images.blob(digest)
        if blob is None:
            raise RegistryError(404, "BLOB_UNKNOWN", f"{digest} is not in this repository.")
        return _content(request, blob)

    async def _begin(self, request: Request) -> Response:
        images, _ = self._opened(request, PUSH)
        wanted = request.query_params.get("mount", "")
        if wanted and manifests.DIGEST.fullmatch(wanted) and await self._mounted(request, images, wanted):
            return self._held(request, wanted)
        upload = uuid.uuid4().hex
        self._tidy()
        self._uploads[upload] = Upload(images.repository, self._cloud.store.spool(), self._cloud.clock.seconds())
        if "digest" in request.query_params:
            return await self._finish(request, images, upload)
        return self._progress(request, upload, 202)

    async def _mounted(self, request: Request, images: Images, digest: str) -> bool:
        words = request.query_params.get("from", "").split("/")
        if len(words) < 3:
            return False
        origin = self._named(request, words[0], words[1])
        if not self._cloud.iam.allowed(self._principal(request), PULL, API, origin, words[0]):
            return False
        return await self._cloud.commits.write(lambda: images.mount(digest, origin))

    async def _upload(self, request: Request) -> Response:
        images, _ = self._opened(request, PUSH)
        upload = request.path_params["upload"]
        found = self._uploads.get(upload)
        if found is None or found.repository != images.repository:
            raise RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "There is no such upload; start again.")
        if request.method == "DELETE":
            self._drop(upload)
            return Response(status_code=204)
        if request.method == "GET":
            return self._progress(request, upload, 204)
        if request.method == "PUT":
            return await self._finish(request, images, upload)
        begun = request.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
        if begun and begun != str(_size(found.path)):
            raise RegistryError(416, "BLOB_UPLOAD_INVALID", f"The next byte is {_size(found.path)}, not {begun}.")
        with self._taken(upload) as path:
            await _append(request, path)
        return self._progress(request, upload, 202)

    @contextmanager
    def _taken(self, upload: str) -> Iterator[Path]:
        """The file of an upload, to which no other request can add meanwhile; the upload ends with its file."""
        taken = self._uploads.pop(upload)
        try:
            yield taken.path
        finally:
            if taken.path.exists():
                self._uploads[upload] = taken

    async def _finish(self, request: Request, images: Images, upload: str) -> Response:
        with self._taken(upload) as path:
            await _append(request, path)
            digest = manifests.checked_digest(request.query_params.get("digest", ""))
            computed = f"sha256:{await asyncio.to_thread(_sha256, path)}"
            if computed != digest:
                path.unlink()
                raise RegistryError(400, "DIGEST_INVALID", f"The content has the digest {computed}, not {digest}.")
            size = path.stat().st_size
            try:
                await self._cloud.commits.write(lambda: images.hold(digest, size, path))
            finally:
                path.unlink(missing_ok=True)
        return self._held(request, digest)

    def _drop(self, upload: str) -> None:
        self._uploads.pop(upload).path.unlink(missing_ok=True)

    def _tidy(self) -> None:
        """Discards uploads that were not finished within a day."""
        until = self._cloud.clock.seconds() - _DAY
        for upload in [one for one, found in self._uploads.items() if found.begun < until]:
            self._drop(upload)

    def _held(self, request: Request, digest: str) -> Response:
        where = f"/v2/{request.path_params['name']}/blobs/{digest}"
        return Response(status_code=201, headers={"Location": where, "Docker-Content-Digest": digest})

    def _progress(self, request: Request, upload: str, status: int) -> Response:
        size = _size(self._uploads[upload].path)
        headers = {
            "Location": f"/v2/{request.path_params['name']}/blobs/uploads/{upload}",
            "Docker-Upload-UUID": upload,
            "Range": f"0-{max(size - 1, 0)}",
        }
        return Response(status_code=status, headers=headers)

    async def _manifest(self, request: Request) -> Response:
        reference = request.path_params["reference"]
        if request.method == "PUT":
            return await self._put(request, reference)
        images, image = self._opened(request, DELETE if request.method == "DELETE" else PULL)
        manifest = images.manifest(image, reference)
        if manifest is None:
            raise RegistryError(404, "MANIFEST_UNKNOWN", f'Failed to fetch "{reference}"')
        tag = "" if ":" in reference else reference
        if request.method != "DELETE" and rules.denied(self._cloud, images.repository, image, manifest.digest, tag):
            raise RegistryError(403, "DENIED", f"A download rule of {images.repository} denies {image} {reference}.")
        if request.method == "DELETE":
            gone: Callable[[], None] = (
                (lambda: images.delete(image, reference))
                if ":" in reference
                else lambda: images.untag(image, reference)
            )
            await self._cloud.commits.write(gone)
            return Response(status_code=202)
        headers = {
            "Docker-Content-Digest": manifest.digest,
            "ETag": f'"{manifest.digest}"',
            "Content-Length": str(len(manifest.body)),
        }
        body = b"" if request.method == "HEAD" else manifest.body
        return Response(body, 200, headers, manifest.media_type)

    async def _put(self, request: Request, reference: str) -> Response:
        images, image = self._opened(request, PUSH)
        body = await manifests.whole(request)
        media_type = request.headers.get("content-type", "")
        manifests.check(images, image, media_type, body)
        if ":" in reference and reference != f"sha256:{hashlib.sha256(body).hexdigest()}":
            raise RegistryError(400, "DIGEST_INVALID", f"The manifest does not have the digest {reference}.")
        if ":" not in reference and not _TAG.fullmatch(reference):
            raise RegistryError(400, "TAG_INVALID", f"{reference!r} is not a tag.")

        def put() -> str:
            stored = images.put(image, media_type, body)
            if ":" not in reference:
                images.tag(image, reference, stored.digest)
            return stored.digest

        digest = await self._cloud.commits.write(put)
        where = f"/v2/{request.path_params['name']}/manifests/{digest}"
        return Response(status_code=201, headers={"Location": where, "Docker-Content-Digest": digest})

    async def _tags(self, request: Request) -> Response:
        images, image = self._opened(request, PULL)
        if not images.manifests(image):
            raise RegistryError(404, "NAME_UNKNOWN", f"{request.path_params['name']} holds no image.")
        last, most = request.query_params.get("last", ""), request.query_params.get("n", "")
        tags = [tag for tag in images.tags(image) if tag > last]
        page = tags[: int(most)] if _PAGE.fullmatch(most) else tags
        more = (
            {"Link": f'<{request.url.path}?n={most}&last={page[-1]}>; rel="next"'}
            if page and len(page) < len(tags)
            else {}
        )
        found = {manifest.digest: _listed(manifest, images.tags(image)) for manifest in images.manifests(image)}
        answer = {"child": [], "manifest": found, "name": request.path_params["name"], "tags": page}
        return JSONResponse(answer, headers=more)

    async def _referrers(self, request: Request) -> Response:
        self._opened(request, PULL)
        return JSONResponse({"schemaVersion": 2, "mediaType": INDEXES[0], "manifests": []}, media_type=INDEXES[0])


def _listed(manifest: Manifest, tags: Mapping[str, str]) -> dict[str, Any]:
    """A version in a list of tags, which at Google has more than the specification of registries: gcloud reads nothing else."""
    created, updated = (str(micros(moment) // 1000) for moment in (manifest.created, manifest.updated))
    return {
        "imageSizeBytes": str(manifest.size),
        "layerId": "",
        "mediaType": manifest.media_type,
        "tag": [tag for tag, digest in tags.items() if digest == manifest.digest],
        "timeCreatedMs": created,
        "timeUploadedMs": updated,
    }


def _content(request: Request, blob: Blob) -> Response:
    headers = {"Docker-Content-Digest": blob.digest, "Content-Length": str(blob.size), "ETag": f'"{blob.digest}"'}
    if request.method == "HEAD":
        return Response(b"", 200, headers, "application/octet-stream")
    return StreamingResponse(blob.pieces(), 200, headers, "application/octet-stream")


def _denied(permission: str, repository: str) -> str:
    return f'Permission "{permission}" denied on resource "{repository}" (or it may not exist)'


def _password(basic: str) -> str:
    try:
        return base64.b64decode(basic, validate=True).decode().partition(":")[2]
    except ValueError:
        raise RegistryError(401, "UNAUTHORIZED", "The Authorization header cannot be read.") from None


async def _append(request: Request, path: Path) -> None:
    """Adds a request's body to a file, which is deleted if the disk refuses it."""
    try:
        with path.open("ab") as stream:
            async for piece in request.stream():
                stream.write(piece)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
