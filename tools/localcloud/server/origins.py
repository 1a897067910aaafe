"""Tells requests of clients from requests of web pages: a page in a browser must not reach the local cloud.

A name that its owner points at 127.0.0.1 makes any page one of the same origin, so the Host header is held against a list; and a
browser says where a page comes from. Source: the standard fetch.spec.whatwg.org, section "Origin header", and w3c.github.io/webappsec-fetch-metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_OURS = r"(?:[\w-]+\.)*localhost|(?:[a-z0-9-]+-)?127(?:\.\d{1,3}){3}|\[::1\]"
# What containers call this machine's loopback: addresses that lead to no web page, and names that only docker and podman resolve.
_CONTAINERS = r"10\.0\.2\.2|169\.254\.1\.2|host\.(?:docker|containers)\.internal"
# The domains of Google's APIs and of what runs on Google Cloud: requests for them come by a proxy or an entry in the hosts file.
_GOOGLES = r"(?:[\w-]+\.)*(?:googleapis\.com|pkg\.dev|gcr\.io|run\.app|cloudfunctions\.net|cloud\.google\.com|google\.internal)"
_HOST = re.compile(rf"(?:{_OURS}|{_CONTAINERS}|{_GOOGLES})(?::\d{{1,5}})?", re.IGNORECASE | re.ASCII)
_HOSTS = {b"host", b"x-forwarded-host"}
_TELLING = {*_HOSTS, b"origin", b"sec-fetch-site"}
_OWN_SITE = {"none", "same-origin"}


def refusal(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Why a request with these headers (names in lower case) is refused; "" when it is accepted."""
    return _refusal(tuple([header for header in headers if header[0] in _TELLING]))


@lru_cache(maxsize=64)
def _refusal(telling: tuple[tuple[bytes, bytes], ...]) -> str:
    headers = [(name, value.decode("latin-1")) for name, value in telling]
    hosts = [value for name, value in headers if name == b"host"]
    for name, value in headers:
        if name in _HOSTS and not _HOST.fullmatch(value):
            return (
                f"The local cloud answers for loopback addresses and Google's hosts only, not for the host {value!r}."
            )
    if len(hosts) != 1:
        return "The request must have one Host header."
    for name, value in headers:
        if name == b"origin" and value.partition("://")[2].lower() != hosts[0].lower():
            return f"The local cloud does not answer web pages of another origin ({value!r})."
        if name == b"sec-fetch-site" and value not in _OWN_SITE:
            return f"The local cloud does not answer web pages of another site (Sec-Fetch-Site: {value!r})."
    return ""
