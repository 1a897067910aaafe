"""A local run cannot reach a real endpoint, and a real run refuses local ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.errors import UsageProblem
from groundwork.google import isolation
from groundwork.terraform.process import Terraform

USER = {
    "PATH": "/bin",
    "HOME": "/home/me",
    "GOOGLE_APPLICATION_CREDENTIALS": "/home/me/key.json",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "x@p.iam.gserviceaccount.com",
    "GOOGLE_CLOUD_KEYFILE_JSON": "{}",
    "CLOUDSDK_CORE_PROJECT": "real",
    "GCLOUD_PROJECT": "real",
    "HTTPS_PROXY": "http://proxy.example:3128",
    "NO_PROXY": "googleapis.com",
    "TF_WORKSPACE": "other",
    "TF_DATA_DIR": "elsewhere",
    "TF_LOG": "debug",
}
ENDPOINTS = {"GOOGLE_STORAGE_CUSTOM_ENDPOINT": "http://127.0.0.1:9/storage/v1/"}


def test_a_local_run_sees_no_credentials_and_only_local_endpoints() -> None:
    seen = isolation.local_surroundings(USER, ENDPOINTS, "local/user:me@example.com", "{}").work
    google = {name for name in seen if name.startswith(("GOOGLE_", "CLOUDSDK_", "GCLOUD_"))}
    assert google == {"GOOGLE_STORAGE_CUSTOM_ENDPOINT", "GOOGLE_OAUTH_ACCESS_TOKEN"}
    assert seen["GOOGLE_OAUTH_ACCESS_TOKEN"] == "local/user:me@example.com"
    assert seen["TF_REATTACH_PROVIDERS"] == "{}"


def test_a_local_run_has_nowhere_else_to_go_but_may_fetch_providers() -> None:
    around = isolation.local_surroundings(USER, ENDPOINTS, "t", None)
    assert around.work["HTTPS_PROXY"] == around.work["https_proxy"] == "http://127.0.0.1:1"
    assert around.work["NO_PROXY"] == "127.0.0.1,localhost"
    fetching = {**around.work, **around.fetch}
    assert fetching["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert fetching["https_proxy"] == ""


def test_what_would_move_terraform_elsewhere_is_dropped_and_the_rest_kept() -> None:
    for around in (isolation.local_surroundings(USER, {}, "t", None), isolation.google_surroundings(USER, "dev")):
        assert not {"TF_WORKSPACE", "TF_DATA_DIR"} & around.work.keys()
        assert around.work["TF_LOG"] == "debug"
        assert around.work["HOME"] == "/home/me"
        assert around.work["CHECKPOINT_DISABLE"] == around.work["TF_IN_AUTOMATION"] == "1"


@pytest.mark.parametrize("there", [True, False])
def test_a_settings_file_counts_where_it_is_there(there: bool, tmp_path: Path) -> None:
    """OpenTofu's warning that it is not would stand in the middle of its JSON."""
    file = tmp_path / "tofurc"
    if there:
        file.touch()
    variables = {"TF_CLI_CONFIG_FILE": str(file)}
    for around in (
        isolation.local_surroundings(variables, {}, "t", None),
        isolation.google_surroundings(variables, "dev"),
    ):
        assert ("TF_CLI_CONFIG_FILE" in around.work) is there


def test_a_real_run_keeps_the_callers_credentials() -> None:
    seen = isolation.google_surroundings(USER, "dev").work
    assert seen["GOOGLE_APPLICATION_CREDENTIALS"] == "/home/me/key.json"


@pytest.mark.parametrize(
    "name",
    [
        "GOOGLE_STORAGE_CUSTOM_ENDPOINT",
        "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT",
        "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT",
        "STORAGE_EMULATOR_HOST",
        "TF_REATTACH_PROVIDERS",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE",
    ],
)
def test_a_real_run_refuses_local_endpoints_by_name(name: str) -> None:
    with pytest.raises(UsageProblem) as raised:
        isolation.google_surroundings({**USER, name: "http://127.0.0.1:8080/"}, "dev")
    assert raised.value.message == (
        f"dev is on Google Cloud, but {name} would send its calls elsewhere: unset it (unset {name}) and run again."
    )


def test_variables_that_change_terraform_silently_are_named() -> None:
    assert isolation.silent_changes({"TF_CLI_ARGS_plan": "-target=x", "TF_CLI_ARGS": "", "TF_LOG": "x"}) == [
        "TF_CLI_ARGS_plan"
    ]


def test_the_users_own_plugin_cache_is_respected(tmp_path: Path) -> None:
    assert isolation.cached_providers({"TF_PLUGIN_CACHE_DIR": "/mine"}, tmp_path) == {}
    assert isolation.cached_providers({}, tmp_path)["TF_PLUGIN_CACHE_DIR"] == str(tmp_path / "providers")


def test_what_a_shell_holds_stands_in_no_traceback(tmp_path: Path) -> None:
    variables = {"SECRET": "hunter2"}
    around = isolation.Surroundings(variables, variables)
    started = Terraform("terraform", tmp_path, tmp_path, around.work, downloads=around.fetch)
    assert "hunter2" not in f"{around!r} {started!r}"
