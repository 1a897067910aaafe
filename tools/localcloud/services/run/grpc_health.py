"""Asks a container for its health by gRPC: `Check` of the service grpc.health.v1.Health."""

from __future__ import annotations

import asyncio

from google.protobuf.wrappers_pb2 import Int32Value, StringValue
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, StreamEnded, StreamReset

_SERVING = 1
_PREFIX = 5
"""The bytes before a message of gRPC: whether it is compressed, and its length."""


async def serves(address: tuple[str, int], service: str) -> bool:
    """Whether a container says that it serves a service, or as a whole if that is "". Raises OSError and h2's ProtocolError.

    Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md.
    """
    reader, writer = await asyncio.open_connection(*address)
    http = H2Connection(H2Configuration(header_encoding="utf-8"))
    try:
        http.initiate_connection()
        _ask(http, f"{address[0]}:{address[1]}", service)
        answer = b""
        while data := await _next(http, reader, writer):
            for event in http.receive_data(data):
                if isinstance(event, DataReceived):
                    answer += event.data
                if isinstance(event, ConnectionTerminated | StreamEnded | StreamReset):
                    # Wrappers have the same form as messages with one field of that number and type: the status of the answer.
                    return bool(answer) and Int32Value.FromString(answer[_PREFIX:]).value == _SERVING
        return False
    finally:
        writer.close()


def _ask(http: H2Connection, host: str, service: str) -> None:
    stream = http.get_next_available_stream_id()
    message = StringValue(value=service).SerializeToString()
    headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/grpc.health.v1.Health/Check"),
        (":authority", host),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", "Cloud-Run-Probe (local)"),
    ]
    http.send_headers(stream, headers)
    http.send_data(stream, b"\0" + len(message).to_bytes(_PREFIX - 1) + message, end_stream=True)


async def _next(http: H2Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Sends what is due, settings and pings included, and waits for more; b"" at the end of the connection."""
    writer.write(http.data_to_send())
    await writer.drain()
    return await reader.read(1 << 16)
