"""What a file says, in words for the team, and what the platform needs for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from groundwork.start.needs import Need


@dataclass(frozen=True)
class Clue:
    """What a file says: the sort of file, its path, what this becomes, and what that needs, None for what is only reported.

    Commands in `becomes` have --env NAME, until the environment has a name (`about`).
    `region` and `project` are those that the file names, "" for none.
    """

    what: str
    file: str
    becomes: str
    need: Need | None = None
    region: str = ""
    project: str = ""

    def about(self, name: str) -> Clue:
        """The same, with commands about the environment of that name."""
        return replace(self, becomes=self.becomes.replace("--env NAME", f"--env {name}"))

    @property
    def name(self) -> str:
        """The name of what it needs, "" for none."""
        return self.need.name if self.need else ""

    @property
    def section(self) -> str:
        """The part of the environment file that it goes into, "" if it is only reported."""
        return self.need.section if self.need else ""
