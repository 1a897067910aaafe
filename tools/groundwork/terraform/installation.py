"""Finds Terraform or OpenTofu: on PATH if new enough, else the pinned release in the user's cache."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import GroundworkError, UsageProblem
from groundwork.google import variables
from groundwork.terraform.events import document
from groundwork.terraform.process import run

NEEDED = (1, 11)
_SECONDS = 60
_VERSIONS = "versions.json"
_SMALLEST_PROGRAM = 1 << 20


@dataclass(frozen=True)
class Release:
    """A release to download: the address of its zip files and the SHA-256 of each, by platform."""

    title: str
    version: str
    address: str
    page: str
    sums: Mapping[str, str]


RELEASES = {
    "terraform": Release(
        title="Terraform",
        version="1.11.4",
        address="https://releases.hashicorp.com/terraform/{version}/terraform_{version}_{platform}.zip",
        page="https://developer.hashicorp.com/terraform/install",
        sums={
            "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
            "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
            "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
            "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
        },
    ),
    "tofu": Release(
        title="OpenTofu",
        version="1.12.6",
        address="https://github.com/opentofu/opentofu/releases/download/v{version}/tofu_{version}_{platform}.zip",
        page="https://opentofu.org/docs/intro/install/",
        sums={
            "darwin_amd64": "166388e5feed47e107e11721b6366bf91d21e47eccbced75f3cbe0c7184ffd9b",
            "darwin_arm64": "e083ee43790ab9e19ad66d9933e24a7244a1412e1d5728f37999ae2163fdac95",
            "linux_amd64": "5dc43da4f750f33873dc25e94587128709e819e544b7be9016b255316153c3a8",
            "linux_arm64": "e573979ba68a17fe7b881752051a694a7efcd970e39521f6a25775197861ed4d",
        },
    ),
}


@dataclass(frozen=True)
class Tool:
    """An installed Terraform: "terraform" or "tofu", its version and the absolute path of its program."""

    name: str
    version: tuple[int, ...]
    path: Path
    fetched: bool = False

    @property
    def text(self) -> str:
        """E.g. "Terraform 1.11.4"."""
        return f"{RELEASES[self.name].title} {dotted(self.version)}"

    @property
    def new_enough(self) -> bool:
        """Whether the modules accept it."""
        return self.version >= NEEDED


def dotted(version: tuple[int, ...]) -> str:
    """(1, 11, 4) as "1.11.4"."""
    return ".".join(map(str, version))


def user_cache() -> Path:
    """Our folder in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "groundwork"


def chosen() -> str:
    """The tool that TF selects: terraform unless it says tofu. Raises UsageProblem."""
    name = os.environ.get("TF") or "terraform"
    if name not in RELEASES:
        raise UsageProblem(f"TF={name} is unknown: set it to terraform or tofu, or leave it out for terraform.")
    return name


def on_path(name: str) -> Tool | None:
    """The tool on PATH, of any version; None when there is none that works."""
    found = shutil.which(name)
    return _examined(name, Path(found)) if found else None


def in_cache(name: str, cache: Path) -> Tool | None:
    """The pinned release in the cache; None when it is not cached."""
    path = _place(name, cache)
    return _examined(name, path, fetched=True) if path.is_file() else None


def tool(name: str, cache: Path, say: Callable[[str], None]) -> Tool:
    """A usable tool: from PATH, else from the cache, else downloaded into the cache.

    Raises GroundworkError with a remedy when there is none.
    """
    present = on_path(name)
    if present and present.new_enough:
        return present
    cached = in_cache(name, cache)
    if cached:
        return cached
    return fetch(name, cache, say, present)


def fetch(name: str, cache: Path, say: Callable[[str], None], present: Tool | None = None, address: str = "") -> Tool:
    """Downloads the pinned release, verifies its checksum and stores it in the cache; `address` overrides its source."""
    release = RELEASES[name]
    here = this_platform()
    before = _why_not(name, present)
    advice = f"install {release.title} {dotted(NEEDED)} or newer from {release.page} and put it on PATH"
    if here not in release.sums:
        raise GroundworkError(f"{before}, and there is no {release.title} to download for {here}: {advice}.")
    url = (address or release.address).format(version=release.version, platform=here)
    say(f"downloading {release.title} {release.version} for {here} …")
    content = _download(url, f"{before}, and", advice)
    if hashlib.sha256(content).hexdigest() != release.sums[here]:
        raise GroundworkError(
            f"The download from {url} is not the {release.title} that was expected (its SHA-256 differs): {advice}."
        )
    _unpack(content, name, _place(name, cache))
    return Tool(name, _numbers(release.version), _place(name, cache), fetched=True)


def _why_not(name: str, present: Tool | None) -> str:
    """Why the program on PATH cannot be used."""
    if present:
        return f"{present.text} at {present.path} is older than {dotted(NEEDED)}"
    found = shutil.which(name)
    return f"{found} does not answer `{name} version -json`" if found else f"{name} is not on PATH"


def this_platform() -> str:
    """Operating system and processor as release files name them, e.g. "linux_arm64"."""
    machine = platform.machine().lower()
    names = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    return f"{sys.platform}_{names.get(machine, machine)}"


def _download(url: str, before: str, advice: str) -> bytes:
    import requests

    try:
        answer = requests.get(url, timeout=_SECONDS)
    except requests.RequestException as error:
        raise GroundworkError(f"{before} {url} cannot be reached ({type(error).__name__}): {advice}.") from None
    if answer.status_code != 200:
        raise GroundworkError(f"{before} {url} answered {answer.status_code}: {advice}.")
    return answer.content


def _unpack(content: bytes, member: str, target: Path) -> None:
    """Writes the program beside its final path and moves it there, so that a half-written one is never used."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file,
    ):
        file.write(archive.read(member))
    Path(file.name).chmod(0o755)
    Path(file.name).replace(target)


def _place(name: str, cache: Path) -> Path:
    return cache / name / RELEASES[name].version / name


def _examined(name: str, path: Path, *, fetched: bool = False) -> Tool | None:
    version = _remembered(path) or _reported_version(path)
    try:
        return Tool(name, _numbers(version), path, fetched)
    except ValueError:
        return None


def _reported_version(path: Path) -> str:
    """The version that a program reports, "" if it reports none."""
    try:
        answer = run(
            [str(path), "version", "-json"], seconds=20, env={**variables.kept(os.environ), "CHECKPOINT_DISABLE": "1"}
        )
        version = str(document(answer.out)["terraform_version"])
    except (GroundworkError, ValueError, KeyError):
        return ""
    _remember(path, version)
    return version


def _remembered(path: Path) -> str:
    """The version that this same file reported before, "" if it was never run or has changed."""
    try:
        known = json.loads((user_cache() / _VERSIONS).read_text("utf-8"))[str(path)]
        return str(known["version"]) if known["file"] == _identity(path) else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _remember(path: Path, version: str) -> None:
    """Caches a program's version, since running it takes longer than most commands. Scripts are not cached: they may start another program tomorrow."""
    place = user_cache() / _VERSIONS
    with suppress(OSError):
        if path.stat().st_size < _SMALLEST_PROGRAM:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({str(path): {"file": _identity(path), "version": version}}), "utf-8")
        fresh.replace(place)


def _identity(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_ino, found.st_size, found.st_mtime_ns]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("-")[0].split("."))


def main() -> None:
    """Prints the folder of a usable tool, downloaded if necessary: `make test` puts it on PATH."""
    os.umask(os.umask(0o077) | 0o022)  # nobody else may change the program
    try:
        print(tool(chosen(), user_cache(), lambda text: print(text, file=sys.stderr)).path.parent)
    except GroundworkError as error:
        sys.exit(f"Error: {error.message}")


if __name__ == "__main__":
    main()
