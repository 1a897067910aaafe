"""Base images for tests, built from this machine's own files without any image registry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

# The programs that Dockerfiles call; sh is enough for everything else.
PROGRAMS = (
    "sh",
    "bash",
    "cat",
    "cp",
    "echo",
    "env",
    "head",
    "id",
    "ln",
    "ls",
    "mkdir",
    "rm",
    "sleep",
    "test",
    "touch",
    "true",
    "wc",
)
# glibc loads these by name, so that ldd does not list them; wheels need the three empty ones.
BY_NAME = (
    "libnss_dns.so.2",
    "libnss_files.so.2",
    "libdl.so.2",
    "librt.so.1",
    "libpthread.so.0",
    "libstdc++.so.6",
    "libresolv.so.2",
    "libgcc_s.so.1",
)
PYTHON = "docker.io/library/python:3.11-slim"
# The variable with the name of a run of the tests, and the label with it on images.
RUN, LABEL = "GROUNDWORK_TESTS_RUN", "groundwork.tests"


def small(folder: Path) -> Path:
    """A root folder with a shell and a few programs."""
    return _root(folder, [path for name in PROGRAMS if (path := shutil.which(name))])


def with_python(folder: Path) -> Path:
    """The same with this Python, pip, the certificates and pip's package index."""
    root = small(folder)
    home = Path(sys.base_prefix)
    target = root / "usr" / "local"
    skip = shutil.ignore_patterns(
        "__pycache__", "test", "tests", "idlelib", "tkinter", "ensurepip", "config-3*", "*.a", "turtledemo"
    )
    version = sysconfig.get_python_version()
    library = Path(
        sysconfig.get_paths(vars={"base": str(home), "installed_base": str(home), "platbase": str(home)})["stdlib"]
    )
    shutil.copytree(library, target / "lib" / library.name, ignore=_without_site_packages(skip), symlinks=False)
    _pip(target / "lib" / library.name / "site-packages")
    interpreter = Path(sys.base_prefix) / "bin" / f"python{version}"
    (target / "bin").mkdir(parents=True)
    shutil.copy(interpreter.resolve(), target / "bin" / f"python{version}")
    for name in ("python", "python3"):
        (target / "bin" / name).symlink_to(f"python{version}")
    (target / "bin" / "pip").write_text(
        f"#!/usr/local/bin/python{version}\nfrom pip._internal.cli.main import main\nraise SystemExit(main())\n"
    )
    (target / "bin" / "pip").chmod(0o755)
    _libraries(root, [target / "bin" / f"python{version}", *(target / "lib").rglob("*.so")], extra=home / "lib")
    _outside(root)
    return root


def imported(program: str, folder: Path, tag: str) -> None:
    """Makes an image of a root folder."""
    changes = [
        "--change",
        "ENV PATH=/usr/local/bin:/usr/bin:/bin",
        "--change",
        "ENV PYTHONUNBUFFERED=1",
        "--change",
        'CMD ["sh"]',
        "--change",
        f"LABEL {LABEL}={os.environ.get(RUN, '')}",
    ]
    archive = subprocess.Popen(["tar", "-C", str(folder), "-c", "."], stdout=subprocess.PIPE)
    subprocess.run([program, "import", *changes, "-", tag], stdin=archive.stdout, check=True, capture_output=True)
    assert archive.wait() == 0


def forget() -> None:
    """Removes this run's images, and what was built from them, from docker, whose store is the user's: the next build gets the real ones."""
    docker, run = shutil.which("docker"), os.environ.get(RUN)
    if docker is None or not run:
        return
    listed = [docker, "image", "ls", "--all", "--quiet", f"--filter=label={LABEL}={run}"]
    found = subprocess.run(listed, capture_output=True, text=True, check=False, timeout=60).stdout.split()
    if found:
        subprocess.run([docker, "image", "rm", "--force", *set(found)], capture_output=True, check=False, timeout=300)


def _root(folder: Path, programs: Iterable[str]) -> Path:
    for name in ("bin", "etc", "tmp", "usr/bin", "usr/lib", "lib", "lib64", "var/tmp", "root", "proc", "sys", "dev"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "tmp").chmod(0o1777)
    (folder / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
    (folder / "etc" / "group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (folder / "etc" / "nsswitch.conf").write_text("hosts: files dns\n")
    for each in programs:
        shutil.copy(Path(each).resolve(), folder / "bin" / Path(each).name)
    _libraries(folder, [*(folder / "bin").iterdir()])
    return folder


def _libraries(root: Path, programs: Iterable[Path], extra: Path | None = None) -> None:
    for library in sorted({*_needed(programs, extra), *_named()}):
        place = root / library.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            shutil.copy(library.resolve(), place)


def _needed(programs: Iterable[Path], extra: Path | None) -> Iterator[Path]:
    env = {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": str(extra) if extra else ""}
    output = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, env=env, check=False).stdout
    for path in re.findall(r"(?:=> |^\t)(/\S+) \(0x", output, re.MULTILINE):
        yield Path(path)


def _named() -> Iterator[Path]:
    output = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    for name, path in re.findall(r"^\t(\S+) .* => (\S+)$", output, re.MULTILINE):
        if name in BY_NAME and "/lib32/" not in path:
            yield Path(path)


def _without_site_packages(skip: object) -> object:
    def ignored(folder: str, names: list[str]) -> set[str]:
        return {*skip(folder, names), *({"site-packages"} & set(names))}  # type: ignore[operator]

    return ignored


def _pip(target: Path) -> None:
    import pip

    shutil.copytree(Path(pip.__file__).parent, target / "pip", ignore=shutil.ignore_patterns("__pycache__"))


def _outside(root: Path) -> None:
    """Copies this machine's pip settings and certificates, by which it reaches a package registry."""
    import certifi

    output = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    settings = dict(re.findall(r"^(?:global|:env:|user|site)\.([\w-]+)='(.*)'$", output, re.MULTILINE))
    bundle = next(
        (
            path
            for path in (settings.get("cert"), "/etc/ssl/certs/ca-certificates.crt")
            if path and Path(path).is_file()
        ),
        certifi.where(),
    )
    (root / "etc" / "ssl" / "certs").mkdir(parents=True)
    shutil.copy(bundle, root / "etc" / "ssl" / "certs" / "ca-certificates.crt")
    options = {
        **settings,
        "cert": "/etc/ssl/certs/ca-certificates.crt",
        "root-user-action": "ignore",
        "disable-pip-version-check": "1",
    }
    (root / "etc" / "pip.conf").write_text(
        "[global]\n" + "".join(f"{name} = {value}\n" for name, value in options.items())
    )
