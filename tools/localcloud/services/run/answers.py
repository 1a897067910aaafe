"""Responses in HTTP/1.1: those of instances that speak HTTP/2, and the front end's own error pages."""

from __future__ import annotations

from http import HTTPStatus

from localcloud.services.run.exchanges import Exchange, Headers, ProxyError

_SERVER = "Google Frontend (simulated)"
_TYPE = "text/html; charset=UTF-8"
_BODILESS = frozenset({204, 304})


class Http1Answer:
    """Writes responses, one after another, from their parts. `endless`: the current one ends with the connection."""

    def __init__(self) -> None:
        self._chunked = self._silent = False
        self.endless = False
        self.trailers: Headers = ()

    def head(self, exchange: Exchange, status: int, headers: Headers, *, whole: bool) -> bytes:
        """A response's head, which may be the `whole` response; a status below 200 is an interim response."""
        lines = [b"HTTP/1.1 %d %b" % (status, _phrase(status).encode())]
        lines += [b"%b: %b" % header for header in headers]
        if status >= 200:
            self._silent = exchange.verb == b"HEAD" or status in _BODILESS
            unknown = not self._silent and all(name != b"content-length" for name, _ in headers)
            self._chunked, self.endless = unknown and not exchange.old, unknown and exchange.old
            if unknown and whole:
                self._chunked = self.endless = False
                lines.append(b"content-length: 0")
            if self._chunked:
                lines.append(b"transfer-encoding: chunked")
            if self.endless or not exchange.keep:
                lines.append(b"connection: close")
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def piece(self, data: bytes) -> bytes:
        """A piece of the body."""
        if self._silent or not data:
            return b""
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    def end(self) -> bytes:
        """The end of the response: the last chunk and the trailers, if it is chunked."""
        chunked, self._chunked = self._chunked, False
        trailers, self.trailers = self.trailers, ()
        return b"0\r\n%b\r\n" % b"".join(b"%b: %b\r\n" % header for header in trailers) if chunked else b""


def refusal(refused: ProxyError, *, keep: bool, body: bool) -> bytes:
    """An error response from the front end."""
    status, *headers, text = _status(refused), *refused_headers(refused), page(refused)
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    lines += [] if keep else ["Connection: close"]
    return "\r\n".join([*lines, f"Content-Length: {len(text)}", "", ""]).encode() + (text if body else b"")


def refused_headers(refused: ProxyError) -> list[tuple[str, str]]:
    """The headers of an error response, without its length, for either HTTP version."""
    return [("Content-Type", _TYPE), ("Server", _SERVER), *refused.headers]


def page(refused: ProxyError) -> bytes:
    """The body of an error response."""
    text = str(refused).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return (
        f"<html><head><title>{_status(refused)}</title></head>\n"
        f"<body><h1>Error: {_phrase(refused.status)}</h1>\n<h2>{text}</h2>\n</body></html>\n"
    ).encode()


def _status(refused: ProxyError) -> str:
    return f"{refused.status} {_phrase(refused.status)}"


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else ""
