"""An https proxy that answers for Google's hosts from the local cloud, so that a run with no endpoint set can be tested.

It terminates TLS with its own certificate, puts the host's API prefix before the path and forwards the request. What lies
outside the local cloud it answers itself: tokens for logins that gcloud has written, who somebody is, and what a test has
scripted, GitHub's answers included. Any other host is refused, so a test that leaves the machine fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme

GITHUB = "api.github.com"
_EMAIL = "https://www.googleapis.com/auth/userinfo.email"
_EVERYTHING = f"openid {_EMAIL} https://www.googleapis.com/auth/cloud-platform"


@dataclass
class Proxy:
    """A running proxy: its address, the certificate to trust, and the hosts it answered for and refused.

    `scripted` are a test's own answers, status and body: {"GET api.github.com/repos/o/r": (200, {…})}. `scopes` are those of
    the tokens that were given out for a person's login.
    """

    url: str
    certificate: Path
    answered: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    scripted: dict[str, tuple[int, Any]] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> Mapping[str, str]:
        """What a process needs in its environment to go through the proxy."""
        certificate = str(self.certificate)
        return {
            "HTTPS_PROXY": self.url,
            "https_proxy": self.url,
            "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": certificate,
            "REQUESTS_CA_BUNDLE": certificate,
            "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": certificate,
        }


def prefixed(host: str, path: str) -> str:
    """The local cloud's path for a path on one of Google's hosts.

    >>> prefixed("secretmanager.googleapis.com", "/v1/projects/p/secrets")
    '/secretmanager/v1/projects/p/secrets'
    >>> prefixed("europe-west1-aiplatform.googleapis.com", "/v1/x")
    '/aiplatform/v1/x'
    """
    name = host.removesuffix(".googleapis.com").rpartition("-")[2]
    return path if name in {"storage", "www"} else f"/{name}{path}"


async def _head(reader: asyncio.StreamReader) -> tuple[str, list[str]]:
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *rest = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    return first, rest


def _header(lines: list[str], name: str) -> str:
    return next((line.partition(":")[2].strip() for line in lines if line.lower().startswith(name + ":")), "")


async def _body(reader: asyncio.StreamReader, lines: list[str]) -> bytes:
    if "chunked" not in _header(lines, "transfer-encoding"):
        return await reader.readexactly(int(_header(lines, "content-length") or 0))
    chunks = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(chunks)


async def _ask(base: str, first: str, lines: list[str], body: bytes) -> bytes:
    """Send one request to the local cloud on a connection of its own and give back the whole answer."""
    dropped = ("transfer-encoding:", "content-length:", "connection:", "host:")
    forwarded = [line for line in lines if not line.lower().startswith(dropped)]
    parts = urlsplit(base)
    forwarded += [f"Host: {parts.netloc}", f"Content-Length: {len(body)}", "Connection: close"]
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write("\r\n".join([first, *forwarded, "", ""]).encode("latin-1") + body)
    answer = await reader.read()
    writer.close()
    return answer


async def _serve_host(proxy: Proxy, base: str, host: str, reader: asyncio.StreamReader) -> bytes:
    first, lines = await _head(reader)
    body = await _body(reader, lines)
    verb, path, version = first.split(" ")
    call = f"{verb} {host}{path.partition('?')[0]}"
    proxy.answered.append(call)
    if call in proxy.scripted:
        return _reply(*proxy.scripted[call])
    if host == GITHUB:
        return _reply(404, {"message": "Not Found"})
    if host == "oauth2.googleapis.com":
        return _reply(*_token(proxy, parse_qs(body.decode())))
    if host == "openidconnect.googleapis.com":
        return _reply(*_userinfo(proxy, _header(lines, "authorization").removeprefix("Bearer ")))
    return await _ask(base, f"{verb} {prefixed(host, path)} {version}", lines, body)


def _reply(status: int, body: Any) -> bytes:
    content = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", "Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + content


def _token(proxy: Proxy, form: Mapping[str, list[str]]) -> tuple[int, Any]:
    """A token for a person's login, with the scopes that are asked for, or all that gcloud logs in with where none are.

    An identity token comes with it where `openid` is among them.

    The refresh token is the person's token of the local cloud. Source: https://developers.google.com/identity/protocols/oauth2/web-server#offline.
    """
    token = form["refresh_token"][0]
    proxy.scopes[token] = form.get("scope", [_EVERYTHING])[0]
    answer = {"access_token": token, "expires_in": 3599, "scope": proxy.scopes[token], "token_type": "Bearer"}
    return 200, answer | ({"id_token": "a-persons-own"} if "openid" in proxy.scopes[token].split() else {})


def _userinfo(proxy: Proxy, token: str) -> tuple[int, Any]:
    """Whose token it is; 401 if it was not requested with the scope that reveals this."""
    if _EMAIL not in proxy.scopes.get(token, _EVERYTHING):
        return 401, {"error": "invalid_request", "error_description": "Invalid Credentials"}
    return 200, {"email": token.split("/")[1].partition(":")[2], "email_verified": True}


async def _client(
    proxy: Proxy, base: str, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        first, _ = await _head(reader)
        verb, target, _version = first.split(" ")
        host = target.partition(":")[0]
        if verb != "CONNECT" or not (host.endswith(".googleapis.com") or host == GITHUB):
            proxy.refused.append(first)
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(context)
            writer.write(await _serve_host(proxy, base, host, reader))
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


@contextmanager
def google_proxy(base: str, folder: Path) -> Iterator[Proxy]:
    """A proxy in front of the local cloud at `base`, for the duration of the block; its certificate is in `folder`."""
    authority = trustme.CA()
    certificate = folder / "google-proxy.pem"
    authority.cert_pem.write_to_path(str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("*.googleapis.com", "*.europe-west1.rep.googleapis.com", GITHUB).configure_cert(context)
    loop = asyncio.new_event_loop()
    proxy = Proxy("", certificate)

    async def listen() -> int:
        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _client(proxy, base, context, reader, writer)

        server = await asyncio.start_server(client, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    port = loop.run_until_complete(listen())
    proxy.url = f"http://127.0.0.1:{port}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
