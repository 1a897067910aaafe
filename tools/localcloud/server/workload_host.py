"""What the server provides for workloads: a metadata server, access to the cloud under Google's host names, and a CA bundle."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import uuid
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

from localcloud import atomic_files
from localcloud.containers import logins
from localcloud.containers.archives import RegistryClient
from localcloud.containers.client import CommandLineRuntime
from localcloud.containers.workload import Mount, Runtime, RuntimeProblem
from localcloud.engine import image_names, places
from localcloud.engine.cloud import Cloud
from localcloud.engine.orders import Given, Order
from localcloud.server import certificates, clients, metadata
from localcloud.server.holders import Holders
from localcloud.services.artifactregistry import MULTI_REGIONS
from localcloud.services.artifactregistry.registry import HOST

BUNDLE = "workload-ca.pem"
INSIDE = "/etc/localcloud/ca-bundle.pem"
# A name that nothing is granted to: it opens the tunnel to other hosts, where the kernel cannot say who holds a connection.
_TUNNEL = "user:workload@localcloud.invalid"
_PATIENCE = 30.0


@dataclass(frozen=True)
class ServingHost:
    """The engine.orders.WorkloadHost of a serving cloud. `loop` and `thread` are the server's, `port` is the one it listens on."""

    cloud: Cloud
    state: Path
    port: int
    loop: asyncio.AbstractEventLoop
    thread: int

    @property
    def address(self) -> str:
        """Where the cloud answers on this machine."""
        return f"127.0.0.1:{self.port}"

    def give(self, order: Order, runtime: Runtime) -> Given:
        """The environment variables and files of an order's workload. Blocks; must not be called on the event loop."""
        holders = Holders()
        server = metadata.Metadata(self.cloud, order, None if _shares_network(runtime) else holders)
        port, close = asyncio.run_coroutine_threadsafe(metadata.listen(server), self.loop).result(_PATIENCE)
        bundle = self._bundle()
        contained = runtime.name != "process"
        trusted = INSIDE if contained else str(bundle)
        tunnel = self.cloud.tokens.token(_TUNNEL) if _shares_network(runtime) else "simulated"
        env = variables(runtime.host, self.port, port, trusted, tunnel)
        return Given(
            env=env,
            mounts=(Mount(bundle, INSIDE, read_only=True),) if contained else (),
            started=lambda pid: holders.tell(pid if _is_known(runtime) else 0),
            take_back=lambda: self._end(close),
        )

    def pull(self, client: CommandLineRuntime, image: str, principal: str) -> str:
        """The id of an image that is fetched through the proxy, as a principal for a quarter of an hour; no token is on a command line."""
        token = self.cloud.tokens.token(principal, int(self.cloud.clock.seconds()) + 900)
        host, _, rest = image.partition("/")
        own = self.address
        with tempfile.TemporaryDirectory(dir=self.state, prefix="pull-") as folder:
            config = logins.write(Path(folder), token, (host, own))
            try:
                if client.kind.in_virtual_machine:
                    name = f"localhost/local-cloud/pulled:{uuid.uuid4().hex}"
                    image_id = self._registry_client(image, token).load(client, _reference(image), name, self.state)
                elif client.name == "podman":
                    name = image
                    image_id = client.call("pull", "--quiet", name, env=self._registry(config))[-1]
                else:  # dockerd fetches by itself, and takes a registry on loopback without TLS
                    name = f"{own}/{rest}"
                    client.call("pull", "--quiet", name, env={"DOCKER_CONFIG": folder})
                    image_id = client.image(name)[0]
            except RuntimeProblem as problem:
                raise RuntimeProblem(f"{image} cannot be pulled as {principal}: {problem}") from None
        client.keep_unnamed(image_id, name)  # a build whose account may not pull it would start from it by its name
        return image_id

    def digest(self, image: str, principal: str) -> str:
        """The digest of an image in the registry; "" if there is none, or the caller may not read it (which a pull then reports)."""
        token = self.cloud.tokens.token(principal, int(self.cloud.clock.seconds()) + 900)
        host, _, rest = image.partition("/")
        path = f"/v2/{image_names.bare(rest)}/manifests/{_reference(image)}"
        headers = {"Host": host, "Authorization": f"Bearer {token}"}
        with (
            suppress(OSError, HTTPException),
            closing(HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)) as connection,
        ):
            connection.request("HEAD", path, headers=headers)
            answer = connection.getresponse()
            return answer.headers.get("Docker-Content-Digest", "") if answer.status == 200 else ""
        return ""

    def reachable(self, client: CommandLineRuntime, image: str) -> str:
        """podman pushes through the proxy; dockerd by itself, so that it must be told where."""
        host, _, rest = image.partition("/")
        return image if client.name == "podman" or not host.endswith(HOST) else f"127.0.0.1:{self.port}/{rest}"

    def push(self, client: CommandLineRuntime, image_id: str, image: str, principal: str) -> str:
        """Pushes an image for an engine that cannot, since it is in a virtual machine: its digest."""
        token = self.cloud.tokens.token(principal, int(self.cloud.clock.seconds()) + 900)
        registry = self._registry_client(image, token)
        pushed = [digest for digest, made in self.cloud.workloads.here.items() if made == image_id]
        again = next((digest for digest in pushed if registry.tag(digest, _reference(image))), "")
        return again or registry.save(client, image_id, _reference(image), self.state)

    def commands(self, principal: str, folder: Path) -> Mapping[str, str]:
        """For a day, as long as a build may last; podman, docker, gcloud and gsutil find the token in files."""
        token = self.cloud.tokens.token(principal, int(self.cloud.clock.seconds()) + 86_400)
        token_file = folder / "token"
        token_file.write_text(token, "utf-8")
        hosts = [f"{region}{HOST}" for region in (*places.REGIONS, *MULTI_REGIONS)]
        config = logins.write(folder, token, [*hosts, f"127.0.0.1:{self.port}"])
        return {
            **self._registry(config),
            **dict.fromkeys(clients.TRUST, str(certificates.bundle(self.state))),
            "DOCKER_CONFIG": str(folder),
            "CLOUDSDK_CONFIG": str(folder / "gcloud"),
            "CLOUDSDK_PROXY_TYPE": "http",
            "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
            "CLOUDSDK_PROXY_PORT": str(self.port),
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token_file),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        }

    def _registry_client(self, image: str, token: str) -> RegistryClient:
        host, _, rest = image.partition("/")
        return RegistryClient(self.address, host, image_names.bare(rest), token)

    def _registry(self, config: Path) -> Mapping[str, str]:
        proxy = f"http://{self.address}"
        return {
            **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy),
            "NO_PROXY": "",
            "SSL_CERT_FILE": str(certificates.bundle(self.state)),
            "REGISTRY_AUTH_FILE": str(config),
        }

    def _bundle(self) -> Path:
        """The certificates in a file that every user of a container may read; its folder is closed to other users here."""
        content, path = certificates.bundle(self.state).read_bytes(), self.state / BUNDLE
        if not path.exists() or path.read_bytes() != content:
            atomic_files.write(path, content, mode=0o644)
        return path

    def _end(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Ends a metadata server; nothing answers on its port when this returns, but where the loop itself asks."""
        if not self.loop.is_running():
            return
        ending = asyncio.run_coroutine_threadsafe(close(), self.loop)
        if threading.get_ident() != self.thread:
            ending.result(_PATIENCE)


def _reference(image: str) -> str:
    """An image's tag or digest."""
    _, digested, digest = image.partition("@")
    return digest if digested else image_names.full(image).rpartition(":")[2]


def variables(host: str, port: int, identity: int, bundle: str, password: str) -> dict[str, str]:
    """What Google's libraries need in a workload; `host` is how it reaches this machine's loopback, `identity` its metadata port."""
    server, base = f"{host}:{identity}", f"http://{host}:{port}"
    proxy = f"http://local-cloud:{quote(password, safe='')}@{host}:{port}"
    ours = f"{clients.LOOPBACK},{host}"
    return {
        # Python asks by IP whether it is on Google Cloud and by HOST for tokens, gcloud by ROOT.
        **dict.fromkeys(("GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_ROOT"), server),
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "grpc_proxy"), proxy),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), ours),
        **dict.fromkeys((*clients.TRUST, "NODE_EXTRA_CA_CERTS"), bundle),
        **clients.without_proxy(base),
    }


def _is_known(runtime: Runtime) -> bool:
    """Whether what connects for a workload is in the session that it was started in: its processes, or podman's slirp4netns."""
    return not isinstance(runtime, CommandLineRuntime) or any("slirp4netns" in one for one in runtime.kind.network)


def _shares_network(runtime: Runtime) -> bool:
    return isinstance(runtime, CommandLineRuntime) and runtime.kind.shares_network
