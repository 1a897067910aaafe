"""Calls a service or function with the caller's own identity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

from groundwork.environment.checkout import Checkout
from groundwork.errors import GroundworkError, UsageProblem
from groundwork.google import local
from groundwork.workloads.project import Project
from groundwork.workloads.tokens import identity_token

if TYPE_CHECKING:
    from requests import Response, Session

SECONDS = 300.0
"""Cloud Run's own default timeout for a response, which includes starting an instance."""


@dataclass(frozen=True)
class Request:
    """A request: its method, the path with its query, the headers and the body."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes | None = None


class Callee(Protocol):
    """A service or function that can be called."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def url(self) -> str:
        """Its address, "" before it has one."""

    @property
    def state(self) -> str:
        """Its state in a word."""

    @property
    def problem(self) -> str:
        """What is wrong with it, "" for nothing."""


@contextmanager
def response(project: Project, callee: Callee, request: Request) -> Iterator[Response]:
    """The response, whatever its status; its body is streamed.

    Raises UsageProblem for a callee without an address and for a path to another host, GroundworkError when there is no response.
    """
    from requests.exceptions import RequestException

    address = _address(callee, request.path)
    headers = {"Authorization": f"Bearer {identity_token(project, callee.url)}", **request.headers}
    with _session(project) as session:
        try:
            answer = session.request(
                request.method,
                address,
                headers=headers,
                data=request.data,
                timeout=SECONDS,
                stream=True,
                allow_redirects=False,
            )
        except RequestException as error:
            raise GroundworkError(f"{address} did not answer: {error}") from None
        except ValueError as error:  # a method or header with characters that HTTP does not have
            raise UsageProblem(f"The request cannot be sent: {error}.") from None
        with answer:
            yield answer


def _address(callee: Callee, path: str) -> str:
    """The full address; the token is sent nowhere else."""
    if not callee.url:
        raise UsageProblem(f"{callee.name} has no address: {callee.problem or callee.state}.")
    address = urljoin(f"{callee.url}/", path.lstrip("/"))
    if urlsplit(address)[:2] != urlsplit(callee.url)[:2]:
        raise UsageProblem(f"{path} is not a path on {callee.url}: write it as /predict.")
    return address


def _session(project: Project) -> Session:
    if project.cloud.simulated:
        checkout = Checkout(project.environment.root)
        return local.session(checkout, str(project.cloud.login))
    from requests import Session

    return Session()


def headers(lines: tuple[str, ...]) -> dict[str, str]:
    """Headers in curl's form, "Name: value". Raises UsageProblem for invalid ones."""
    found: dict[str, str] = {}
    for word in lines:
        name, colon, value = word.partition(":")
        if not colon or not name.strip() or not word.isascii():
            raise UsageProblem(f"{word!r} is not a header: write it in ASCII, as 'Content-Type: application/json'.")
        found[name.strip()] = value.strip()
    return found


def data(text: str | None) -> bytes | None:
    """The request body in curl's form: a text, or @FILE. Raises UsageProblem for a missing file."""
    if text is None or not text.startswith("@"):
        return None if text is None else text.encode()
    try:
        content = Path(text[1:]).read_bytes()
    except OSError as error:
        raise UsageProblem(f"{text[1:]} cannot be read: {error.strerror}.") from None
    return content


def status_line(answer: Any) -> str:
    """The status as a line: "200 OK"."""
    return f"{answer.status_code} {answer.reason}".rstrip()
