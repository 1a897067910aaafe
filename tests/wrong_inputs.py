"""Wrong inputs as rows: the arguments, the expected message, and the exit code; some are wrong for every command."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from groundwork.errors import Exit

from tests.small_clone import ROOT, SmallClone

CANARY = "hunter2"


@dataclass(frozen=True)
class Wrong:
    """Words before the right ones, or instead of them (`replaces`); `{project}` in the sentence is the clone's.

    `variables` are the shell's, `outside` starts it beside the clone. Whatever was typed as a value is not repeated,
    unless it `echoes`.
    """

    words: tuple[str, ...]
    sentence: str
    code: int = Exit.USAGE
    given: bytes = b"a new value"
    replaces: bool = False
    outside: bool = False
    echoes: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join(self.words)[:40] or self.sentence[:40]


# Wrong in every command that takes --env.
ANYWHERE = (
    Wrong(("--env", "nope"), 'there is no environment "nope" (envs/nope.yaml)'),
    Wrong(("--env", ""), 'there is no environment ""'),
    Wrong(("--env", "envs/absent.yaml"), "envs/absent.yaml cannot be read: No such file or directory."),
    Wrong(("--env", "tabbed"), "envs/tabbed.yaml:2: the line is indented with a tab"),
    Wrong(("--env", "bare"), "envs/bare.yaml"),
    Wrong(("--env", "typo"), "envs/typo.yaml:4:"),
    Wrong(("--env", "empty"), "envs/empty.yaml:1: the file describes no environment"),
    Wrong(("--env", "latin"), "envs/latin.yaml:1: the file is not UTF-8 text"),
    Wrong(("--env", "twice"), "envs/twice.yaml:3: project is already in line 2"),
    Wrong(("--env", "nowhere"), "envs/nowhere.yaml:3: region is"),
    Wrong(("--env", "number"), "envs/number.yaml:2: project is"),
    Wrong(("--env", "Upper"), "envs/Upper.yaml:1: the file needs a name like dev.yaml"),
    Wrong(("--nonsense",), "No such option '--nonsense'"),
    Wrong((), "is not inside a groundwork project", outside=True),
)
# Wrong in every command that takes --as.
AS_SOMEBODY = (
    Wrong(("--as", "nobody"), '"nobody" is not an e-mail address'),
    Wrong(("--as", ""), '"" is not an e-mail address'),
    Wrong(("--env", "dev", "--as", "alice@example.com"), "--as is for the local cloud; dev is on Google Cloud"),
)
_POINTED = {"GOOGLE_STORAGE_CUSTOM_ENDPOINT": "http://127.0.0.1:1/"}
# Wrong in every command that reaches Google Cloud.
NOT_HERE = (
    Wrong(("--env", "dev"), "You are not logged in to Google Cloud", Exit.PERMISSION),
    Wrong(("--env", "dev"), "GOOGLE_STORAGE_CUSTOM_ENDPOINT would send its calls elsewhere", variables=_POINTED),
)
_FILES = {
    "empty": "",
    "latin": "# \xe4\n",
    "twice": "cloud: local\nproject: groundwork-twice\nproject: groundwork-thrice\nregion: europe-west1\n",
    "nowhere": "cloud: local\nproject: groundwork-nowhere\nregion: moon-west1\n",
    "number": "cloud: local\nproject: 7\nregion: europe-west1\n",
    "Upper": "cloud: local\nproject: groundwork-upper\nregion: europe-west1\n",
    "tabbed": "project: groundwork-tabbed\n\tregion: europe-west1\n",
    "bare": "project: groundwork-bare\n",
    "typo": "cloud: local\nproject: groundwork-typo\nregion: europe-west1\nsecret: {}\n",
    "unmade": "cloud: local\nproject: groundwork-unmade\nregion: europe-west1\nsecrets: {wandb-api-key: {}}\n",
    "bare-of-secrets": "cloud: local\nproject: groundwork-no-secrets\nregion: europe-west1\n",
}


def prepare(clone: SmallClone) -> None:
    """Give a clone the environment files that the rows name; the project of `off` exists with its APIs disabled."""
    folder = clone.root / "envs"
    shutil.copy(ROOT / "envs" / "dev.yaml", folder)
    off = f"{clone.project[:-4]}-off"
    for name, text in {**_FILES, "off": _FILES["unmade"].replace("groundwork-unmade", off)}.items():
        (folder / f"{name}.yaml").write_bytes(text.encode("latin-1"))
    clone.cloud().request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": off})


def check(
    clone: SmallClone,
    command: tuple[str, ...],
    right: tuple[str, ...],
    wrong: Wrong,
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Run it, and check the message, the exit code, and that standard output is empty."""
    logged_out(elsewhere, monkeypatch)
    for name, value in wrong.variables.items():
        monkeypatch.setenv(name, value)
    arguments = [*command, *wrong.words, *(() if wrong.replaces else right)]
    result = clone(*arguments, given=wrong.given, cwd=elsewhere if wrong.outside else None)
    sentence = wrong.sentence.format(project=clone.project, off=f"{clone.project[:-4]}-off")
    assert sentence in result.err
    assert result.code == wrong.code, result.err
    assert result.out == b""
    assert "Traceback" not in result.err
    assert CANARY not in result.err or wrong.echoes


def logged_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell in which nobody is logged in to Google Cloud."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(folder / "gcloud"))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder / "docker"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
