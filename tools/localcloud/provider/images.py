"""Disk images as configurations refer to them: by link, name or family, short or full."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from localcloud.provider import requests
from localcloud.provider.work import Problem, Work

_WORD = r"[-_a-zA-Z0-9.:]+"
_LINK = re.compile(rf"projects/({_WORD})/global/images/(family/)?({_WORD})\Z")
# Google's public image projects, by a word that the names of their images contain.
_PUBLIC = {
    "centos": "centos-cloud", "coreos": "coreos-cloud", "debian": "debian-cloud", "fedora-coreos": "fedora-coreos-cloud",
    "opensuse": "opensuse-cloud", "rhel": "rhel-cloud", "rocky-linux": "rocky-linux-cloud", "sles": "suse-cloud",
    "ubuntu": "ubuntu-os-cloud", "windows": "windows-cloud", "windows-sql": "windows-sql-cloud",
}  # fmt: skip

_EDITIONS = {"enterprise": "ent", "standard": "std", "express": "exp"}
# Images whose names do not contain their family's name: how to derive that name; below, the prefix of all their families.
_FAMILIES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(r"ubuntu-(minimal-)?(\d+)(?:.*(-arm64|-amd64))?.*"),
        lambda match: f"ubuntu-{match[1] or ''}{match[2]}-lts{match[3] or ''}",
    ),
    (re.compile(r"cos-(\d+)-.*"), lambda match: f"cos-{match[1]}-lts"),
    (
        re.compile(r"sql-(?:server-)?(\d{4})-([a-z]+)-windows-(?:server-)?(\d{4})(-r\d+)?-dc-v\d+"),
        lambda match: f"sql-{_EDITIONS.get(match[2], match[2])}-{match[1]}-win-{match[3]}{match[4] or ''}",
    ),
)
_ANY_FAMILY = (
    (re.compile(r"fedora-coreos-\d+-\d+-\d+-[a-zA-Z0-9]+-gcp-(?:x86-64|aarch64)"), "fedora-"),
    (re.compile(r"sles-\d+-\d+-v\d+-x86-64"), "sles-"),
)


def link(work: Work, image: str, project: str) -> str:
    """The full name of the image or family; raises Problem if neither exists."""
    match = _LINK.search(image)
    if match:
        return match[0]
    if image.startswith("global/images/"):
        return f"projects/{project}/{image}"
    for place, name, verb in _candidates(image, project):
        if _exists(work, verb, place, name):
            return f"projects/{place}/global/images/{'family/' if verb == 'getFromFamily' else ''}{name}"
    raise Problem(
        f"There is no image or family {image}.", "Write PROJECT/FAMILY, such as debian-cloud/debian-12.", "image"
    )


def same(old: str, new: str) -> bool:
    """Whether the image that a disk was created from can be what `new` refers to; a family's images contain its name."""
    was = _LINK.search(old)
    if not was or not new:
        return False
    project, _, short = new.rpartition("/")
    wanted = _LINK.search(new)
    if wanted:
        project, short = wanted[1], wanted[3]
    else:
        project = "" if project in ("family", "global/images", "global/images/family") else project
    same_project = not project or was[1] == _PUBLIC.get(project, project)
    by_family = not (wanted and not wanted[2]) and _of_family(was[3], short)
    return same_project and (was[3] == short or by_family)


def _exists(work: Work, verb: str, project: str, name: str) -> bool:
    method = work.document.methods[f"compute.images.{verb}"]
    own = {"project": project, "family" if verb == "getFromFamily" else "image": name}
    return requests.gone_as_none(lambda: work.ask(method, own)) is not None


def _of_family(image: str, family: str) -> bool:
    for machine in ("-amd64", "-arm64"):
        if machine == "-amd64" and "-arm64" in image:
            continue
        if family.removesuffix(machine) in image:
            return (machine in image) == family.endswith(machine)
    if any(pattern.fullmatch(image) and family.startswith(start) for pattern, start in _ANY_FAMILY):
        return True
    named = (build(match) for pattern, build in _FAMILIES if (match := pattern.fullmatch(image)))
    return family in named or family.replace("windows-", "windows-server-", 1) in image.replace("-dc-", "-", 1)


def _candidates(image: str, project: str) -> Iterator[tuple[str, str, str]]:
    """(project, name, method) for everything that a short name can refer to, in hashicorp/google's order."""
    place, _, name = image.rpartition("/")
    if place and place != "family":
        yield place, name, "get"
        yield place, name, "getFromFamily"
        return
    places = [project, *(public for word, public in _PUBLIC.items() if word in name)][:2]
    for verb in ("getFromFamily",) if place else ("get", "getFromFamily"):
        yield from ((one, name, verb) for one in places)
