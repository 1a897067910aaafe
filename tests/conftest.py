"""One local cloud per test process, and a project of its own for each test."""

from __future__ import annotations

import itertools
import os
import re
import sys
import uuid
from collections.abc import Iterator

import pytest
from localcloud.server import launcher
from localcloud.server.launcher import LocalCloud

from tests.cloud_client import Client
from tests.localcloud.containers import images

_numbers = itertools.count(1)
# What a shell or a runner sets, and commands heed; a test sets those that it is about.
_OF_THE_SHELL = re.compile(
    "CLICOLOR|COLORTERM|COLUMNS|FORCE_COLOR|GROUNDWORK_ENV|LINES|NO_COLOR|DOCKER_CONFIG|(CLOUDSDK|GIT|GOOGLE)_.*|.*_EMULATOR_HOST"
    "|TF_(CLI_ARGS.*|DATA_DIR|IN_AUTOMATION|LOG.*|VAR_.*|WORKSPACE)"
)


@pytest.fixture(scope="session", autouse=True)
def any_shell() -> Iterator[None]:
    """The same terminal and no login for all tests, whatever shell they are started from, and no proxy between them and this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(_OF_THE_SHELL.fullmatch, list(os.environ)):
            patch.delenv(name)
        patch.setenv("TERM", "xterm")
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"])))
        yield


def pytest_configure() -> None:
    """Names this run for all its processes, which may keep bytecode even where containers forbid Python that: each would compile all it starts with."""
    os.environ.setdefault(images.RUN, uuid.uuid4().hex)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Removes this run's images from docker once all its processes have ended, if any of them may have needed containers."""
    if not hasattr(session.config, "workerinput") and "not slow" not in session.config.option.markexpr:
        images.forget()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A running local cloud, stopped at the end."""
    state = tmp_path_factory.mktemp("cloud")
    yield launcher.start(state)
    launcher.stop(state)


@pytest.fixture
def cloud(server: LocalCloud) -> Iterator[Client]:
    """The project's owner at the cloud, in a fresh project; faults that the test sets are removed at its end."""
    client = Client(server, f"test-project-{next(_numbers)}")
    client.ok("POST", "cloudresourcemanager/v1/projects", {"projectId": client.project})
    yield client
    client.control("DELETE", "faults")
