"""gRPC to a container, from its start-up probe to a stream in both directions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from localcloud.containers import detection

from tests.localcloud.containers import images
from tests.localcloud.containers.test_run import address, deployed
from tests.localcloud.services.test_run_http2 import SPEAKS_GRPC
from tests.localcloud.serving import Serving, serving

pytestmark = pytest.mark.slow
IMAGE = "localhost/grpc:1"


@pytest.fixture(scope="module")
def cloud(store: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    kind = detection.kind()
    assert kind is not None
    root = images.with_python(tmp_path_factory.mktemp("grpc"))
    packages = next((root / "usr" / "local" / "lib").glob("python3*/site-packages"))
    ours = Path(grpc.__file__).parent
    shutil.copytree(ours, packages / "grpc")
    shutil.copy(ours.parent / "typing_extensions.py", packages)
    images.imported(kind.program, root, IMAGE)
    with serving(tmp_path_factory.mktemp("state"), "run", "iam", "logging") as cloud:
        yield cloud
    assert not cloud.cloud.workloads.running()


def test_a_container_serves_grpc(cloud: Serving) -> None:
    container = {
        "image": IMAGE,
        "command": ["python", "-c"],
        "args": [SPEAKS_GRPC.replace("127.0.0.1", "0.0.0.0")],
        "ports": [{"name": "h2c", "containerPort": 8080}],
    }
    service = deployed(cloud, "models", {"containers": [container]}, public=True)
    assert service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED", service["terminalCondition"]
    with grpc.insecure_channel(address(service).removeprefix("http://")) as channel:
        assert channel.unary_unary("/models/same")(b"a" * 1_000_000, timeout=60) == b"a" * 1_000_000
        answers = channel.stream_stream("/models/turns")(iter([b"one", b"two"]), timeout=60)
        assert list(answers) == [b"ONE", b"TWO"]
