"""A window of a headless Chromium that is driven as a person would: keys, sizes, themes, pictures. It speaks to the browser through a pipe."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.browser import Scheme, browser

# What a key is called, and its number on Windows, by which pages know it. Source: https://www.w3.org/TR/uievents-code/ and -key/.
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
_TYPED = {"Enter": "\r", " ": " "}
# The browser reads orders there, and writes answers and events, each text ended by a null character.
_BEGIN = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)


@dataclass
class Window:
    """One page at a time, at one size and in one theme."""

    orders: IO[bytes]
    answers: IO[bytes]
    session: str = ""
    number: int = 0
    events: list[str] = field(default_factory=list)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Gives one order of the browser's protocol; its answer."""
        self.number += 1
        order = {"id": self.number, "method": method, "params": params}
        self.orders.write(json.dumps({**order, "sessionId": self.session} if self.session else order).encode() + b"\0")
        self.orders.flush()
        while (answer := self._next()).get("id") != self.number:
            self.events.append(answer.get("method", ""))
        assert "error" not in answer, (method, answer["error"])
        return dict(answer["result"])

    def _next(self) -> dict[str, Any]:
        received = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            assert byte, "the browser has ended"
            received += byte
        return dict(json.loads(received))

    def open(self, address: str, width: int, height: int, scheme: Scheme = "light") -> None:
        """Goes to an address and waits until all of it is there."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        answer = self.call("Page.navigate", url=address)
        assert not answer.get("errorText"), (address, answer)
        self.settled()

    def settled(self) -> None:
        """Waits until the page that is on its way has come."""
        while "Page.loadEventFired" not in self.events:
            self.events.append(self._next().get("method", ""))

    def press(self, key: str, *, shift: bool = False) -> None:
        """Presses a key and lets go of it."""
        self.events.clear()
        named = {
            "key": key,
            "code": "Space" if key == " " else key,
            "windowsVirtualKeyCode": _KEYS[key],
            "modifiers": 8 if shift else 0,
        }
        self.call("Input.dispatchKeyEvent", type="keyDown", text=_TYPED.get(key, ""), **named)
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def type(self, text: str) -> None:
        """Types a text where the focus is."""
        self.call("Input.insertText", text=text)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """Writes what is seen as a PNG; the `whole` page instead of the part in the window."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(answer["data"]))


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are not among the numbers that the browser looks for."""
    ends = os.pipe()
    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return read, write


@contextmanager
def window(folder: Path) -> Iterator[Window]:
    """A new browser with one window; its profile is in `folder`, and it reaches only files and this machine."""
    (orders, order), (answer, answers) = _pipe(), _pipe()
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--no-proxy-server", f"--user-data-dir={folder}", "about:blank",
    ]  # fmt: skip
    begin = [sys.executable, "-c", _BEGIN, str(orders), str(answers), *command]
    process = subprocess.Popen(begin, pass_fds=(orders, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(orders)
    os.close(answers)
    with os.fdopen(order, "wb") as to_it, os.fdopen(answer, "rb") as from_it:
        made = Window(to_it, from_it)
        target = next(one for one in made.call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        made.session = made.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        made.call("Page.enable")
        try:
            yield made
        finally:
            made.session = ""
            made.call("Browser.close")
            process.wait(60)
