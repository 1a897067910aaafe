"""What a command needs is started, found or refused; a shell's variables point clients at the local cloud."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout, find_checkout
from groundwork.errors import UsageProblem
from groundwork.google import gcloud_logins, local
from groundwork.lifecycle import up
from groundwork.lifecycle.up import UpOptions
from groundwork.terraform import initialise
from groundwork.terraform.session import open_session

from tests.groundwork.clone import Clone, cloned
from tests.groundwork.conftest import RecordedTalk

ADC = "import google.auth; from google.cloud import storage; print(google.auth.default()[1]); print(*[b.name for b in storage.Client().list_buckets()])"


def test_a_clone_is_found_from_below(deployed: Clone) -> None:
    assert find_checkout(deployed.root / "infra" / "platform") == Checkout(deployed.root.resolve())


def test_our_provider_is_refused_on_google_cloud(deployed: Clone, talk: RecordedTalk) -> None:
    real = replace(deployed.environment, local=False)
    with pytest.raises(
        UsageProblem, match="which our provider cannot reach: leave out PROVIDER or set PROVIDER=google"
    ):
        open_session(deployed.checkout, real, "local", "up", talk.say)


def test_an_unknown_provider_is_refused(deployed: Clone, talk: RecordedTalk) -> None:
    with pytest.raises(UsageProblem, match="PROVIDER=aws is unknown: it must be local or google"):
        open_session(deployed.checkout, deployed.environment, "aws", "up", talk.say)


def test_variables_that_change_terraform_are_reported(
    deployed: Clone, talk: RecordedTalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-parallelism=2")
    open_session(deployed.checkout, deployed.environment, None, "up", talk.say)
    assert talk.lines == ["note: TF_CLI_ARGS_plan is set and changes what Terraform does: -parallelism=2"]


def test_what_is_initialised_is_not_initialised_again(deployed: Clone, talk: RecordedTalk) -> None:
    initialise.initialise(deployed.session(), talk)
    assert talk.lines == []


@pytest.mark.parametrize("changed", ["infra/platform/services.tf", "modules/bucket/versions.tf"])
def test_a_change_of_what_init_looks_at_initialises_again(deployed: Clone, talk: RecordedTalk, changed: str) -> None:
    file = deployed.root / changed
    before = file.read_text("utf-8")
    file.write_text(f"{before}\n", "utf-8")
    try:
        initialise.initialise(deployed.session(), talk)
    finally:
        file.write_text(before, "utf-8")
    assert talk.lines[0].startswith("initialising ")
    initialise.initialise(deployed.session(), talk)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b"\xff"])
def test_a_damaged_initialisation_is_repeated(deployed: Clone, talk: RecordedTalk, content: bytes) -> None:
    data = deployed.session().data("platform")
    for name in ("terraform.tfstate", "modules/modules.json", "initialised"):
        (data / name).write_bytes(content)
    initialise.initialise(deployed.session(), talk)
    assert talk.lines[0].startswith("initialising platform")
    initialise.initialise(deployed.session(), talk)
    assert len(talk.lines) == 1


def test_a_shells_variables_reach_terraform_and_pythons_clients(deployed: Clone) -> None:
    printed = deployed.run("local", "env", "--env", "small").stdout
    shell = f'{printed}\n"$0" -c "$1"\n'
    result = subprocess.run(
        ["sh", "-c", shell, sys.executable, ADC], capture_output=True, text=True, check=False, cwd=deployed.root
    )
    assert result.stdout.splitlines() == ["small-clone", "small-clone-data small-clone-kept small-clone-tfstate"], (
        result.stderr
    )


def test_a_shell_can_act_as_another_principal(deployed: Clone) -> None:
    printed = deployed.run("local", "env", "--env", "small", "--as", "user:stranger@example.com").stdout
    shell = f'{printed}\n"$0" -c "$1"\n'
    result = subprocess.run(
        ["sh", "-c", shell, sys.executable, ADC], capture_output=True, text=True, check=False, cwd=deployed.root
    )
    assert "403" in result.stderr
    assert "storage.buckets.list" in result.stderr


def test_shells_of_two_people_do_not_meet(deployed: Clone) -> None:
    mine = local.shell_variables(deployed.checkout, "small-clone", "europe-west1")
    theirs = local.shell_variables(deployed.checkout, "small-clone", "europe-west1", "user:stranger@example.com")
    for variable in ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CORE_ACCOUNT"):
        assert mine[variable] != theirs[variable]
    source = json.loads(Path(theirs["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())["credential_source"]
    assert Path(source["file"]).read_text() == local.token(deployed.checkout, "user:stranger@example.com")


def test_gcloud_has_a_login_for_each_principal(deployed: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "/another/login.json")
    mine = local.shell_variables(deployed.checkout, "small-clone", "europe-west1")
    theirs = local.shell_variables(deployed.checkout, "small-clone", "europe-west1", "user:stranger@example.com")
    assert mine["CLOUDSDK_CONFIG"] == theirs["CLOUDSDK_CONFIG"]
    assert mine["CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"] == ""
    file = Path(mine["CLOUDSDK_CONFIG"]) / "credentials.db"
    assert file.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(file)) as database:
        logins = {account: json.loads(value) for account, value in database.execute("SELECT * FROM credentials")}
    assert logins["owner@example.com"]["refresh_token"] == local.token(deployed.checkout)
    assert logins["stranger@example.com"]["refresh_token"] == local.token(
        deployed.checkout, "user:stranger@example.com"
    )


def test_gcloud_forgets_what_a_former_login_got(tmp_path: Path) -> None:
    gcloud_logins.store(tmp_path, "a@example.com", "first")
    with closing(sqlite3.connect(tmp_path / "access_tokens.db")) as database, database:
        database.execute("CREATE TABLE access_tokens (account_id TEXT PRIMARY KEY, access_token TEXT)")
        database.execute("INSERT INTO access_tokens VALUES ('a@example.com', 'x'), ('b@example.com', 'y')")
    gcloud_logins.store(tmp_path, "a@example.com", "first")
    assert _accounts(tmp_path) == ["a@example.com", "b@example.com"]
    gcloud_logins.store(tmp_path, "a@example.com", "second")
    assert _accounts(tmp_path) == ["b@example.com"]


def _accounts(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "access_tokens.db")) as database:
        return [account for (account,) in database.execute("SELECT account_id FROM access_tokens ORDER BY 1")]


def test_a_shells_own_proxies_do_not_lead_it_past_the_local_cloud(
    deployed: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some clients read no_proxy, some NO_PROXY: requests to hosts in either would go to Google itself."""
    monkeypatch.setenv("NO_PROXY", "storage.googleapis.com")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    found = local.shell_variables(deployed.checkout, "small-clone", "europe-west1")
    assert found["NO_PROXY"] == found["no_proxy"] == "127.0.0.1,localhost,::1"
    port = local.start(deployed.checkout).port
    assert found["HTTPS_PROXY"] == found["https_proxy"] == f"http://local-cloud:simulated@127.0.0.1:{port}"


def test_files_with_tokens_are_private(deployed: Clone) -> None:
    local.shell_variables(deployed.checkout, "small-clone", "europe-west1")
    modes = {
        name: (deployed.checkout.local_state / name).stat().st_mode & 0o777 for name in ("token", "credentials.json")
    }
    assert modes == {"token": 0o600, "credentials.json": 0o600}


def test_the_local_cloud_is_stopped_found_again_and_keeps_what_it_holds(tmp_path: Path, talk: RecordedTalk) -> None:
    with cloned(tmp_path) as clone:
        up.up(clone.session(), UpOptions(), talk)
        port = json.loads(clone.run("local", "status", "--json").stdout)["base"].rpartition(":")[2]
        assert "is stopped" in clone.run("local", "stop").stdout
        assert json.loads(clone.run("local", "status", "--json").stdout)["running"] is False
        assert "which is stopped" in clone.run("status", "--env", "small").stdout
        assert clone.run("plan", "--env", "small", "--detailed-exitcode").returncode == 0
        assert json.loads(clone.run("local", "status", "--json").stdout)["base"].endswith(port)


def test_nobody_else_reads_plans_and_logs_whatever_the_umask(deployed: Clone) -> None:
    before = os.umask(0)
    try:
        result = deployed.run("plan", "--env", "small")
    finally:
        os.umask(before)
    assert result.returncode == 0, result.stderr
    folder = deployed.root / ".groundwork"
    assert folder.stat().st_mode & 0o777 == 0o700
    files = [file for file in (folder / "small").rglob("*.*") if file.suffix in (".tfplan", ".ndjson", ".stderr")]
    assert {file.suffix for file in files} == {".tfplan", ".ndjson", ".stderr"}
    assert [file for file in files if file.stat().st_mode & 0o077] == []
