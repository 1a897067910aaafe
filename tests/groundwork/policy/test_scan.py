"""A scanner is trusted only if it has run completely: everything else is exit code 8, never "no findings"."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from groundwork.environment.values import Member
from groundwork.errors import CouldNotTell, Exit, GroundworkError
from groundwork.policy import outside
from groundwork.policy.check import settings
from groundwork.policy.scan import FOLDERS, Scanner
from groundwork.terraform import process
from policies.language import Settings

from tests.groundwork.policy.samples import Clone, clone, dvc_bucket, environment, plan, report


@pytest.fixture
def here(tmp_path: Path) -> Clone:
    return clone(tmp_path)


def _refused(here: Clone, seconds: float = 30) -> CouldNotTell:
    with pytest.raises(CouldNotTell) as refusal:
        here.scanner(seconds).scan(FOLDERS, {"platform": plan(name="x")}, Settings())
    assert refusal.value.exit_code is Exit.UNKNOWN
    return refusal.value


def test_reports_come_back_as_the_scanner_wrote_them(here: Clone) -> None:
    here.answers(report("code"), report("platform"))
    assert here.scanner().scan(FOLDERS, {"platform": plan()}, Settings()) == [report("code"), report("platform")]


def test_a_scanner_that_crashes_has_failed_and_its_last_lines_are_shown(here: Clone) -> None:
    here.program("raise RuntimeError('no such framework')")
    refusal = _refused(here)
    assert refusal.message == "The policies were not checked: the scanner ended with exit code 1."
    assert refusal.details[-1] == "RuntimeError: no such framework"


def test_a_scanner_that_crashes_after_a_clean_report_has_failed(here: Clone) -> None:
    here.program("import json\nprint('[]')\nraise SystemExit(3)")
    assert _refused(here).message.endswith("the scanner ended with exit code 3.")


def test_a_scanner_that_is_killed_has_failed(here: Clone) -> None:
    here.program(f"import os\nos.kill(os.getpid(), {int(signal.SIGKILL)})")
    assert _refused(here).message.endswith("the scanner was killed by signal 9.")


def test_a_scanner_that_does_not_end_has_failed(here: Clone) -> None:
    here.program("import threading\nthreading.Event().wait()")
    assert "did not end within" in _refused(here, seconds=0.5).message


@pytest.mark.parametrize(
    "printed", ["", "checkov 3.3.30", "{}", "[1]", '[{"part": "code"}]', '{"findings": []}', "null"]
)
def test_a_scanner_that_prints_no_report_has_failed(here: Clone, printed: str) -> None:
    here.program(f"print({printed!r})")
    assert _refused(here).message.endswith("the scanner's output is not a report.")


def test_a_scanner_that_gave_up_on_something_has_failed_and_says_on_what(here: Clone) -> None:
    here.answers(report("code", problems=["infra/main.tf cannot be read as Terraform."]), report("platform"))
    assert _refused(here).details == ("infra/main.tf cannot be read as Terraform.",)


def test_a_scanner_that_checked_nothing_has_failed(here: Clone) -> None:
    here.answers(report("code", checked=0), report("platform"))
    assert _refused(here).message.endswith("the scanner saw no resources in the code.")
    here.answers(report("code"), report("platform", checked=0))
    assert _refused(here).message.endswith("the scanner saw no resources in the platform.")


def test_a_scanner_that_left_a_part_out_has_failed(here: Clone) -> None:
    here.answers(report("code"))
    assert _refused(here).message.endswith("the scanner saw no resources in the platform.")


def test_a_plan_without_resources_needs_no_checks(here: Clone) -> None:
    here.answers(report("code"), report("platform", checked=0, resources=0))
    assert len(here.scanner().scan(FOLDERS, {"platform": plan()}, Settings())) == 2


def test_a_plan_may_contain_secrets_so_it_is_private_and_deleted(here: Clone) -> None:
    here.answers(report("code"), report("platform"))
    program = (here.cache / "checkov").glob("*/bin/python")
    text = next(program).read_text(encoding="utf-8")
    mode = (
        f"import os\nopen({str(here.root / 'mode')!r}, 'w').write(oct(os.stat(request['plans']['platform']).st_mode))\n"
    )
    folder = f"open({str(here.root / 'mode')!r}, 'a').write(oct(os.stat(os.path.dirname(request['plans']['platform'])).st_mode))\n"
    here.program(text.partition("\n")[2].partition("\n")[2] + mode + folder)
    here.scanner().scan(FOLDERS, {"platform": plan(secret_data="canary-7f3a")}, Settings())
    assert (here.root / "mode").read_text(encoding="utf-8").endswith("0o40700")
    assert not Path(here.asked["plans"]["platform"]).exists()


def test_the_shells_variables_do_not_reach_the_scanner(here: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BC_API_KEY", "would-call-out")
    monkeypatch.setenv("CKV_IGNORED_DIRECTORIES", "modules")
    here.answers(report("code"))
    text = next((here.cache / "checkov").glob("*/bin/python")).read_text(encoding="utf-8")
    here.program(
        text.partition("\n")[2].partition("\n")[2]
        + f"import os\nopen({str(here.root / 'env')!r}, 'w').write(' '.join(sorted(os.environ)))\n"
    )
    here.scanner().scan(FOLDERS, {}, Settings())
    variables = set((here.root / "env").read_text(encoding="utf-8").split())
    assert variables <= {"HOME", "LANG", "LC_CTYPE", "PATH", "PYTHONPATH", "TMPDIR"}


def test_the_scanner_receives_what_the_environment_allows(here: Clone) -> None:
    here.answers(report("code"))
    dev = environment(
        here.root,
        buckets={"data": dvc_bucket("team-project-data")},
        members={"cats@example.com": Member("cats@example.com", "viewer", "group")},
    )
    here.scanner().scan(FOLDERS, {}, settings(dev))
    assert here.asked["settings"] == {
        "regions": ["europe-west1"],
        "labels": ["environment", "managed-by", "team"],
        "dvc_buckets": ["team-project-data"],
        "members": ["group:cats@example.com"],
        "protected": [],
        "public_services": [],
        "readers": [],
        "waiting": [],
    }


def test_the_scanners_temporary_files_are_where_no_other_user_can_put_any(here: Clone) -> None:
    answer = here.root / "told"
    here.program(f"import os, tempfile\nopen({str(answer)!r}, 'w').write(tempfile.gettempdir())\nprint('[]')")
    before = os.umask(0)
    try:
        with pytest.raises(CouldNotTell):
            here.scanner().scan(FOLDERS, {}, Settings())
    finally:
        os.umask(before)
    folder = Path(answer.read_text("utf-8"))
    assert folder.is_relative_to(here.cache)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_without_a_network_one_sentence_says_that_checkov_could_not_be_installed(tmp_path: Path) -> None:
    here = clone(tmp_path)
    nowhere = {"UV_INDEX_URL": "http://127.0.0.1:1/simple", "UV_NO_CACHE": "1", "UV_HTTP_RETRIES": "0"}

    def run(argv: list[str], **how: object) -> process.Finished:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **nowhere}
        result = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
        return process.Finished(tuple(argv), result.returncode, result.stdout, result.stderr)

    with pytest.raises(CouldNotTell) as refusal:
        Scanner(here.root, here.root / "tools", here.cache, run, here.said.append).scan(FOLDERS, {}, Settings())  # type: ignore[arg-type]
    assert refusal.value.message == (
        "The policies were not checked: checkov could not be installed into its own environment, for which a network is needed "
        "once; connect and run the same command again."
    )
    assert refusal.value.details
    assert list((here.cache / "checkov").iterdir()) == [], "nothing half made is left"


def test_without_uv_the_same_sentence_says_so(tmp_path: Path) -> None:
    here = clone(tmp_path)

    def run(argv: list[str], **how: object) -> process.Finished:
        raise GroundworkError(f"{argv[0]} was not found: install it or put it on PATH.")

    with pytest.raises(CouldNotTell, match="checkov could not be installed"):
        Scanner(here.root, here.root / "tools", here.cache, run, here.said.append).scan(FOLDERS, {}, Settings())  # type: ignore[arg-type]


def test_the_environment_is_made_once_and_again_when_its_requirements_change(tmp_path: Path) -> None:
    here = clone(tmp_path)
    started: list[list[str]] = []

    def run(argv: list[str], **how: object) -> process.Finished:
        started.append(list(argv))
        if argv[1] == "venv":
            (Path(argv[-2]) / "bin").mkdir(parents=True)
            (Path(argv[-2]) / "bin" / "python").touch()
        return process.Finished(tuple(argv), 0, "", "")

    tools = here.root / "tools"
    first = outside.python(tools, here.cache, run, here.said.append)  # type: ignore[arg-type]
    again = outside.python(tools, here.cache, run, here.said.append)  # type: ignore[arg-type]
    assert first == again
    created = [argv for argv in started if argv[0].endswith("uv")]
    assert [argv[1] for argv in created] == ["venv", "pip"]
    assert "--require-hashes" in created[1]
    (tools / outside.REQUIREMENTS).write_text("checkov==3.3.31 --hash=sha256:1\n", encoding="utf-8")
    assert outside.python(tools, here.cache, run, here.said.append) != first  # type: ignore[arg-type]
    assert here.said == ["installing checkov into its own environment (once) …"] * 2


def test_uv_uses_pips_mirror_and_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    environments: list[dict[str, str]] = []

    def run(argv: list[str], env: dict[str, str] | None = None, **how: object) -> process.Finished:
        if "config" in argv:
            listed = "global.index-url='https://mirror.example/simple'\n:env:.timeout='9'\nglobal.cert='/etc/ca.crt'\n"
            return process.Finished(tuple(argv), 0, listed, "")
        environments.append(dict(env or {}))
        return process.Finished(tuple(argv), 1, "", "no")

    with pytest.raises(CouldNotTell):
        outside.python(clone(tmp_path).root / "tools", tmp_path / "cache", run, print)  # type: ignore[arg-type]
    assert environments[0]["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert environments[0]["SSL_CERT_FILE"] == "/etc/ca.crt"
