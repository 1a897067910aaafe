"""The images that builds start from, under the names that Dockerfiles give them: those pulled as the build's account, and a build's own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from localcloud.containers.client import CommandLineRuntime
from localcloud.containers.workload import OnOutput, RuntimeProblem, Stream
from localcloud.engine.image_names import full, is_ours, qualified
from localcloud.engine.workloads import Workloads
from localcloud.services.cloudbuild.builders import dockerfiles, run_mounts

_UNAMBIGUOUS = ("localhost/", "gcr.io/", "eu.gcr.io/", "us.gcr.io/", "asia.gcr.io/")
_AGAIN = 0.2
_PULLED = re.compile(r"Trying to pull (\S+?)(?:\.\.\.)?")
_PINNED = re.compile(r"([a-z0-9-]+-docker\.pkg\.dev/[\w./-]+)(?::[\w.-]+)?@sha256:([0-9a-f]{64})")
_COLOURS = re.compile(r"\x1b\[\d*m")  # in which docker without BuildKit prints errors


@dataclass(frozen=True)
class BaseImages:
    """The images that one build may start from: `principal` is its account, `own` has the ids of those that it has made or pulled, by name."""

    workloads: Workloads
    client: CommandLineRuntime
    principal: str
    own: Mapping[str, str]

    @asynccontextmanager
    async def named(self, text: str, arguments: Mapping[str, str], context: Path) -> AsyncIterator[set[str]]:
        """Makes a Dockerfile's images available by their names meanwhile: those pulled as the build's account, and this build's own.

        What podman pulls by itself, as the same account, is to be noted in the set: it loses its name afterwards as well.
        Raises RuntimeProblem for what may not be used, also by the ONBUILD instructions of an image.
        """
        tagged: dict[str, str] = {}
        pulled: set[str] = set()
        known: dict[str, str] = {}
        try:
            named = await asyncio.to_thread(dockerfiles.images, text, arguments)
            for base in sorted(named):  # in one order, so that no two builds wait for each other
                known[base] = await self._here(full(base), tagged)
            found = await asyncio.to_thread(self._triggers, known)
            named = await asyncio.to_thread(dockerfiles.images, text, arguments, found) if found else frozenset()
            for base in named - known.keys():
                await self._here(full(base), tagged)
            texts = [text, *(one for listed in found.values() for one in listed)]
            follows = self.client.kind.follows_links
            await asyncio.to_thread(run_mounts.check, texts, context, follows_links=follows)
            yield pulled
        finally:
            self.workloads.bases_in_use.subtract(tagged.keys())
            for base, image_id in tagged.items():
                if not self.workloads.bases_in_use[base]:
                    await asyncio.to_thread(self.client.keep_unnamed, image_id, base)
            for name in pulled:
                with suppress(RuntimeProblem):
                    image_id, _ = await asyncio.to_thread(self.client.image, name)
                    await asyncio.to_thread(self.client.keep_unnamed, image_id, name)

    async def _here(self, base: str, tagged: dict[str, str]) -> str:
        """The id of an image once it is on this machine; if it is one of this cloud's or of the build's own, it has its name, too."""
        image_id, in_use = self.own.get(base, ""), self.workloads.bases_in_use
        own = bool(image_id)
        if own and not is_ours(base) and qualified(base) == base and not base.startswith(_UNAMBIGUOUS):
            raise RuntimeProblem(
                f"{base} cannot be an image of this build's own for others of its: that name is another registry's, and builds and services "
                "of others could get it. Name it without a registry."
            )
        if not own:
            image_id = (await asyncio.to_thread(self.workloads.fetch, base, self.principal)).made
        # A digest is no name to tag with: podman finds the image by it, and for docker it becomes a tag.
        base = by_tag(base) if self.client.name == "docker" else base
        named = (own or is_ours(base)) and image_id and "@" not in base
        while in_use[base] and not (named and self.workloads.bases.get(base) == image_id):
            await asyncio.sleep(_AGAIN)  # another build has given the name to another image
        if named:
            tagged[base] = self.workloads.bases[base] = image_id
            in_use[base] += 1
            await asyncio.to_thread(self.client.call, "tag", image_id, base)
        return image_id

    def _triggers(self, known: Mapping[str, str]) -> dict[str, list[str]]:
        """The ONBUILD instructions of images, by the names under which a Dockerfile starts from them."""
        found = {name: self.client.on_build(image_id) for name, image_id in known.items() if image_id}
        return {name: listed for name, listed in found.items() if listed}


def noting(on_output: OnOutput, pulled: set[str]) -> OnOutput:
    """Passes lines on, and notes the images of this cloud that podman pulls by itself."""

    def noted(stream: Stream, line: str) -> None:
        if (match := _PULLED.fullmatch(line)) is not None and is_ours(match[1]):
            pulled.add(match[1])
        on_output(stream, _COLOURS.sub("", line))

    return noted


def by_tag(text: str) -> str:
    """A text in which images of this cloud that are named by digest are named by a tag, since docker knows no digest of an image that lost its name."""
    return _PINNED.sub(r"\1:sha256-\2", text)
