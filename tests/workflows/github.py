"""A stand-in for the part of GitHub's REST API that shows which run reviewed a merge; on loopback, with a test's own data."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY, NUMBER = "team/project", 77
MERGED, HEAD = "a" * 40, "b" * 40
OURS = {"id": NUMBER, "full_name": REPOSITORY}
FORK = {"id": 78, "full_name": "stranger/project"}


def pull(number: int = 7, **changes: Any) -> dict[str, Any]:
    """A pull request that was merged to main."""
    return {
        "number": number,
        "merged_at": "2026-11-28T10:00:00Z",
        "merge_commit_sha": MERGED,
        "base": {"ref": "main", "repo": OURS},
        "head": {"ref": "more", "sha": HEAD, "repo": OURS},
    } | changes


def run(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A run that planned it."""
    return {
        "id": 4711 + number,
        "run_number": number,
        "event": "pull_request",
        "conclusion": "success",
        "path": ".github/workflows/plan.yml",
        "head_sha": HEAD,
        "head_branch": "more",
        "head_repository": OURS,
        "html_url": f"https://github.com/{REPOSITORY}/actions/runs/{4711 + number}",
    } | changes


@dataclass
class GitHub:
    """What it knows; records by the id of the run that keeps them."""

    pulls: list[dict[str, Any]] = field(default_factory=lambda: [pull()])
    timelines: dict[int, list[str]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=lambda: [run()])
    records: dict[int, bytes] = field(default_factory=lambda: {4712: b"the record"})
    expired: bool = False
    status: int = 200
    address: str = ""
    asked: list[str] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """What a workflow's script sees of it."""
        return {
            "GITHUB_API_URL": self.address,
            "GITHUB_REF_NAME": "main",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_REPOSITORY_ID": str(NUMBER),
            "GITHUB_SHA": MERGED,
            "GH_TOKEN": "token",
        }

    def answer(self, path: str, asked: dict[str, str]) -> Any:
        """The list or the file that a path names; None where there is no such path."""
        if found := re.fullmatch(r"(issues|actions/runs|actions/artifacts)/(\d+)/(timeline|artifacts|zip)", path):
            return self._of(found[3], int(found[2]))
        offered = [each for each in self.pulls if f"team:{each['head']['ref']}" == asked.get("head")]
        lists = {
            f"commits/{MERGED}/pulls": self.pulls,
            "pulls": offered,
            "actions/workflows/plan.yml/runs": {"workflow_runs": self.runs},
        }
        return lists.get(path, [] if path.startswith("commits/") else None)

    def _of(self, what: str, number: int) -> Any:
        if what == "timeline":
            return [{"event": event} for event in self.timelines.get(number, [])]
        if what == "zip":
            return _zipped(self.records[number])
        kept = {"name": "reviewed-plan", "expired": self.expired, "created_at": "2026-11-28T09:00:00Z", "id": number}
        return {"artifacts": [kept] if number in self.records else []}


def _zipped(record: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("reviewed.json", record)
    return content.getvalue()


def _page(github: GitHub, items: Any, asked: dict[str, str], url: str) -> tuple[Any, str]:
    """One item per page, so that a client that reads only the first page fails; and the address of the next."""
    number = int(asked.get("page", "1"))
    rows = items if isinstance(items, list) else next(iter(items.values()))
    page = rows[number - 1 : number]
    more = "&".join([f"{key}={value}" for key, value in asked.items() if key != "page"] + [f"page={number + 1}"])
    link = f'<{github.address}{url}?{more}>; rel="next"' if number < len(rows) else ""
    return (page if isinstance(items, list) else {next(iter(items)): page}), link


@contextmanager
def serving(github: GitHub) -> Iterator[GitHub]:
    """It answers while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            github.asked.append(parts.path)
            found = github.answer(parts.path.removeprefix(f"/repos/{REPOSITORY}/"), query)
            status = 404 if found is None else github.status
            content, link = (
                (found, "") if isinstance(found, bytes) or found is None else _page(github, found, query, parts.path)
            )
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status if self.headers["Authorization"] == "Bearer token" else 401)
            self.send_header("Content-Length", str(len(body)))
            if link:
                self.send_header("Link", link)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    github.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
