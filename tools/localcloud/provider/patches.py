"""Updates a resource: finds the differences and sends them as its row says, by patch, replacement, setters or switches."""

from __future__ import annotations

from localcloud.provider import requests
from localcloud.provider.fields import api_name
from localcloud.provider.hooks import hooks
from localcloud.provider.operations import finished
from localcloud.provider.schema import Block, Child
from localcloud.provider.values import Object, Value, at, empty
from localcloud.provider.work import Work


def differing(work: Work, prior: Object, planned: Object) -> frozenset[str]:
    """The attributes and blocks whose values differ; null equals zero."""
    children = work.row.schema.root.children
    return frozenset(
        name
        for name, child in children.items()
        if _comparable(child, prior.get(name)) != _comparable(child, planned.get(name))
    )


def send_changes(work: Work, prior: Object, values: Object, changed: frozenset[str]) -> None:
    """Sends the changed attributes: most in one patch, those with a setter or a switch by their own methods."""
    own_methods = changed & (work.row.setters.keys() | work.row.switches.keys())
    _patch(work, prior, values, changed - own_methods)
    for name in sorted(own_methods):
        if name in work.row.switches:
            switch(work, values, name)
        else:
            set_by_method(work, prior, values, name)


def after_creation(work: Work, state: Object) -> bool:
    """Sends what a create request cannot include (blocks with a setter, enabled switches); returns whether there was any."""
    root = work.row.schema.root.children
    late = [name for name in work.row.setters if root[name].unsent and not empty(state.get(name))]
    for name in late:
        set_by_method(work, state, state, name)
    on = [name for name in work.row.switches if state.get(name)]
    for name in on:
        switch(work, state, name)
    return bool(late or on)


def set_by_method(work: Work, prior: Object, values: Object, name: str) -> None:
    """Calls an attribute's setter with the fields that it takes; a fingerprint is the last one read."""
    setter = work.row.setters[name]
    translation = requests.fields(work)
    body = {
        field: translation.value(one, values if values.get(one) is not None else prior) for field, one in setter.sends
    }
    method = work.method(setter.verb)
    finished(work, work.ask(method, requests.params(work, method, values), body=body), method.response)


def switch(work: Work, values: Object, name: str) -> None:
    """Calls the method that turns an attribute on or off."""
    on, off = work.row.switches[name]
    method = work.method(on if values.get(name) else off)
    finished(work, work.ask(method, requests.params(work, method, values), body={}), method.response)


def _patch(work: Work, prior: Object, values: Object, changed: frozenset[str]) -> None:
    """Patches the changed attributes' fields in the way of the row's `update`; sends nothing if none has a field, unless all are sent."""
    body, mask = _body(work, prior, values, changed)
    if not mask and work.row.update != "whole":
        return
    own = hooks(work.row.type)
    body = own.encode(work, values, body) if own.encode else body
    if work.row.fingerprinted:
        body["fingerprint"] = (requests.get(work, values) or {}).get("fingerprint")
    method = work.verb("patch")
    wrapper, _ = requests.envelope(work, method)
    query = requests.query(work, method, values)
    if "updateMask" in method.params and work.row.update == "mask":
        query["updateMask"] = ",".join(mask)
    if wrapper:
        masked = "updateMask" in work.document.schemas[method.request]["properties"]
        body = {wrapper: body} | ({"updateMask": ",".join(mask)} if masked else {})
    answer = work.ask(method, requests.params(work, method, values), query=query, body=body)
    work.answer = finished(work, answer, method.response)


def _body(work: Work, prior: Object, values: Object, changed: frozenset[str]) -> tuple[Object, list[str]]:
    mask: list[str] = []
    for name in sorted(changed):
        child = work.row.schema.root.children[name]
        if name in requests.LABEL_FIELDS:
            mask.append(requests.LABEL_FIELDS[name])
        elif not (child.virtual or child.unsent or child.write_only):
            mask.extend(_masks(work, name, prior, values))
    sent = None if work.row.update == "whole" else changed
    body = requests.fields(work).expand(values, sent) | requests.label_fields(work, values, sent)
    if work.row.update == "merge":
        _clear(body, mask, prior)
    return body, mask


def _masks(work: Work, name: str, prior: Object, values: Object) -> tuple[str, ...]:
    """A changed attribute's mask paths; for a block that the row masks by parts, those of the changed parts."""
    masks = work.row.masks
    inside = [path for path in masks if path.startswith(f"{name}.")]
    if not inside:
        return masks.get(name, (api_name(work.row.schema.root.children[name]),))
    changed = [path for path in inside if (at(prior, path) or None) != (at(values, path) or None)]
    return tuple(one for path in changed for one in masks[path])


def _clear(body: Object, mask: list[str], prior: Object) -> None:
    """Adds the explicit nulls that a merge needs: for unset fields and for removed labels."""
    for path in mask:
        first = path.split(".")[0]
        body.setdefault(first, None)
    if "labels" in mask:
        removed = (prior.get("effective_labels") or {}).keys() - (body["labels"] or {}).keys()
        body["labels"] = {**(body["labels"] or {}), **dict.fromkeys(removed)}


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
