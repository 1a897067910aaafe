"""What a workload finds around it: its metadata server, the one way in under Google's own names, and whom to trust there."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from localcloud.containers.client import Client
from localcloud.containers.workload import Mount, Runtime, RuntimeProblem
from localcloud.engine.cloud import Cloud
from localcloud.engine.workloads import Given, Order
from localcloud.server import certificates, clients, metadata

BUNDLE = "workload-ca.pem"
INSIDE = "/etc/localcloud/ca-bundle.pem"
# A name that nothing is granted to: it opens the tunnel to other hosts, where the kernel cannot say who holds a connection.
_TUNNEL = "user:workload@localcloud.invalid"
_PATIENCE = 30.0


@dataclass(frozen=True)
class Surroundings:
    """The door of a serving cloud (engine.workloads.Door). `loop` and `thread` are the server's, `port` its way in."""

    cloud: Cloud
    state: Path
    port: int
    loop: asyncio.AbstractEventLoop
    thread: int

    def give(self, order: Order, runtime: Runtime) -> Given:
        """What an order's workload is to have in its environment and among its files; blocks, and not on the loop."""
        server = metadata.Metadata(self.cloud, order, checks=not _shares_network(runtime))
        port, close = asyncio.run_coroutine_threadsafe(metadata.listen(server), self.loop).result(_PATIENCE)
        bundle = self._bundle()
        contained = runtime.name != "process"
        trusted = INSIDE if contained else str(bundle)
        env = variables(runtime.host, self.port, port, trusted, self._tunnel(runtime))
        return Given(
            env=env,
            mounts=(Mount(bundle, INSIDE, read_only=True),) if contained else (),
            take_back=lambda: self._end(close),
        )

    def pull(self, client: Client, image: str, principal: str) -> None:
        """Fetches an image through the way in, as a principal for a quarter of an hour; no token is on a command line."""
        token = self.cloud.tokens.token(principal, int(self.cloud.clock.seconds()) + 900)
        host, _, rest = image.partition("/")
        own = f"127.0.0.1:{self.port}"
        with tempfile.TemporaryDirectory(dir=self.state, prefix="pull-") as folder:
            secret = base64.b64encode(f"oauth2accesstoken:{token}".encode()).decode()
            config = Path(folder) / "config.json"
            config.write_text(json.dumps({"auths": {one: {"auth": secret} for one in (host, own)}}), "utf-8")
            try:
                if client.name == "podman":
                    client.call("pull", "--quiet", image, env=self._registry(config))
                else:  # dockerd fetches by itself, and takes a registry on loopback without TLS
                    client.call("pull", "--quiet", f"{own}/{rest}", env={"DOCKER_CONFIG": folder})
                    client.call("tag", f"{own}/{rest}", image)
            except RuntimeProblem as problem:
                raise RuntimeProblem(f"{image} cannot be pulled as {principal}: {problem}") from None

    def _registry(self, config: Path) -> Mapping[str, str]:
        proxy = f"http://127.0.0.1:{self.port}"
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
            handle, name = tempfile.mkstemp(dir=self.state, prefix=BUNDLE)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        return path

    def _tunnel(self, runtime: Runtime) -> str:
        return self.cloud.tokens.token(_TUNNEL) if _shares_network(runtime) else "simulated"

    def _end(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Ends a metadata server; nothing answers on its port when this returns, but where the loop itself asks."""
        if not self.loop.is_running():
            return
        ending = asyncio.run_coroutine_threadsafe(close(), self.loop)
        if threading.get_ident() != self.thread:
            ending.result(_PATIENCE)


def variables(host: str, port: int, identity: int, bundle: str, password: str) -> dict[str, str]:
    """What Google's libraries in a workload need, when `host` is how it sees this machine's loopback and `identity` its metadata port."""
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


def _shares_network(runtime: Runtime) -> bool:
    return isinstance(runtime, Client) and runtime.kind.shares_network
