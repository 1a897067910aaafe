"""The welcome note for a new member: what to install, how to log in, and what they have access to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from groundwork.environment.values import Environment, Member
from groundwork.login.docker import LOCAL_ADDRESS, LOCAL_LOGIN, local_login
from groundwork.people.personas import Persona

READS_IMAGES = "roles/artifactregistry.reader"
SEES_POLICIES = "iam.serviceAccounts.getIamPolicy"


def welcome(environment: Environment, member: Member, personas: Mapping[str, Persona]) -> tuple[str, ...]:
    """A message for a new member; it contains no secrets."""
    return tuple(_lines(environment, member, personas))


def _lines(environment: Environment, member: Member, personas: Mapping[str, Persona]) -> Iterator[str]:
    project, name, persona = environment.project, environment.name, personas[member.role]
    yield f"Welcome to {project}, {member.email}. You are {_article(persona.name)}, who {_does(persona, list(personas))}"
    yield ""
    yield from _login(environment, member, persona)
    yield ""
    yield f"Project     {project} in {environment.region}"
    for bucket in environment.buckets.values():
        yield f"Bucket      {bucket.url}" + ("  (DVC remote)" if bucket.dvc else "")
    for repository in environment.repositories.values():
        yield f"Images      {repository.url}"
    if "roles/secretmanager.secretAccessor" in persona.roles_on("secret"):
        for secret in environment.secrets:
            yield f"Secret      {secret}  (groundwork secrets get {secret} --env {name})"
    for identity in environment.identities.values():
        if persona.name in identity.users:
            yield f"Identity    {identity.email}  ({identity.description.rstrip('.')})"
    yield ""
    yield f"What you may do: groundwork access check --env {name}"
    if SEES_POLICIES in persona.permissions:
        yield f"Who may do what: groundwork access --env {name}"


def _login(environment: Environment, member: Member, persona: Persona) -> Iterator[str]:
    name = environment.name
    if (environment.root / "tools" / "groundwork").is_dir():
        yield "1. Clone this repository, then: make doctor, and in every new shell: source .venv/bin/activate"
    else:  # a team's own repository, which `groundwork init` made a project
        yield "1. Clone this repository, and groundwork's beside it: make ready there, and in every new shell:"
        yield "     source ../groundwork/.venv/bin/activate"
    if environment.local and member.type == "group":
        yield "2. This is the local cloud (simulated): it knows no memberships, so what a group holds lets nobody in there."
    elif environment.local:
        yield "2. This is the local cloud (simulated): nobody logs in. In a shell:"
        yield f'     eval "$(groundwork local env --env {name} --as {member.email})"'
    else:
        yield "2. Install gcloud (https://cloud.google.com/sdk/docs/install) and log in. Google asks for 2-Step Verification:"
        yield "   turn it on at https://myaccount.google.com/security if your account has none."
        yield "     gcloud auth login"
        yield f"     groundwork login --env {name}"
    if environment.repositories:
        yield from _images(environment, persona)
    remotes = [bucket.name for bucket in environment.buckets.values() if bucket.dvc]
    if remotes:
        which = f" --bucket {' or '.join(remotes)}" if len(remotes) > 1 else ""
        yield f"{4 if environment.repositories else 3}. Data: groundwork dvc --env {name}{which}, then dvc pull"


def _images(environment: Environment, persona: Persona) -> Iterator[str]:
    if environment.local:
        yield "3. Images: log in, then podman pull."
        yield f"     {local_login(environment)}"
        repository = next(iter(environment.repositories.values())).url.partition("/")[2]
        yield "   With docker, whose engine connects by itself, log in to the local cloud's own address, and pull from there:"
        yield f"     {LOCAL_LOGIN}"
        yield f'     docker pull {LOCAL_ADDRESS}/{repository}/IMAGE"'
        return
    reads_only = persona.roles_on("repository") == (READS_IMAGES,)
    yield f"3. Images: groundwork docker --env {environment.name}, then docker pull{'' if reads_only else ' or push'}"


def _does(persona: Persona, names: Sequence[str]) -> str:
    """The persona's description as the rest of a sentence; each but the first does more than the one before it."""
    place = names.index(persona.name)
    before = f"does what {_article(names[place - 1])} does, and " if place else ""
    return f"{before}{persona.description[0].lower()}{persona.description[1:]}"


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiouAEIOU" or noun.startswith("ml-") else f"a {noun}"
