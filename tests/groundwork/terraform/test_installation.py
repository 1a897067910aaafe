"""Terraform is found, or downloaded and verified, or reported as missing in one sentence."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from groundwork.errors import GroundworkError, UsageProblem
from groundwork.terraform import installation
from groundwork.terraform.installation import RELEASES, Tool

PROGRAM = b'#!/bin/sh\necho \'{"terraform_version": "1.11.4"}\'\n'
NOWHERE = "http://127.0.0.1:1/terraform_{version}_{platform}.zip"


def silent(_text: str) -> None:
    return None


def program(folder: Path, version: str, name: str = "terraform") -> Path:
    """A program that says it is Terraform of this version."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n', "utf-8")
    file.chmod(0o755)
    return file


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("terraform"), PROGRAM)  # a name alone would add the time, and change the sum
    return buffer.getvalue()


@pytest.fixture(scope="module")
def releases() -> Iterator[str]:
    """A server that answers every request with the same zip file."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if "missing" in self.path else 200)
            self.end_headers()
            self.wfile.write(archive())

        def log_message(self, *_words: Any) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{{version}}/{{platform}}.zip"
        server.shutdown()


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The release whose checksum the server's zip file has."""
    sums = {installation.this_platform(): hashlib.sha256(archive()).hexdigest()}
    monkeypatch.setitem(RELEASES, "terraform", replace(RELEASES["terraform"], sums=sums))


def test_the_one_on_path_is_used_where_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = program(tmp_path / "bin", "1.12.2")
    monkeypatch.setenv("PATH", f"{file.parent}{os.pathsep}{os.environ['PATH']}")
    assert installation.tool("terraform", tmp_path / "cache", silent) == Tool("terraform", (1, 12, 2), file)


def test_a_downloaded_terraform_is_kept_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, releases: str, known: None
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    fetched = installation.fetch("terraform", tmp_path, silent, address=releases)
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    assert fetched.path == tmp_path / "terraform" / "1.11.4" / "terraform"
    assert fetched.path.read_bytes() == PROGRAM
    assert installation.in_cache("terraform", tmp_path) == fetched
    assert [path.name for path in fetched.path.parent.iterdir()] == ["terraform"]


def test_nobody_else_can_change_what_make_downloads_whatever_the_umask(capsys: pytest.CaptureFixture[str]) -> None:
    before = os.umask(0)
    try:
        installation.main()
    finally:
        in_force = os.umask(before)
    assert (oct(in_force), Path(capsys.readouterr().out.strip()).is_dir()) == ("0o22", True)


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(tmp_path: Path, releases: str) -> None:
    with pytest.raises(GroundworkError, match="is not the Terraform that was expected"):
        installation.fetch("terraform", tmp_path, silent, address=releases)
    assert list(tmp_path.rglob("*")) == []


def test_without_network_one_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GroundworkError) as error:
        installation.fetch("terraform", tmp_path, silent, address=NOWHERE)
    expected = (
        f"terraform is not on PATH, and http://127.0.0.1:1/terraform_1.11.4_{installation.this_platform()}.zip cannot be reached "
        "(ConnectionError): install Terraform 1.11 or newer from https://developer.hashicorp.com/terraform/install and put it on PATH."
    )
    assert error.value.message == expected


def test_an_old_terraform_on_path_is_named_when_no_new_one_can_be_fetched(tmp_path: Path) -> None:
    old = Tool("terraform", (1, 5, 7), Path("/usr/bin/terraform"))
    with pytest.raises(
        GroundworkError, match=r"^Terraform 1\.5\.7 at /usr/bin/terraform is older than 1\.11, and http"
    ):
        installation.fetch("terraform", tmp_path, silent, old, address=NOWHERE)


def test_a_response_that_is_not_a_release_is_reported(tmp_path: Path, releases: str) -> None:
    with pytest.raises(GroundworkError, match="answered 404: install Terraform"):
        installation.fetch("terraform", tmp_path, silent, address=f"{releases}?missing")


def test_a_platform_without_release_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RELEASES, "terraform", replace(RELEASES["terraform"], sums={}))
    with pytest.raises(GroundworkError, match=f"there is no Terraform to download for {installation.this_platform()}"):
        installation.fetch("terraform", tmp_path, silent)


def test_a_program_is_asked_for_its_version_once_and_again_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = program(tmp_path, "1.11.4")
    large = file.read_text("utf-8") + f"echo asked >> '{tmp_path}/asked'\nexit\n" + "#" * installation._SMALLEST_PROGRAM
    for second, version in enumerate(("1.11.4", "1.12.0")):
        file.write_text(large.replace("1.11.4", version), "utf-8")
        os.utime(file, (second, second))  # two writes can come within one tick of the file system's clock
        assert [installation.on_path("terraform"), installation.on_path("terraform")] == [
            Tool("terraform", installation._numbers(version), file)
        ] * 2
    assert (tmp_path / "asked").read_text("utf-8").split() == ["asked", "asked"]


def test_a_version_managers_script_is_run_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    file = program(tmp_path, "1.11.4")
    file.write_text(file.read_text("utf-8") + f"echo asked >> '{tmp_path}/asked'\n", "utf-8")
    for _ in range(2):
        assert installation.on_path("terraform") == Tool("terraform", (1, 11, 4), file)
    assert (tmp_path / "asked").read_text("utf-8").split() == ["asked", "asked"]


@pytest.mark.parametrize("name", RELEASES)
def test_every_platform_that_we_promise_has_a_checksum(name: str) -> None:
    sums = RELEASES[name].sums
    assert sums.keys() >= {"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"}
    assert len({*sums.values()}) == len(sums)
    assert all(len(value) == 64 and int(value, 16) for value in sums.values())


def test_a_program_with_unintelligible_output_is_not_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = program(tmp_path, "1.12.2")
    file.write_text("#!/bin/sh\necho hello\n", "utf-8")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert installation.on_path("terraform") is None
    with pytest.raises(GroundworkError, match=f"^{file} does not answer `terraform version -json`, and http"):
        installation.fetch("terraform", tmp_path / "cache", silent, address=NOWHERE)


def test_warnings_before_the_version_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As OpenTofu prints them on standard output, for example where TF_CLI_CONFIG_FILE names no file."""
    file = program(tmp_path, "1.12.6", "tofu")
    file.write_text(file.read_text("utf-8").replace("echo", "echo 'Warning: no such file'; echo"), "utf-8")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert installation.on_path("tofu") == Tool("tofu", (1, 12, 6), file)


@pytest.mark.parametrize(("value", "name"), [("", "terraform"), ("terraform", "terraform"), ("tofu", "tofu")])
def test_tf_chooses_the_tool(value: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF", value)
    assert installation.chosen() == name


def test_an_unknown_tool_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF", "pulumi")
    with pytest.raises(UsageProblem, match="TF=pulumi is unknown: set it to terraform or tofu"):
        installation.chosen()
