"""The instances of a batch prediction: read from its input files, and written with their predictions.

Source: https://cloud.google.com/vertex-ai/docs/predictions/get-batch-predictions and the API description (InstanceConfig).
"""

from __future__ import annotations

import base64
import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.engine.service import Body
from localcloud.errors import failed_precondition, invalid
from localcloud.spec import json_text

Fetch = Callable[[str], Path]
"""Downloads an object by its gs:// address."""
_FIELD = "batch_prediction_job.instance_config"


@dataclass(frozen=True)
class PredictionInstance:
    """What the model is sent, and the fields that its line in the output begins with."""

    sent: Any
    shown: Mapping[str, Any]


@dataclass(frozen=True)
class Conversion:
    """How a record of the input becomes an instance (instanceConfig)."""

    kind: str = ""
    key: str = ""
    included: Sequence[str] = ()
    excluded: Sequence[str] = ()

    def instance(self, record: Any, where: str) -> PredictionInstance:
        """A record as an instance; CloudError if it has not got the fields that it needs."""
        fielded = self.key or self.included or self.excluded
        if not isinstance(record, dict):
            if fielded or self.kind == "object":
                raise failed_precondition(f"{where} is not a JSON object, which the job's instance_config requires.")
            return PredictionInstance(record, {"instance": record})
        if missing := [name for name in (*self.included, self.key) if name and name not in record]:
            raise failed_precondition(f"{where} has no field {missing[0]!r}, which the job's instance_config names.")
        names = self.included or [name for name in record if name not in {*self.excluded, self.key}]
        kept = {name: record[name] for name in names if name != self.key}
        sent = list(kept.values()) if self.kind == "array" else kept
        shown = {"key": record[self.key]} if self.key else {"instance": record if self.excluded else sent}
        return PredictionInstance(sent, shown)


def conversion(config: Body, form: str) -> Conversion:
    """The conversion for a job's instanceConfig; 400 if it contradicts itself."""
    kind, included = config.get("instanceType", ""), config.get("includedFields", [])
    if kind not in {"", "object", "array"}:
        raise invalid(f"{_FIELD}.instance_type: {kind!r} is neither object nor array.", f"{_FIELD}.instance_type")
    if included and config.get("excludedFields"):
        raise invalid(f"{_FIELD} may have included_fields or excluded_fields, but not both.", _FIELD)
    if form == "file-list" and config:
        raise invalid(f"{_FIELD} does not apply to file-list.", _FIELD)
    if form == "jsonl" and kind == "array" and not included:
        raise invalid(f"{_FIELD}.included_fields is required for an array of JSON objects' fields.", _FIELD)
    kind = "array" if form == "csv" else kind
    return Conversion(kind, config.get("keyField", ""), included, config.get("excludedFields", []))


def read(form: str, files: Iterable[tuple[str, Path]], how: Conversion, fetch: Fetch) -> Iterator[PredictionInstance]:
    """The instances in (address, file) pairs, one after the other. Raises CloudError for what cannot be read."""
    for address, path in files:
        for number, record in _RECORDS[form](address, path, fetch):
            yield how.instance(record, f"{address}, line {number},")


def _lines(address: str, path: Path, _fetch: Fetch) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                yield number, json_text.read(line)
            except ValueError as problem:
                raise failed_precondition(f"{address}, line {number}, is not JSON: {problem}") from None


def _rows(address: str, path: Path, _fetch: Fetch) -> Iterator[tuple[int, Any]]:
    """Rows by the names in the header: text in double quotes, numbers without."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            header = next(csv.reader(stream), [])
            rows = csv.reader(stream, quoting=csv.QUOTE_NONNUMERIC, strict=True)
            for row in rows:
                if len(row) not in {0, len(header)}:
                    raise failed_precondition(
                        f"{address}, line {rows.line_num + 1}, has {len(row)} fields, but the header has {len(header)}."
                    )
                if any(isinstance(one, float) and not math.isfinite(one) for one in row):
                    raise failed_precondition(f"{address}, line {rows.line_num + 1}, has a number that is not finite.")
                if row:
                    yield rows.line_num + 1, dict(zip(header, row, strict=True))
    except (ValueError, csv.Error) as problem:
        raise failed_precondition(f"{address} is not CSV with all text in double quotes: {problem}") from None


def _contents(address: str, path: Path, fetch: Fetch) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        listed = line.strip()
        if listed and not listed.startswith("gs://"):
            raise failed_precondition(f"{address}, line {number}, must be gs://BUCKET/OBJECT.")
        if listed:
            yield number, {"b64": base64.b64encode(fetch(listed).read_bytes()).decode()}


_RECORDS: Mapping[str, Callable[[str, Path, Fetch], Iterator[tuple[int, Any]]]] = {
    "jsonl": _lines,
    "csv": _rows,
    "file-list": _contents,
}
FORMATS = tuple(_RECORDS)
