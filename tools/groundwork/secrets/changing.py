"""Changes to secrets: a new version, older ones disabled or destroyed; first shown, then carried out exactly as shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from groundwork.errors import GroundworkError, UsageProblem
from groundwork.secrets import keeping
from groundwork.secrets.vault import LATEST, SecretVersion, Vault
from groundwork.text import listed

OLD = "old"


@dataclass(frozen=True)
class Intent:
    """What setting a value entails: older versions, by number, that will be disabled or destroyed.

    A rotation needs a value other than the newest.
    """

    name: str
    disable: tuple[int, ...] = ()
    destroy: tuple[int, ...] = ()
    rotation: bool = False

    @property
    def text(self) -> str:
        """In words."""
        parts = [f"{self.name}: a new version"]
        parts += [f"{numbered(self.disable)} disabled"] if self.disable else []
        parts += [f"{numbered(self.destroy)} destroyed for good"] if self.destroy else []
        return ", ".join(parts)


@dataclass(frozen=True)
class ChangeResult:
    """The result of an intent: the new version's number, None when the value was unchanged."""

    intent: Intent
    added: int | None

    @property
    def text(self) -> str:
        """In words."""
        name = self.intent.name
        if self.added is None:
            return f"{name}: already has this value, nothing was changed"
        parts = [f"{name}: version {self.added} is set"]
        parts += [f"{numbered(self.intent.disable)} disabled"] if self.intent.disable else []
        parts += [f"{numbered(self.intent.destroy)} destroyed"] if self.intent.destroy else []
        return ", ".join(parts)


def to_set(vault: Vault, name: str, keep: int | None) -> Intent:
    """What setting a value will do: older versions beyond `keep` are destroyed (None: beyond what is free)."""
    found = vault.versions(name)
    staying = keeping.share(vault, name) if keep is None else keep
    return Intent(name, destroy=_numbers(keeping.surplus(found, staying - 1)))


def to_rotate(vault: Vault, name: str, keep: int | None, *, destroy: bool) -> Intent:
    """What rotating will do: like setting, but older versions are disabled; with `destroy` they are all destroyed."""
    found = vault.versions(name)
    if not any(version.active for version in found):
        raise UsageProblem(f"{name} has no value to rotate: set its first one with `groundwork secrets set {name}`.")
    if destroy:
        return Intent(name, destroy=_numbers(keeping.surplus(found, 0)), rotation=True)
    destroyed = to_set(vault, name, keep).destroy
    readable = [version for version in found if version.state == "enabled" and version.number not in destroyed]
    return Intent(name, _numbers(readable), destroyed, rotation=True)


def has(vault: Vault, name: str, value: bytes) -> bool:
    """Whether the newest version already has this value; False when it cannot be read."""
    try:
        return vault.read(name) == value
    except GroundworkError:
        return False


def carry_out(vault: Vault, intent: Intent, value: bytes) -> ChangeResult:
    """Adds the value, and only then disables and destroys versions; an unchanged value changes nothing.

    Raises UsageProblem for a rotation to the same value, GroundworkError; its message mentions a value that was stored although an older version could not be disabled or destroyed.
    """
    if has(vault, intent.name, value):
        if intent.rotation:
            raise UsageProblem(
                f"{intent.name} already has this value: a rotation needs a new one. Nothing was changed."
            )
        return ChangeResult(intent, None)
    added = vault.add(intent.name, value)
    try:
        move(vault.disable, intent.name, intent.disable)
        move(vault.destroy, intent.name, intent.destroy)
    except GroundworkError as problem:
        problem.details = (
            f"Version {added} of {intent.name} is set, but its older versions were not changed.",
            *problem.details,
        )
        raise
    return ChangeResult(intent, added)


def move(act: Callable[[str, int], None], name: str, numbers: Sequence[int]) -> None:
    """Disables, enables or destroys versions, oldest first."""
    for number in sorted(numbers):
        act(name, number)


def chosen(vault: Vault, name: str, text: str) -> tuple[SecretVersion, ...]:
    """The selected versions: a number, "latest", or "old" for all but the newest.

    Raises UsageProblem for anything else, GroundworkError when there are none.
    """
    if text not in (LATEST, OLD) and not (text.isascii() and text.isdecimal() and 0 < int(text) < 10**9):
        raise UsageProblem(
            f"That is not a version of {name}: it is a number such as 3, latest, or old for all but the newest."
        )
    found = vault.versions(name)
    active = [version for version in found if version.active]
    if text == OLD:
        return tuple(active[1:])
    wanted = active[:1] if text == LATEST else [version for version in found if version.number == int(text)]
    if not wanted:
        numbers = listed(version.number for version in active)
        which = "no value yet" if text == LATEST else f"no version {text}; there are {numbers}"
        raise GroundworkError(f"{name} has {which}.")
    return tuple(wanted)


def movable(name: str, versions: Sequence[SecretVersion], state: str) -> tuple[int, ...]:
    """The numbers of the versions that are not yet in a state. Raises GroundworkError for a destroyed one."""
    destroyed = [version.number for version in versions if version.state == "destroyed"]
    if destroyed and state != "destroyed":
        raise GroundworkError(f"{numbered(destroyed).capitalize()} of {name} is destroyed: its value is gone for good.")
    return tuple(version.number for version in versions if version.state != state)


def _numbers(versions: Sequence[SecretVersion]) -> tuple[int, ...]:
    return tuple(version.number for version in versions)


def numbered(numbers: Sequence[int]) -> str:
    """Version numbers in words, e.g. "versions 1, 2"."""
    return f"version{'s' if len(numbers) > 1 else ''} {listed(sorted(numbers))}"
