"""A small BigQuery on a loopback port: lists tables, answers dry runs and queries as Google's REST API does, by DuckDB.

It runs the BigQuery text itself, translated by sqlglot from BigQuery to DuckDB: a second way to the same sums.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import sqlglot
from groundwork.cost.billing import native, query

TYPES = {
    "day": "DATE",
    "gross": "BIGNUMERIC",
    "promotion": "BIGNUMERIC",
    "credits": "BIGNUMERIC",
    "line_count": "INTEGER",
}


@dataclass
class Bigquery:
    """The server's data and the requests that it got: `export` is an NDJSON file, `refusal` an HTTP status for everything."""

    tables: Sequence[str]
    export: Path
    bytes: int = 10 * 1024**2
    refusal: int = 0
    jobs: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body for a request."""
        if self.refusal:
            return self.refusal, {
                "error": {"code": self.refusal, "message": "Google says no.", "errors": [{"reason": "x"}]}
            }
        if method == "GET" and path.endswith("/tables"):
            return 200, {
                "tables": [
                    {"tableReference": {"projectId": "p", "datasetId": "d", "tableId": name}} for name in self.tables
                ]
            }
        if method == "POST" and path.endswith(("/jobs", "/queries")):
            return 200, self._job(body)
        if "/queries/" in path:
            return 200, self._rows(self.jobs[-1]["configuration"])
        return 200, self._done(self.jobs[-1])

    def _job(self, body: dict[str, Any]) -> dict[str, Any]:
        self.jobs.append(body)
        return self._done(body)

    def _done(self, body: dict[str, Any]) -> dict[str, Any]:
        reference = body.get("jobReference") or {"projectId": "p", "jobId": "dry", "location": "EU"}
        dry = body["configuration"].get("dryRun", False)
        return {
            "jobReference": reference,
            "configuration": body["configuration"],
            "status": {"state": "DONE"},
            "statistics": {
                "query": {"totalBytesProcessed": str(self.bytes), "statementType": "SELECT"},
                "totalBytesProcessed": str(self.bytes),
            },
            **({} if dry else {"jobComplete": True}),
        }

    def _rows(self, configuration: dict[str, Any]) -> dict[str, Any]:
        wanted = configuration["query"]
        rows = self._run(wanted["query"], {p["name"]: p["parameterValue"]["value"] for p in wanted["queryParameters"]})
        cells = [{"f": [{"v": _sent(value)} for value in row]} for row in rows]
        schema = {
            "fields": [{"name": name, "type": TYPES.get(name, "STRING"), "mode": "NULLABLE"} for name in query.COLUMNS]
        }
        return {
            "jobComplete": True,
            "schema": schema,
            "rows": cells,
            "totalRows": str(len(rows)),
            "jobReference": {"projectId": "p", "jobId": "j", "location": "EU"},
        }

    def _run(self, sql: str, parameters: dict[str, str]) -> list[tuple[Any, ...]]:
        text = re.sub(r"`[a-z-]+\.d\.[a-z0-9_]+\*`", "export", sql).replace("AS BIGNUMERIC", "AS NUMERIC(38, 18)")
        text = re.sub(r"_PARTITIONTIME >= (TIMESTAMP\('[0-9-]+'\))", r"export_time >= \1", text)
        text = re.sub(r"_TABLE_SUFFIX IN \([^)]*\)", "TRUE", text)
        (written,) = sqlglot.transpile(text, read="bigquery", write="duckdb")
        with duckdb.connect() as engine:
            engine.execute("SET TimeZone = 'UTC'")
            engine.execute(
                "CREATE VIEW export AS SELECT * REPLACE (CAST(usage_start_time AS TIMESTAMPTZ) AS usage_start_time, "
                f"CAST(export_time AS TIMESTAMPTZ) AS export_time) FROM read_json('{self.export}', columns={native.JSON_TYPES})"
            )
            return engine.execute(written, parameters).fetchall()


def _sent(value: Any) -> str | None:
    return None if value is None else value.isoformat() if isinstance(value, date) else str(value)


@contextmanager
def serving(bigquery: Bigquery) -> Iterator[str]:
    """The address of a server for `bigquery`, which stops afterwards."""

    class Handler(BaseHTTPRequestHandler):
        def _respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            status, answer = bigquery.answer(self.command, urlsplit(self.path).path, body)
            sent = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = _respond  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
