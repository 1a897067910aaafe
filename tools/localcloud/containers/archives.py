"""Images moved between the local cloud's registry and an engine in a virtual machine, which reaches no port on this machine's loopback.

They go through the command line as archives: `save` and `load` work wherever the engine is.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any

from localcloud.containers.client import CommandLineRuntime
from localcloud.containers.workload import RuntimeProblem

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_ACCEPTED = (
    f"{_MANIFEST}, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.index.v1+json"
)
_GZIP = b"\x1f\x8b"
_PIECE = 1 << 20
_PATIENCE = 600.0
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class RegistryClient:
    """An image in the registry at the address "127.0.0.1:PORT"; `name` is PROJECT/REPOSITORY/IMAGE, `host` the registry's own name."""

    address: str
    host: str
    name: str
    token: str

    def load(self, client: CommandLineRuntime, reference: str, called: str, folder: Path) -> str:
        """Brings an image (by tag or digest) to the engine under a name: its id. Raises RuntimeProblem."""
        with tempfile.TemporaryDirectory(dir=folder, prefix="load-") as own:
            archive = Path(own) / "image.tar"
            with tarfile.open(archive, "w") as tar:
                self._pack(tar, self._manifest(reference), called, Path(own))
            client.call("load", "--quiet", f"--input={archive}")
        return client.image(called)[0]

    def save(self, client: CommandLineRuntime, image: str, tag: str, folder: Path) -> str:
        """Pushes an image of the engine's (its id) with a tag: its digest in the registry. Raises RuntimeProblem."""
        with tempfile.TemporaryDirectory(dir=folder, prefix="save-") as own:
            archive = Path(own) / "image.tar"
            client.call("save", f"--output={archive}", image)
            with tarfile.open(archive) as tar:
                (listed,) = json.load(_file(tar, "manifest.json"))
                with _file(tar, listed["Config"]) as stream:
                    config = self._put(stream, _CONFIG)
                layers = []
                for name in listed["Layers"]:
                    with _file(tar, name) as stream, _compressed(stream, Path(own)) as compressed:
                        layers.append(self._put(compressed, _LAYER))
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": layers}
        return self._name(json.dumps(manifest).encode(), _MANIFEST, tag)

    def tag(self, digest: str, tag: str) -> bool:
        """Gives another tag to an image that is here already; False if it is not, or must not be read."""
        try:
            with self._asked("GET", f"manifests/{digest}") as answer:
                body, media_type = answer.read(), answer.headers["Content-Type"]
        except RuntimeProblem:
            return False
        return self._name(body, media_type, tag) == digest

    def _name(self, manifest: bytes, media_type: str, tag: str) -> str:
        with self._asked("PUT", f"manifests/{tag}", io.BytesIO(manifest), len(manifest), media_type) as answer:
            return answer.headers["Docker-Content-Digest"]

    def _manifest(self, reference: str) -> dict[str, Any]:
        """The manifest for this machine's architecture."""
        with self._asked("GET", f"manifests/{reference}") as answer:
            found: dict[str, Any] = json.load(answer)
        if "manifests" not in found:
            return found
        wanted = _ARCHITECTURES.get(platform.machine(), platform.machine())
        each = ((one.get("platform", {}), one["digest"]) for one in found["manifests"])
        matching = [
            digest for machine, digest in each if (machine.get("os"), machine.get("architecture")) == ("linux", wanted)
        ]
        if not matching:
            raise RuntimeProblem(f"{self.host}/{self.name} has no image for linux/{wanted}.")
        return self._manifest(matching[0])

    def _pack(self, tar: tarfile.TarFile, manifest: dict[str, Any], called: str, folder: Path) -> None:
        """Writes an archive that every version of docker and podman loads: a list of files, a configuration and layers."""
        blobs = [one["digest"] for one in (manifest["config"], *manifest["layers"])]
        paths = {digest: f"blobs/{digest.replace(':', '/')}" for digest in blobs}
        for digest, path in paths.items():
            with tempfile.TemporaryFile(dir=folder) as stream:
                with self._asked("GET", f"blobs/{digest}") as answer:
                    shutil.copyfileobj(answer, stream, _PIECE)
                _add(tar, path, stream)
        config, *layers = (paths[digest] for digest in blobs)
        listed = [{"Config": config, "RepoTags": [called], "Layers": layers}]
        _add(tar, "manifest.json", io.BytesIO(json.dumps(listed).encode()))

    def _put(self, stream: IO[bytes], media_type: str) -> dict[str, Any]:
        """Uploads a blob unless it is there already; its descriptor in a manifest."""
        digest, size = f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}", stream.tell()  # type: ignore[arg-type]
        stream.seek(0)
        if not self._has(digest):
            with self._asked("POST", f"blobs/uploads/?digest={digest}", stream, size):
                pass
        return {"mediaType": media_type, "size": size, "digest": digest}

    def _has(self, digest: str) -> bool:
        with suppress(RuntimeProblem), self._asked("HEAD", f"blobs/{digest}"):
            return True
        return False

    @contextmanager
    def _asked(
        self, verb: str, path: str, body: IO[bytes] | None = None, size: int = 0, kind: str = "application/octet-stream"
    ) -> Iterator[HTTPResponse]:
        """The answer to a request. Raises RuntimeProblem in the registry's words."""
        headers = {"Host": self.host, "Authorization": f"Bearer {self.token}", "Accept": _ACCEPTED}
        headers |= {"Content-Length": str(size), "Content-Type": kind} if body is not None else {}
        try:
            with closing(HTTPConnection(self.address, timeout=_PATIENCE)) as connection:
                connection.request(verb, f"/v2/{self.name}/{path}", body, headers)
                answer = connection.getresponse()
                if answer.status >= 300:
                    raise RuntimeProblem(_sentence(answer.read()) or f"the registry answered with {answer.status}")
                yield answer
        except (OSError, HTTPException) as problem:
            raise RuntimeProblem(f"the registry cannot be reached: {problem}") from None


def _sentence(body: bytes) -> str:
    with suppress(ValueError, LookupError, TypeError):
        error = json.loads(body)["errors"][0]
        return f"{str(error['code']).lower()}: {error['message']}"
    return ""


def _file(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file of an archive, also behind a link to another of its files."""
    try:
        found = tar.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise RuntimeProblem(f"The saved image has no file {name}.")
    return found


def _add(tar: tarfile.TarFile, name: str, stream: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    tar.addfile(member, stream)


@contextmanager
def _compressed(layer: IO[bytes], folder: Path) -> Iterator[IO[bytes]]:
    """A layer as it is pushed: the same bytes for the same content, so that it is uploaded only once."""
    packed = layer.read(len(_GZIP)) == _GZIP
    layer.seek(0)
    if packed:
        yield layer
        return
    with tempfile.TemporaryFile(dir=folder) as target:
        with gzip.GzipFile("", "wb", 1, target, mtime=0) as stream:
            shutil.copyfileobj(layer, stream, _PIECE)
        target.seek(0)
        yield target
