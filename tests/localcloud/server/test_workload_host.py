"""What the server gives to workloads, by where their engine is."""

from __future__ import annotations

from pathlib import Path

from localcloud.containers.client import CommandLineRuntime, RuntimeProgram
from localcloud.containers.workload import Workload
from localcloud.engine.orders import Order

from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import serving


def test_a_workload_in_docker_desktop_reaches_the_cloud_by_the_name_of_this_machine(tmp_path: Path) -> None:
    desktop = CommandLineRuntime(RuntimeProgram("docker", "docker", (), "host.docker.internal"), "test")
    with serving(tmp_path / "state", "storage") as cloud:
        host = cloud.cloud.workloads._host
        assert host is not None
        order = Order(cloud.account("train"), PROJECT, "europe-west1", "jobs/7", Workload("train", "train"))
        given = host.give(order, desktop)
        given.started(1)
        assert given.env["HTTPS_PROXY"] == f"http://local-cloud:simulated@host.docker.internal:{cloud.port}"
        assert given.env["GCE_METADATA_HOST"].startswith("host.docker.internal:")
        given.take_back()
