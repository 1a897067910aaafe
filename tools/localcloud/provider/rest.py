"""Create, read, update, delete and import for a resource type that is one object of a REST API."""

from __future__ import annotations

from localcloud.provider import creation, normal, patches, paths, requests
from localcloud.provider.client import HttpError, NoAnswer
from localcloud.provider.hooks import hooks
from localcloud.provider.operations import finished
from localcloud.provider.retries import Stopped
from localcloud.provider.schema import Attribute
from localcloud.provider.values import Object, settled, without_unknown
from localcloud.provider.work import Incomplete, Problem, Work


def create(work: Work, planned: Object) -> Object:
    """Creates the resource and reads it back. Raises Incomplete with the state so far if it was accepted and a later step failed."""
    own = hooks(work.row.type)
    values = _with_defaults(work, _settled(planned))
    if work.row.taken_over and (found := read(work, values)) is not None:
        children = work.row.schema.root.children
        left = {name for name, one in children.items() if one.computed and values.get(name) is None}
        return update(work, found, values | {name: found[name] for name in left})
    return own.create(work, values) if own.create else make_and_read(work, values)


def make_and_read(work: Work, planned: Object) -> Object:
    """Calls the create method and waits for its operation; reads the resource back if the answer is not enough."""
    own = hooks(work.row.type)
    values = creation.placed(work, planned)
    try:
        created = creation.make(work, values)
    except Incomplete as half:
        raise Incomplete(values | {"id": work.id(values)}, half.cause) from half
    known = values | _server_named(work, created) | creation.unread_places(work, planned)
    state = known | {"id": work.id(known)}
    try:
        if own.created:
            own.created(work, state)
        changed = patches.after_creation(work, state)
        state_read = complete(work, created, state) if "name" in created and not changed else read(work, state)
    except (HttpError, NoAnswer, Stopped, Problem) as error:
        raise Incomplete(state, error) from error
    return state_read if state_read is not None else state


def read(work: Work, state: Object) -> Object | None:
    """The state from the API; None if the resource no longer exists."""
    own = hooks(work.row.type)
    if own.read:
        return own.read(work, state)
    answer = requests.get(work, state)
    if answer is None or any(answer.get(name) == value for name, value in work.row.gone.items()):
        return None
    return complete(work, answer, state)


def complete(work: Work, answer: Object, state: Object) -> Object:
    """The state from the API's answer, with the provider's own attributes filled in."""
    root = work.row.schema.root
    work.answer = answer | _also_read(work, state)
    values = {**state, **requests.fields(work).flatten(work.answer, state)}
    values |= _provider_values(work, state)
    kept = normal.filled(root, values)
    values |= {name: kept[name] for name, child in root.children.items() if child.unread}
    if "effective_labels" in root.children:
        values |= _labels(answer.get("labels"), state, ("labels", "terraform_labels"), "effective_labels")
    if "effective_annotations" in root.children:
        values |= _labels(answer.get("annotations"), state, ("annotations",), "effective_annotations")
    values["id"] = work.id(values)
    own = hooks(work.row.type)
    return own.decode(work, values, state) if own.decode else values


def update(work: Work, prior: Object, planned: Object) -> Object:
    """Sends what changed and returns the new state. A type that is not refreshed keeps the plan, with zeros for unset values."""
    own = hooks(work.row.type)
    values = _settled(planned)
    changed = patches.differing(work, prior, values)
    if changed - {"deletion_policy"}:
        if own.update:
            values = own.update(work, prior, values)
        else:
            patches.send_changes(work, prior, values, changed)
        if not work.row.refreshed:
            return normal.unread(work.row.schema.root, prior, values)
        if own.update:
            return values
    return read(work, normal.unread(work.row.schema.root, prior, values)) or values


def delete(work: Work, state: Object) -> None:
    """Deletes the resource, or only forgets it under deletion_policy ABANDON; raises Problem if it is protected."""
    if not may_delete(work, state):
        return
    own = hooks(work.row.type)
    if own.delete:
        own.delete(work, state)
    else:
        remove(work, state)


def remove(work: Work, state: Object) -> None:
    """Calls delete and waits for its end; what is gone already is removed, too."""
    method = work.verb("delete")
    query = requests.query(work, method, state)
    answer = requests.gone_as_none(lambda: work.ask(method, requests.params(work, method, state), query=query))
    if answer is not None:
        finished(work, answer, method.response)


def may_delete(work: Work, state: Object) -> bool:
    """Whether to send a delete: not with deletion_policy ABANDON, nor for what is always there; PREVENT and deletion_protection raise Problem."""
    if state.get("deletion_policy") == "PREVENT":
        raise Problem(
            f"{work.row.type} {state.get('id')} may not be destroyed: its deletion_policy is PREVENT.",
            'Set deletion_policy = "DELETE", apply, then destroy.',
            "deletion_policy",
        )
    if state.get("deletion_protection"):
        raise Problem(
            f"{work.row.type} {state.get('id')} may not be destroyed: its deletion_protection is true.",
            "Set deletion_protection = false, apply, then destroy.",
            "deletion_protection",
        )
    own = state.get(paths.names(work.row.id)[-1])
    return state.get("deletion_policy") != "ABANDON" and own not in work.row.undeletable


def import_(work: Work, name: str) -> Object:
    """The state to refresh from, for an import id in one of the row's forms."""
    own = hooks(work.row.type)
    if own.import_:
        return own.import_(work, name)
    return imported(work, named(work, name))


def named(work: Work, name: str) -> Object:
    """The attributes in an import id, with the provider block's project, region and zone; raises Problem for an unknown form."""
    forms = sorted((work.row.id, *work.row.imports), key=paths.literals, reverse=True)
    for form in forms:
        parsed = paths.parse(form, name)
        if parsed is not None:
            places = {name: one for name in ("project", "region", "zone") if (one := getattr(work.settings, name))}
            return {name: one for name, one in places.items() if f"{{{name}}}" in work.row.id} | parsed
    raise Problem(f"{work.row.type}: the import id {name!r} has none of the accepted forms: {', '.join(forms)}.")


def imported(work: Work, values: Object) -> Object:
    """A state with only these values, the id, and the defaults of attributes that the API does not have."""
    state = work.row.schema.null | values
    for name, child in work.row.schema.root.children.items():
        if isinstance(child, Attribute) and child.virtual and child.default is not None and state[name] is None:
            state[name] = child.default
    return state | {"id": work.id(state)}


_ADDED_MAPS = (*requests.LABEL_FIELDS, "terraform_labels")


def _settled(planned: Object) -> Object:
    values: Object = settled(without_unknown(planned, _ADDED_MAPS))
    return values


def _with_defaults(work: Work, values: Object) -> Object:
    """A new resource's values, with defaults for what diff suppression left out of the plan."""
    children = work.row.schema.root.children
    unset = {name: child for name, child in children.items() if values.get(name) is None}
    return values | {name: child.default for name, child in unset.items() if isinstance(child, Attribute)}


def _labels(found: Object | None, state: Object, configured: tuple[str, ...], effective: str) -> Object:
    """The API's labels that the configuration manages (one removed on the server reads as ""), and all of them as `effective`."""
    labels = found or {}
    mine = {name: {key: labels.get(key, "") for key in state.get(name) or {}} if found else {} for name in configured}
    return mine | {effective: dict(labels)}


def _provider_values(work: Work, state: Object) -> Object:
    children = work.row.schema.root.children
    values: Object = {}
    if "{project}" in work.row.id and "project" in children:
        values["project"] = work.project(state)
    for name, child in children.items():
        if isinstance(child, Attribute) and child.virtual and child.default is not None and state.get(name) is None:
            values[name] = child.default
    policy = children.get("deletion_policy")
    if policy is not None and not policy.sticky and state.get("deletion_policy") is None:
        values["deletion_policy"] = work.settings.deletion_policy or "DELETE"
    return values


def _server_named(work: Work, made: Object) -> Object:
    """For a resource that the server names, the attributes from its name, or from the field with its id."""
    root = work.row.schema.root.children
    theirs = [name for name in paths.names(work.row.id) if name in root and not root[name].configurable]
    fields = {name: made[field] for name in theirs if (field := root[name].api) in made}
    parsed = (paths.parse(work.row.id, made.get("name", "")) or {}) if theirs else {}
    return fields or {name: parsed[name] for name in theirs if name in parsed}


def _also_read(work: Work, state: Object) -> Object:
    """The answers of the row's `also_read` methods; an API without such a method adds nothing."""
    answers: Object = {}
    for verb in work.row.also_read:
        method = work.method(verb)
        try:
            answers |= work.ask(method, requests.params(work, method, state))
        except HttpError as error:
            if error.code not in (404, 501):
                raise
    return answers
