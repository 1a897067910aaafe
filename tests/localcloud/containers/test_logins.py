"""The folder by which docker acts as a principal, with the user's engine and plugins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from localcloud.containers import logins


def test_it_has_the_users_engine_and_plugins_but_none_of_their_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "users"
    for name in ("contexts", "cli-plugins"):
        (users / name).mkdir(parents=True)
        (users / name / "mine").touch()
    settings = {"currentContext": "desktop-linux", "cliPluginsExtraDirs": ["/plugins"]}
    private = {"auths": {"ghcr.io": {"auth": "secret"}}, "credsStore": "desktop", "credHelpers": {"pkg.dev": "gcloud"}}
    (users / "config.json").write_text(json.dumps({**settings, **private}))
    monkeypatch.setenv("DOCKER_CONFIG", str(users))
    own = tmp_path / "own"
    for _ in range(2):
        written = json.loads(logins.write(own, "token", ["127.0.0.1:1"]).read_text())
    assert written == {**settings, "auths": {"127.0.0.1:1": {"auth": "b2F1dGgyYWNjZXNzdG9rZW46dG9rZW4="}}}
    assert all((own / name / "mine").exists() for name in ("contexts", "cli-plugins"))


@pytest.mark.parametrize("content", [None, "", "[]", "{"])
def test_settings_that_cannot_be_read_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    own = tmp_path / "own"
    assert json.loads(logins.write(own, "token", []).read_text()) == {"auths": {}}
