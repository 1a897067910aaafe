"""Create, read, update, delete and import of a resource type that is one object of a REST API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.provider import normal, paths
from localcloud.provider.client import Refused, Unreachable
from localcloud.provider.fields import Fields, api_name
from localcloud.provider.hooks import hooks
from localcloud.provider.operations import finished
from localcloud.provider.retries import Stopped
from localcloud.provider.schema import Attribute, Block, Child
from localcloud.provider.values import Object, Value, at, empty, settled, without_unknown
from localcloud.provider.work import Incomplete, Problem, Unfinished, Work
from localcloud.spec.discovery import Method


def create(work: Work, planned: Object) -> Object:
    """Makes the resource and reads it. Raises Incomplete with the state so far once it was accepted and the rest went wrong."""
    own = hooks(work.row.type)
    values = _with_defaults(work, _settled(planned))
    return own.create(work, values) if own.create else make_and_read(work, values)


def make_and_read(work: Work, planned: Object) -> Object:
    """Calls create as the discovery document says and waits for its operation; reads what the answer does not say."""
    own = hooks(work.row.type)
    values = own.located(work, planned) if own.located else planned
    try:
        made = _make(work, values)
    except Incomplete as half:
        raise Incomplete(values | {"id": work.path(values)}, half.cause) from half
    known = values | _server_named(work, made)
    state = known | {"id": work.path(known)}
    try:
        if own.created:
            own.created(work, state)
        found = complete(work, made, state) if "name" in made else read(work, state)
    except (Refused, Unreachable, Stopped, Problem) as error:
        raise Incomplete(state, error) from error
    return found if found is not None else state


def read(work: Work, state: Object) -> Object | None:
    """The state as the API has it now; None when the resource does not exist any more."""
    own = hooks(work.row.type)
    if own.read:
        return own.read(work, state)
    answer = get(work, work.path(state))
    if answer is None or any(answer.get(name) == value for name, value in work.row.gone.items()):
        return None
    return complete(work, answer, state)


def get(work: Work, path: str) -> Object | None:
    """The API's resource of that name; None when there is none."""
    method = work.method("get")
    return gone_as_none(lambda: work.ask(method, {_only(method): path}))


def gone_as_none(call: Callable[[], Object]) -> Object | None:
    """The call's answer; None when the API says that the thing does not exist."""
    try:
        return call()
    except Refused as error:
        if error.code == 404:
            return None
        raise


def complete(work: Work, answer: Object, state: Object) -> Object:
    """The state with everything that the API's answer says, and the provider's own attributes filled in."""
    root = work.row.schema.root
    work.answer = answer
    values = {**state, **fields(work).flatten(answer, state)}
    values |= _provider_values(work, state)
    if "effective_labels" in root.children:
        values |= _labels(answer.get("labels"), state, ("labels", "terraform_labels"), "effective_labels")
    if "effective_annotations" in root.children:
        values |= _labels(answer.get("annotations"), state, ("annotations",), "effective_annotations")
    values["id"] = work.path(values)
    own = hooks(work.row.type)
    return own.decode(work, values, state) if own.decode else values


def update(work: Work, prior: Object, planned: Object) -> Object:
    """Sends what changed; the state afterwards. A type that is not refreshed keeps the plan, with zeros where nothing was set."""
    own = hooks(work.row.type)
    values = _settled(planned)
    changed = differing(work, prior, values)
    if changed - {"deletion_policy"}:
        if own.update:
            values = own.update(work, prior, values)
        else:
            send_changes(work, prior, values, changed)
        if not work.row.refreshed:
            return normal.unread(work.row.schema.root, prior, values)
        if own.update:
            return values
    return read(work, normal.unread(work.row.schema.root, prior, values)) or values


def send_changes(work: Work, prior: Object, values: Object, changed: frozenset[str]) -> None:
    """Patches the fields of the changed attributes, as the row's `update` says; nothing when none has a field."""
    body, mask = _patch(work, prior, values, changed)
    if not mask:
        return
    own = hooks(work.row.type)
    body = own.encode(work, values, body) if own.encode else body
    method = work.method("patch")
    wrapper, _ = _envelope(work, method)
    query = {"updateMask": ",".join(mask)} if "updateMask" in method.params else {}
    if wrapper:
        body = {wrapper: body, "updateMask": ",".join(mask)}
    answer = work.ask(method, {_only(method): work.path(values)}, query=query, body=body)
    work.answer = finished(work, answer, method.response)


def delete(work: Work, state: Object) -> None:
    """Removes the resource, or only forgets it, as its deletion policy says; raises Problem when it is protected."""
    if not may_delete(work, state):
        return
    own = hooks(work.row.type)
    if own.delete:
        own.delete(work, state)
        return
    method = work.method("delete")
    answer = gone_as_none(lambda: work.ask(method, {_only(method): work.path(state)}))
    if answer is not None:
        finished(work, answer, method.response)


def may_delete(work: Work, state: Object) -> bool:
    """Whether a delete is to be sent: not with deletion_policy ABANDON; PREVENT and deletion_protection are Problems."""
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
    return state.get("deletion_policy") != "ABANDON"


def import_(work: Work, name: str) -> Object:
    """The state to read from for an id that the user gave, in one of the row's forms."""
    own = hooks(work.row.type)
    if own.import_:
        return own.import_(work, name)
    return imported(work, named(work, name))


def named(work: Work, name: str) -> Object:
    """The attributes that an import id says, with the provider block's project; raises Problem for an unknown form."""
    forms = (work.row.id, *work.row.imports)
    for form in forms:
        found = paths.parse(form, name)
        if found is not None:
            return {"project": work.settings.project, **found} if "{project}" in work.row.id else dict(found)
    raise Problem(f"{work.row.type}: the import id {name!r} has none of the accepted forms: {', '.join(forms)}.")


def imported(work: Work, values: Object) -> Object:
    """A state with nothing but these values, the id and the defaults of what only the provider knows."""
    state = work.row.schema.null | values
    for name, child in work.row.schema.root.children.items():
        if isinstance(child, Attribute) and child.virtual and child.default is not None and state[name] is None:
            state[name] = child.default
    return state | {"id": work.path(state)}


def fields(work: Work) -> Fields:
    """The translation between the row's attributes and the API's fields."""
    return Fields(work.row.schema.root, work.document.schemas, work.kind)


def differing(work: Work, prior: Object, planned: Object) -> frozenset[str]:
    """The attributes and blocks whose value changes; null and zero are the same."""
    children = work.row.schema.root.children
    return frozenset(
        name
        for name, child in children.items()
        if _comparable(child, prior.get(name)) != _comparable(child, planned.get(name))
    )


@dataclass(frozen=True, slots=True)
class Creation:
    """A call that makes a resource of the name `path`; `body` is the resource, `sent` the request when it holds more than that."""

    path: str
    body: Object
    params: Mapping[str, str]
    query: Mapping[str, Any] = field(default_factory=dict)
    sent: Object | None = None
    verb: str = "create"


def insert(work: Work, creation: Creation) -> Object:
    """Makes the resource; after a lost answer a conflict may be our own creation: it is, when it has every field that was sent.

    Raises Incomplete when the API accepted it and its operation was not waited for to the end.
    """
    method = work.method(creation.verb)
    sent = creation.body if creation.sent is None else creation.sent
    try:
        answer = work.ask(method, creation.params, query=creation.query, body=sent)
    except Refused as error:
        found = get(work, creation.path) if error.code == 409 and work.lost else None
        if found is None or not _contains(found, creation.body):
            raise
        return found
    try:
        return finished(work, answer, method.response)
    except (Stopped, Unreachable, Unfinished) as error:
        raise Incomplete(creation.body, error) from error


def _make(work: Work, values: Object) -> Object:
    own = hooks(work.row.type)
    method = work.method("create")
    body = _without_empty(fields(work).expand(values)) | _label_fields(work, values)
    body = own.encode(work, values, body) if own.encode else body
    path = work.path(values)
    query = {
        name: paths.last(path)
        for name in method.params
        if name.endswith("Id") and method.params[name].location == "query"
    }
    wrapper, id_field = _envelope(work, method)
    sent = {id_field: _own_id(work, values), wrapper: body} if wrapper else None
    return insert(work, Creation(path, body, {_only(method): paths.parent(path)}, query, sent))


def _without_empty(body: Object) -> Object:
    """A new resource says nothing of a top-level block that is empty; only a change does."""
    return {name: value for name, value in body.items() if value != {}}


def _contains(found: Value, sent: Value) -> bool:
    if isinstance(sent, dict):
        return isinstance(found, dict) and all(_contains(found.get(key), value) for key, value in sent.items())
    return bool(found == sent)


def _patch(work: Work, prior: Object, values: Object, changed: frozenset[str]) -> tuple[Object, list[str]]:
    body = fields(work).expand(values, changed) | _label_fields(work, values, changed)
    mask: list[str] = []
    for name in sorted(changed):
        child = work.row.schema.root.children[name]
        if name in _LABEL_FIELDS:
            mask.append(_LABEL_FIELDS[name])
        elif not (child.virtual or child.unsent or child.write_only):
            mask.extend(_masks(work, name, prior, values))
    if work.row.update == "merge":
        _clear(body, mask, prior)
    return body, mask


def _masks(work: Work, name: str, prior: Object, values: Object) -> tuple[str, ...]:
    """The mask paths of a changed attribute; of a block that the row takes apart, those of what changed inside it."""
    masks = work.row.masks
    inside = [path for path in masks if path.startswith(f"{name}.")]
    if not inside:
        return masks.get(name, (api_name(work.row.schema.root.children[name]),))
    changed = [path for path in inside if (at(prior, path) or None) != (at(values, path) or None)]
    return tuple(one for path in changed for one in masks[path])


def _clear(body: Object, mask: list[str], prior: Object) -> None:
    """What a merge must say with an explicit null: fields that are unset now, labels that are gone."""
    for path in mask:
        first = path.split(".")[0]
        body.setdefault(first, None)
    if "labels" in mask:
        gone = (prior.get("effective_labels") or {}).keys() - (body["labels"] or {}).keys()
        body["labels"] = {**(body["labels"] or {}), **dict.fromkeys(gone)}


_LABEL_FIELDS = {"effective_labels": "labels", "effective_annotations": "annotations"}
_ADDED_MAPS = (*_LABEL_FIELDS, "terraform_labels")


def _settled(planned: Object) -> Object:
    found: Object = settled(without_unknown(planned, _ADDED_MAPS))
    return found


def _with_defaults(work: Work, values: Object) -> Object:
    """A new resource's values with the defaults of what the plan left out, as it does where the wanted value counts as none."""
    children = work.row.schema.root.children
    unset = {name: child for name, child in children.items() if values.get(name) is None}
    return values | {name: child.default for name, child in unset.items() if isinstance(child, Attribute)}


def _label_fields(work: Work, values: Object, only: frozenset[str] | None = None) -> Object:
    names = [name for name in _LABEL_FIELDS if name in work.row.schema.root.children and (only is None or name in only)]
    return {_LABEL_FIELDS[name]: values[name] for name in names if values.get(name)}


def _labels(found: Object | None, state: Object, configured: tuple[str, ...], effective: str) -> Object:
    """Of the API's labels, those that a configuration manages; one that was taken away on the server reads as ""."""
    labels = found or {}
    mine = {name: {key: labels.get(key, "") for key in state.get(name) or {}} if found else {} for name in configured}
    return mine | {effective: dict(labels)}


def _provider_values(work: Work, state: Object) -> Object:
    children = work.row.schema.root.children
    found: Object = {}
    if "{project}" in work.row.id and "project" in children:
        found["project"] = work.project(state)
    for name, child in children.items():
        if isinstance(child, Attribute) and child.virtual and child.default is not None and state.get(name) is None:
            found[name] = child.default
    if "deletion_policy" in children and state.get("deletion_policy") is None:
        found["deletion_policy"] = work.settings.deletion_policy or "DELETE"
    return found


def _server_named(work: Work, made: Object) -> Object:
    """Where the server names the resource, the attributes that its name holds."""
    root = work.row.schema.root
    theirs = [
        name for name in paths.names(work.row.id) if name in root.children and not root.children[name].configurable
    ]
    return (paths.parse(work.row.id, made.get("name", "")) or {}) if theirs else {}


def _envelope(work: Work, method: Method) -> tuple[str, str]:
    """The field of the request that holds the resource, and the one for its id; ("", "") where the resource is the request."""
    if method.request in ("", work.kind):
        return "", ""
    properties = work.document.schemas[method.request]["properties"]
    wrapper = next(name for name, wire in properties.items() if wire.get("$ref") == work.kind)
    return wrapper, next((name for name in properties if name.endswith("Id")), "")


def _own_id(work: Work, values: Object) -> Value:
    """The id that the configuration gives: the required attribute that is not a field of the resource."""
    children = work.row.schema.root.children
    return next(values[name] for name, child in children.items() if child.required and child.virtual)


def _only(method: Method) -> str:
    return paths.names(method.path)[0]


def _comparable(child: Child, value: Value) -> Value:
    if isinstance(child, Block):
        items = [
            {name: _comparable(inner, (one or {}).get(name)) for name, inner in child.children.items()}
            for one in value or []
        ]
        return sorted(items, key=repr) if child.nesting == "set" else items
    if empty(value):
        return child.zero
    return sorted(value) if child.collection == "set" else value
