"""How many versions of a secret are kept: those that are free, and at least the newest two."""

from __future__ import annotations

from collections.abc import Sequence

from groundwork.cost import catalogue
from groundwork.errors import UsageProblem
from groundwork.secrets.vault import SecretVersion, Vault

LEAST = 2
"""So that a wrong value can be undone."""
MOST = 1000


def free(region: str) -> int:
    """How many active versions a billing account has free of charge, by the price catalogue."""
    price = catalogue.read().find("secretmanager.version", region)
    return int(price.free) if price else 0


def checked(keep: int | None) -> int | None:
    """The number of versions to keep. Raises UsageProblem unless it is 1 to 1000."""
    if keep is not None and not 1 <= keep <= MOST:
        raise UsageProblem(
            f"--keep {keep} is not possible: give a number from 1, which keeps only the new version, to {MOST}."
        )
    return keep


def share(vault: Vault, name: str) -> int:
    """How many versions of a secret are kept by default: what the project's other secrets leave of the free ones, at least two."""
    others = [other for other in vault.containers() if other != name]
    active = sum(version.active for other in others for version in vault.versions(other))
    return max(LEAST, free(vault.environment.region) - active)


def surplus(versions: Sequence[SecretVersion], keep: int) -> tuple[SecretVersion, ...]:
    """The active versions beyond the newest `keep`, newest first; `versions` are newest first too."""
    return tuple(version for version in versions if version.active)[keep:]
