"""HTTP/2 frame by frame: what a caller may send, what ends its connection, and how responses wait for room."""

from __future__ import annotations

import pytest
from h2.connection import H2Connection
from hpack import Decoder, Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    ExtensionFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from localcloud.provider.protocol.http2 import Begun, Cancelled, Event, Http2, Oversized, Received
from localcloud.provider.protocol.responses import ProtocolError, headers

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
BLOCK = Encoder().encode([(":method", "POST"), (":path", "/p/Back")])
INITIAL, LARGEST = SettingsFrame.INITIAL_WINDOW_SIZE, SettingsFrame.MAX_FRAME_SIZE
WHOLE = ["END_HEADERS", "END_STREAM"]


def started(largest: int = 1000) -> Http2:
    """A connection whose caller has said hello."""
    http = Http2(largest)
    http.start()
    assert not events(http, SettingsFrame(), first=PREFACE)
    http.responses.taken()
    return http


def events(http: Http2, *frames: Frame, first: bytes = b"") -> list[Event]:
    """What frames that arrive together make happen."""
    return list(http.receive(first + b"".join(one.serialize() for one in frames)))


def written(http: Http2) -> list[Frame]:
    """The frames that the server has written since the last time."""
    data, frames = memoryview(http.responses.taken()), []
    while data:
        frame, length = Frame.parse_frame_header(data[:9])
        frame.parse_body(data[9 : 9 + length])
        frames.append(frame)
        data = data[9 + length :]
    return frames


def sent(http: Http2) -> list[bytes]:
    """The bodies of the DATA frames among these."""
    return [one.data for one in written(http) if isinstance(one, DataFrame)]


def opened(stream: int, *flags: str, block: bytes = BLOCK) -> HeadersFrame:
    return HeadersFrame(stream, block, flags=flags or ["END_HEADERS"])


def test_a_call_arrives_in_pieces_of_any_size() -> None:
    http, data = started(), opened(1).serialize() + DataFrame(1, b"ab", flags=["END_STREAM"]).serialize()
    happened = [event for byte in data for event in http.receive(bytes([byte]))]
    assert happened == [Begun(1, "/p/Back"), Received(1, b"ab")]


def test_padding_priority_continued_headers_and_trailers_belong_to_a_call() -> None:
    http, encoder = started(), Encoder()
    block = encoder.encode([(":method", "POST"), (":path", "/p/Back")])
    first = HeadersFrame(1, block[:3], pad_length=4, stream_weight=9, flags=["PADDED", "PRIORITY"])
    happened = events(
        http,
        PriorityFrame(1),
        first,
        ContinuationFrame(1, block[3:5]),
        ContinuationFrame(1, block[5:], flags=["END_HEADERS"]),
        ExtensionFrame(0x77, 1),
        DataFrame(1, b"ab", pad_length=200, flags=["PADDED"]),
        HeadersFrame(1, encoder.encode([("end", "yes")]), flags=WHOLE),
        opened(3, *WHOLE, block=encoder.encode([(":method", "POST"), (":path", "/p/Back"), ("end", "yes")])),
    )
    assert happened == [Begun(1, "/p/Back"), Received(1, b"ab"), Begun(3, "/p/Back"), Received(3, b"")]


def test_a_reference_means_what_the_table_holds_now() -> None:
    http, encoder = started(), Encoder()
    paths = ["/a", "/a", "/b", "/a", "/a", "/b", "/b"]
    blocks = [encoder.encode([(":method", "POST"), (":path", path)]) for path in paths]
    happened = events(http, *(opened(2 * at + 1, block=block) for at, block in enumerate(blocks)))
    assert [one.path for one in happened if isinstance(one, Begun)] == paths
    assert blocks[0] != blocks[1]
    assert blocks[1] != blocks[4]


@pytest.mark.parametrize(
    "frames",
    [
        [PushPromiseFrame(1, 2, BLOCK)],
        [opened(2)],
        [opened(1), opened(1)],
        [opened(1, "END_STREAM"), DataFrame(1, b"ab")],
        [opened(1, "END_STREAM"), ContinuationFrame(3, BLOCK)],
        [ContinuationFrame(1, BLOCK, flags=["END_HEADERS"])],
        [opened(1, "END_STREAM"), *[ContinuationFrame(1, b"\0" * 16_000)] * 5],
        [opened(1, block=b"\xff\xff\xff")],
        [opened(1, block=Encoder().encode([(":path", "/" + "a" * 900)]) + b"\xbe" * 15_000)],
        [DataFrame(1, b"ab")],
        [RstStreamFrame(1)],
        [WindowUpdateFrame(1, 1)],
        [WindowUpdateFrame(0, 2**31 - 1)],
        [opened(1), WindowUpdateFrame(1, 2**31 - 1)],
        [SettingsFrame(settings={INITIAL: 2**31})],
        [opened(1), WindowUpdateFrame(1, 2**30), SettingsFrame(settings={INITIAL: 2**30 + 2**17})],
        [SettingsFrame(settings={LARGEST: 100})],
        [SettingsFrame(settings={LARGEST: 2**24})],
        [DataFrame(1, b"a" * 16_385)],
        [PingFrame(opaque_data=b"ab"), WindowUpdateFrame(0, 0)],
    ],
)
def test_what_http2_forbids_ends_the_connection(frames: list[Frame]) -> None:
    http = started()
    with pytest.raises(ProtocolError):
        events(http, *frames)
    assert type(written(http)[-1]).__name__ == "GoAwayFrame"


@pytest.mark.parametrize("hello", [b"GET / HTTP/1.1\r\n", b"P", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", PREFACE + b"\0" * 8])
def test_only_http2_goes_on(hello: bytes) -> None:
    http = Http2(1000)
    if PREFACE.startswith(hello) or hello.startswith(PREFACE):
        assert not list(http.receive(hello))
    else:
        with pytest.raises(ProtocolError):
            list(http.receive(hello))


def test_pings_and_settings_are_acknowledged_and_acknowledgements_are_not() -> None:
    http = started()
    assert not events(http, PingFrame(opaque_data=b"12345678"), PingFrame(flags=["ACK"]))
    assert not events(http, SettingsFrame(settings={LARGEST: 20_000}), SettingsFrame(flags=["ACK"]))
    ping, settings = written(http)
    assert isinstance(ping, PingFrame)
    assert ping.opaque_data == b"12345678"
    assert "ACK" in ping.flags
    assert isinstance(settings, SettingsFrame)
    assert "ACK" in settings.flags
    assert not settings.settings


def test_a_stream_too_many_is_refused_and_disturbs_no_other() -> None:
    http = started()
    happened = events(http, *(opened(stream) for stream in range(1, 203, 2)))
    assert len(happened) == 100
    refused = [one.stream_id for one in written(http) if isinstance(one, RstStreamFrame)]
    assert refused == [201]
    assert events(http, DataFrame(201, b"ab", flags=["END_STREAM"]), RstStreamFrame(1)) == [Cancelled(1)]
    assert events(http, opened(203, *WHOLE)) == [Begun(203, "/p/Back"), Received(203, b"")]


def test_a_body_that_is_too_large_or_has_its_answer_is_not_kept() -> None:
    http = started(largest=5)
    assert events(http, opened(1), DataFrame(1, b"abc"), DataFrame(1, b"abc"), DataFrame(1, b"abc")) == [
        Begun(1, "/p/Back"),
        Oversized(1),
    ]
    assert events(http, opened(3), DataFrame(3, b"a")) == [Begun(3, "/p/Back")]
    http.finish(3)
    http.responses.fail(3, (b"grpc-status", b"7"))
    assert not events(http, DataFrame(3, b"a", flags=["END_STREAM"]))


def test_a_sender_of_much_is_given_room_again() -> None:
    http = started(largest=10_000_000)
    frames = [DataFrame(1, b"a" * 16_000)] * 100
    assert events(http, opened(1), *frames) == [Begun(1, "/p/Back")]
    given: dict[int, int] = {}
    for one in written(http):
        assert isinstance(one, WindowUpdateFrame)
        given[one.stream_id] = given.get(one.stream_id, 0) + one.window_increment
    assert given[1] == 1_600_000
    assert given[0] > 1_000_000


def test_a_response_waits_for_room_in_its_stream_and_in_the_connection() -> None:
    http = started()
    events(http, SettingsFrame(settings={INITIAL: 10}), opened(1, *WHOLE), opened(3, *WHOLE))
    http.responses.send(1, b"0123456789abcdef")
    http.responses.send(3, b"x" * 70_000)
    assert sent(http) == [b"0123456789", b"x" * 10]
    assert not events(http, WindowUpdateFrame(1, 2))
    assert sent(http) == [b"ab"]
    assert not events(http, SettingsFrame(settings={INITIAL: 100_000, LARGEST: 50_000}))
    assert sent(http) == [b"cdef", b"x" * 50_000, b"x" * (65_535 - 26 - 50_000)]
    assert not events(http, WindowUpdateFrame(0, 100_000))
    assert sum(map(len, sent(http))) == 70_000 - 10 - (65_535 - 26)
    assert not len(http.responses)


def test_windows_that_shrink_below_zero_must_first_be_filled() -> None:
    http = started()
    events(http, opened(1, *WHOLE), SettingsFrame(settings={INITIAL: 20}))
    http.responses.send(1, b"a" * 30)
    events(http, SettingsFrame(settings={INITIAL: 5}))
    assert sent(http) == [b"a" * 20]
    events(http, WindowUpdateFrame(1, 15))
    assert sent(http) == []
    events(http, WindowUpdateFrame(1, 3))
    assert sent(http) == [b"a" * 3]


def test_nothing_is_written_to_a_cancelled_call() -> None:
    http = started()
    events(http, SettingsFrame(settings={INITIAL: 1}), opened(1, *WHOLE), opened(3, *WHOLE))
    http.responses.send(1, b"ab")
    assert events(http, RstStreamFrame(1), RstStreamFrame(3)) == [Cancelled(1), Cancelled(3)]
    written(http)
    events(http, WindowUpdateFrame(0, 10))
    http.responses.send(3, b"ab")
    http.responses.fail(3, (b"grpc-status", b"2"))
    assert not written(http)


def test_headers_are_the_same_whatever_came_before() -> None:
    decoder = Decoder()
    fields = [(b":status", b"200"), (b"content-type", b"application/grpc")]
    for _ in range(2):
        assert list(decoder.decode(headers(*fields), raw=True)) == fields


def test_h2_reads_what_is_written() -> None:
    """The library's own client, which checks each state."""
    client, http = H2Connection(), Http2(1000)
    client.initiate_connection()
    client.send_headers(1, [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/p")])
    client.send_data(1, b"ab", end_stream=True)
    http.start()
    assert list(http.receive(client.data_to_send())) == [Begun(1, "/p"), Received(1, b"ab")]
    http.responses.send(1, b"cd")
    names = [type(one).__name__ for one in client.receive_data(http.responses.taken())]
    assert names == [
        "RemoteSettingsChanged",
        "WindowUpdated",
        "SettingsAcknowledged",
        "ResponseReceived",
        "DataReceived",
        "TrailersReceived",
        "StreamEnded",
    ]
