"""The hashes of the real provider's packages: on Google Cloud, Terraform installs and runs no others.

They are here and not in a lock file in the repository, which would name a registry. Before `init` they are written as the layer's lock
file, and Terraform itself holds to it whatever it fetches, finds in a mirror or has in its cache, in every later command too.
Of OpenTofu's own builds no hash is known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

VERSION = "7.45.0"
# Of the release's zip files, each platform's and the manifest, as HashiCorp signed them; and of what some of them hold.
# A new release's are in the lock file that `terraform providers lock -platform=linux_amd64 ...` writes.
HASHES = (
    "h1:5bwzwKa/bvJmUkVMkrF18v9AfFeJ/wjR230oY+4LHrc=",
    "h1:EYsKCMfXi6gtv3fE6XgNpsKrt7qFNrGFwenhlTkrrRM=",
    "h1:FGFsRBzfeyq56BUAcb/WT676NieMX3NRfR4DBj2eEqk=",
    "h1:snI9jfT+CtL8dH099NZCe79ciOSTuL74nPB7KaCf9pM=",
    "zh:0f33485d068e39b1661d4ad789dfac353134b99cb5746e463e7719c053d70c06",
    "zh:162335c448b15125924c3451dc0a411635138c00e36784d9586b9df61bc8a3d7",
    "zh:172c9e4902e9a01b1111bbbb9063a47804ec5f4207b2221df9c398239ff3b350",
    "zh:39acce0806f1aeca106ea529053778681e332f3f895c21c6a6a9fb267bed1058",
    "zh:58dadd7b96b7b706e2995a04f356862be7cfd6b55f6257464c8b10986abf8efa",
    "zh:7230a5e49abed243317b9de0ee7fd365b4a2775b532a5d66006b39c4703978ac",
    "zh:a1b60814ee9a0726c0cd43d36da2cee3db97ec296ee66b111a7e603997de9122",
    "zh:a454c09162ccd342e101704dca4b0eedc2d11939ac48ebd7b7d505a96c1933e6",
    "zh:ad6fdf73e072f510a7d8e2b70f9e1021d08b9076eae146b420f333905708c982",
    "zh:de1de65b909c99430f8bef092718b75dc5c777e98daf474a2215621f35095bb8",
    "zh:f569b65999264a9416862bca5cd2a6177d94ccb0424f3a4ef424428912b9cb3c",
    "zh:fb1b9d1ea7bc79b7409f02aa7c19ba39afa22dbead69e83ae7eb2691ac5c2426",
)
_FILE = ".terraform.lock.hcl"
_PROVIDER = "registry.terraform.io/hashicorp/google"


def pin(layer: Path, hashes: Iterable[str] = HASHES) -> None:
    """Restricts Terraform to packages with one of the hashes, for a root module in `layer`."""
    lines = "".join(f'    "{each}",\n' for each in hashes)
    text = f'provider "{_PROVIDER}" {{\n  version = "{VERSION}"\n  hashes = [\n{lines}  ]\n}}\n'
    (layer / _FILE).write_text(text, encoding="utf-8")


def unpin(layer: Path) -> None:
    """Lifts the restriction, for example for a custom build; a lock file that was not made from our hashes stays."""
    file = layer / _FILE
    try:
        found = set(re.findall(r'"((?:h1|zh):[^"]+)"', file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return
    if found >= set(HASHES):
        file.unlink()
