"""Google's placeholder for services without an image of their own: it never runs here, and a page stands for its answer."""

from __future__ import annotations

from localcloud.services.run.exchanges import ClientConnection, Exchange
from localcloud.services.run.names import RunName

_PAGE = """\
<html><head><title>{name} (simulated)</title></head>
<body><h1>It's running (simulated)</h1>
<h2>This page stands for Google's placeholder: {name} has no image of its own yet. Deploy one.</h2>
</body></html>
"""


class Placeholder:
    """An instance of the placeholder: like Google's, it answers each request with 200, whatever its path, once it is whole."""

    usable = True

    def begin(self, client: ClientConnection, exchange: Exchange) -> None:
        """Answers the exchange as soon as its request is whole."""
        self._client, self._exchange = client, exchange
        if exchange.complete:
            self.finish()

    def finish(self) -> None:
        """Answers: the request is whole."""
        exchange = self._exchange
        text = _PAGE.format(name=RunName.of(exchange.chosen.revision).name).encode()
        exchange.status, exchange.answer_size = 200, len(text)
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(text))]
        self._client.head(exchange, 200, headers)
        if exchange.verb != b"HEAD":
            self._client.piece(text)
        self._client.done(exchange, reusable=True)

    def send(self, data: bytes) -> None:
        """Takes a piece of the request's body, which has no effect."""

    def tunnel(self, data: bytes) -> None:
        """Never called: it switches to no other protocol."""

    def end(self) -> None:
        """Never called, either."""

    def close(self) -> None:
        """Has nothing to close."""

    def reading(self, on: bool) -> None:
        """Has nothing to hold back: the page is small."""
