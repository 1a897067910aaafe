"""Metered usage of Compute Engine: machines and GPUs by the second while they run, disks by the hour as long as they exist."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.engine.usage import Payer, Sku
from localcloud.services.compute import catalogue

HOUR = "machines and disks"
TABLES = """
CREATE TABLE IF NOT EXISTS compute_running (name TEXT PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID;
"""
_API = "compute"
_SERVICE = ("6F81-5844-456A", "Compute Engine")
_HOUR, _MONTH = 3600, 730 * 3600
_ADDRESS = "network.address.used"


def _skus() -> Iterator[Sku]:
    for machine in catalogue.machine_types():
        yield Sku(f"compute.machine.{machine}", f"{machine} machine", "seconds", "hour", _HOUR, _SERVICE)
        spot = f"Spot {machine} machine"
        yield Sku(f"compute.spot-machine.{machine}", spot, "seconds", "hour", _HOUR, _SERVICE)
    for gpu in catalogue.GPUS:
        yield Sku(f"compute.gpu.{gpu}", f"{gpu} GPU", "seconds", "hour", _HOUR, _SERVICE)
    for disk in catalogue.DISKS:
        yield Sku(f"compute.disk.{disk}", f"{disk} disk", "gibibyte-seconds", "gibibyte month", _MONTH, _SERVICE)
    yield Sku(_ADDRESS, "External address in use", "seconds", "hour", _HOUR, _SERVICE)


SKUS = tuple(_skus())
_KNOWN = frozenset(sku.id for sku in SKUS)


def begin(cloud: Cloud, name: str) -> None:
    """Counts a machine from now on."""
    cloud.store.sql("INSERT OR IGNORE INTO compute_running VALUES (?, ?)", name, cloud.clock.seconds())
    schedule(cloud)


def end(cloud: Cloud, name: str, body: Body, moment: float) -> None:
    """Meters what a machine has used until a moment, and counts it no more."""
    row = cloud.store.row("SELECT since FROM compute_running WHERE name = ?", name)
    if row is not None:
        _meter(cloud, name, body, moment - row[0])
        cloud.store.sql("DELETE FROM compute_running WHERE name = ?", name)


def schedule(cloud: Cloud) -> None:
    """Schedules metering at the end of this hour."""
    cloud.due.at(_API, HOUR, "", (cloud.clock.seconds() // _HOUR + 1) * _HOUR)


def hour(cloud: Cloud, _name: str, moment: float) -> None:
    """Meters all machines up to this moment, and all disks for the past hour; what the clock skipped follows hour by hour."""
    running = list(cloud.store.sql("SELECT name, since FROM compute_running"))
    for name, since in running:
        body = cloud.store.get(_API, name)
        if body is None:  # it went with its project
            cloud.store.sql("DELETE FROM compute_running WHERE name = ?", name)
        elif moment > since:
            _meter(cloud, name, body, moment - since)
            cloud.store.sql("UPDATE compute_running SET since = ? WHERE name = ?", moment, name)
    disks = cloud.store.list(_API, "projects/-/zones/-", "disks")
    for name, disk in disks:
        kind = disk["type"].rpartition("/")[2]
        cloud.usage.meter(_payer(name, disk), f"compute.disk.{kind}", int(disk["sizeGb"]) * _HOUR)
    if running or disks:
        cloud.due.at(_API, HOUR, "", moment + _HOUR)


def _meter(cloud: Cloud, name: str, body: Body, seconds: float) -> None:
    if seconds <= 0:
        return
    payer = _payer(name, body)
    spot = "spot-" if body["scheduling"].get("provisioningModel") == "SPOT" else ""
    uses = [(f"compute.{spot}machine.{body['machineType'].rpartition('/')[2]}", 1)]
    uses += [
        (f"compute.gpu.{gpu['acceleratorType'].rpartition('/')[2]}", int(gpu.get("acceleratorCount", 1)))
        for gpu in body.get("guestAccelerators", [])
    ]
    uses += [(_ADDRESS, 1) for one in body["networkInterfaces"] if one.get("accessConfigs")]
    for sku, number in uses:
        if sku in _KNOWN:
            cloud.usage.meter(payer, sku, seconds * number)


def _payer(name: str, body: Body) -> Payer:
    _, project, _, zone, *_ = name.split("/")
    return Payer(project, zone.rpartition("-")[0], tuple(sorted(body.get("labels", {}).items())))
