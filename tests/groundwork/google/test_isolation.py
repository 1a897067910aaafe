"""A local run cannot reach a real endpoint, and a real run refuses local ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from groundwork.errors import UsageProblem
from groundwork.google import isolation, variables
from groundwork.terraform.commands import Terraform

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


def local_only(shell: Mapping[str, str], _environment: str) -> isolation.ProcessVariables:
    return isolation.local_variables(shell, {}, "t", None)


def both(shell: Mapping[str, str]) -> tuple[isolation.ProcessVariables, isolation.ProcessVariables]:
    """Which variables Terraform sees, in a local run and in a real one."""
    return local_only(shell, "local"), isolation.google_variables(shell, "dev")


def test_a_local_run_sees_no_credentials_and_only_local_endpoints() -> None:
    shell = isolation.local_variables(USER, ENDPOINTS, "local/user:me@example.com", "{}").work
    google = {name for name in shell if name.startswith(("GOOGLE_", "CLOUDSDK_", "GCLOUD_"))}
    assert google == {"GOOGLE_STORAGE_CUSTOM_ENDPOINT", "GOOGLE_OAUTH_ACCESS_TOKEN"}
    assert shell["GOOGLE_OAUTH_ACCESS_TOKEN"] == "local/user:me@example.com"
    assert shell["TF_REATTACH_PROVIDERS"] == "{}"


def test_a_local_run_has_nowhere_else_to_go_but_may_fetch_providers() -> None:
    around = isolation.local_variables(USER, ENDPOINTS, "t", None)
    assert around.work["HTTPS_PROXY"] == around.work["https_proxy"] == "http://127.0.0.1:1"
    assert around.work["NO_PROXY"] == "127.0.0.1,localhost"
    fetching = {**around.work, **around.fetch}
    assert fetching["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert fetching["https_proxy"] == ""


def test_what_would_move_terraform_elsewhere_is_dropped_and_the_rest_kept() -> None:
    for around in (isolation.local_variables(USER, {}, "t", None), isolation.google_variables(USER, "dev")):
        assert not {"TF_WORKSPACE", "TF_DATA_DIR"} & around.work.keys()
        assert around.work["TF_LOG"] == "debug"
        assert around.work["HOME"] == "/home/me"
        assert around.work["CHECKPOINT_DISABLE"] == around.work["TF_IN_AUTOMATION"] == "1"


@pytest.mark.parametrize(("mine", "counts"), [({}, "400"), ({"GOGC": "50"}, "50")])
def test_terraform_collects_garbage_seldom_unless_the_user_says_how_often(mine: dict[str, str], counts: str) -> None:
    for around in both({**USER, **mine, "GOMEMLIMIT": "1GiB"}):
        assert (around.work["GOGC"], around.work["GOMEMLIMIT"]) == (counts, "1GiB")


@pytest.mark.parametrize("exists", [True, False])
def test_a_settings_file_counts_where_it_is_there(exists: bool, tmp_path: Path) -> None:
    """OpenTofu's warning that it is not would stand in the middle of its JSON."""
    file = tmp_path / "tofurc"
    if exists:
        file.touch()
    variables = {"TF_CLI_CONFIG_FILE": str(file)}
    for around in (
        isolation.local_variables(variables, {}, "t", None),
        isolation.google_variables(variables, "dev"),
    ):
        assert ("TF_CLI_CONFIG_FILE" in around.work) is exists


def test_a_real_run_keeps_the_callers_credentials() -> None:
    shell = isolation.google_variables(USER, "dev").work
    assert shell["GOOGLE_APPLICATION_CREDENTIALS"] == "/home/me/key.json"


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
    with pytest.raises(UsageProblem) as error:
        isolation.google_variables({**USER, name: "http://127.0.0.1:8080/"}, "dev")
    assert error.value.message == (
        f"dev is on Google Cloud, but {name} would send its calls elsewhere: unset it (unset {name}) and run again."
    )


def test_variables_that_change_terraform_silently_are_named() -> None:
    assert isolation.silent_changes({"TF_CLI_ARGS_plan": "-target=x", "TF_CLI_ARGS": "", "TF_LOG": "x"}) == [
        "TF_CLI_ARGS_plan"
    ]


@pytest.mark.parametrize("value", ["-lock=false", "-parallelism=2 -no-color", "-lock-timeout=5s\t-compact-warnings"])
def test_arguments_that_change_no_plan_are_passed_on(value: str) -> None:
    for around in both({"TF_CLI_ARGS_plan": value}):
        assert around.work["TF_CLI_ARGS_plan"] == value


@pytest.mark.parametrize(
    "value",
    ["-target=x", "-var=a=b", "-state=/tmp/s", "-lock=false -destroy", "-chdir=/", "-lock=false\n-refresh=false"],
)
@pytest.mark.parametrize("name", ["TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_CLI_ARGS_init"])
def test_other_arguments_are_refused_by_name(name: str, value: str) -> None:
    for look in (local_only, isolation.google_variables):
        with pytest.raises(
            UsageProblem, match=f"^{name} would make Terraform do something other than what is shown: unset {name} "
        ):
            look({name: value}, "dev")


@pytest.mark.parametrize(
    "name",
    [
        "LD_PRELOAD", "GODEBUG", "PYTHONPATH", "BASH_ENV", "TF_VAR_project", "TF_WORKSPACE", "TF_DATA_DIR", "GOOGLE_CREDENTIALS",
        "GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GOOGLE_PROJECT", "GOOGLE_ENCRYPTION_KEY", "NETRC",
        "SOME_SECRET",
    ],
)  # fmt: skip
def test_what_is_not_listed_nobody_sees(name: str) -> None:
    for around in both({name: "x"}):
        assert name not in {**around.work, **around.fetch}
    for program in ("gcloud", "docker", "git", "uv", "/usr/bin/python3.11"):
        assert variables.of_program(program, {name: "x", "HOME": "/home/me"}) == {"HOME": "/home/me"}


def test_small_tools_see_what_they_are_for() -> None:
    shell = {**USER, "DOCKER_HOST": "unix:///d", "PIP_INDEX_URL": "https://mirror", "GIT_DIR": "/x", "DISPLAY": ":0"}
    assert {"GOOGLE_APPLICATION_CREDENTIALS", "HTTPS_PROXY", "DISPLAY"} <= variables.of_program("gcloud", shell).keys()
    assert variables.of_program("docker", shell)["DOCKER_HOST"] == "unix:///d"
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in variables.of_program("docker", shell)
    assert variables.of_program("git", shell).keys() == {"PATH", "HOME"}
    assert "PIP_INDEX_URL" in variables.of_program("/venv/bin/uv", shell)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG"])
def test_what_a_local_shell_left_behind_is_refused_on_google_cloud(name: str) -> None:
    with pytest.raises(UsageProblem, match=f"but {name} would send its calls elsewhere"):
        isolation.refuse_elsewhere({name: "/home/me/clone/.groundwork/local/file"}, "dev")


@pytest.mark.parametrize(
    ("login", "field", "host"),
    [
        ({"type": "external_account", "token_url": "https://evil.example/token"}, "token_url", "evil.example"),
        ({"universe_domain": "x.example"}, "universe_domain", "x.example"),
        ({"token_uri": "https://googleapis.com.evil.example"}, "token_uri", "googleapis.com.evil.example"),
        ({"source_credentials": {"token_uri": "http://127.0.0.1:9/t"}}, "token_uri", "127.0.0.1"),
    ],
)
def test_a_login_file_that_names_another_host_is_refused(
    login: dict[str, object], field: str, host: str, tmp_path: Path
) -> None:
    file = tmp_path / "application_default_credentials.json"
    file.write_text(json.dumps(login))
    for shell in ({"GOOGLE_APPLICATION_CREDENTIALS": str(file)}, {"CLOUDSDK_CONFIG": str(tmp_path)}):
        with pytest.raises(UsageProblem) as error:
            isolation.refuse_elsewhere(shell, "dev")
        assert f"{field} in {file} would send your login to {host}:" in error.value.message


def test_googles_login_files_are_accepted_for_every_kind_of_identity(tmp_path: Path) -> None:
    file = tmp_path / "login.json"
    source = {"url": "https://pipelines.actions.githubusercontent.com/token", "environment_id": "aws1"}
    impersonation = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/x:generateAccessToken"
    login = {"token_url": "https://sts.googleapis.com/v1/token", "service_account_impersonation_url": impersonation}
    file.write_text(json.dumps({**login, "credential_source": source, "universe_domain": "googleapis.com"}))
    isolation.refuse_elsewhere({"GOOGLE_APPLICATION_CREDENTIALS": str(file)}, "dev")


def test_the_users_own_plugin_cache_is_respected(tmp_path: Path) -> None:
    assert isolation.cached_providers({"TF_PLUGIN_CACHE_DIR": "/mine"}, tmp_path) == {}
    assert isolation.cached_providers({}, tmp_path)["TF_PLUGIN_CACHE_DIR"] == str(tmp_path / "providers")


def test_no_traceback_shows_a_shells_variables(tmp_path: Path) -> None:
    variables = {"SECRET": "hunter2"}
    around = isolation.ProcessVariables(variables, variables)
    started = Terraform("terraform", tmp_path, tmp_path, around.work, downloads=around.fetch)
    assert "hunter2" not in f"{around!r} {started!r}"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_a_shell_that_leads_to_the_local_cloud_is_refused_on_google_cloud(name: str) -> None:
    with pytest.raises(UsageProblem, match=f"dev is on Google Cloud, but {name} would send its calls elsewhere"):
        isolation.google_variables({name: "http://local-cloud:simulated@127.0.0.1:20001"}, "dev")
    isolation.google_variables({name: "http://127.0.0.1:3128"}, "dev")
