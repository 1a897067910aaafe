"""What a service declares (Service), and what its handlers get (Call). They refer to each other, so they share a module."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

from localcloud.engine.cloud import Cloud
from localcloud.engine.dialect import RESOURCE_ORIENTED, Dialect
from localcloud.engine.events import Event
from localcloud.engine.exchange import Beside, Content, Reply
from localcloud.engine.iam.roles import RoleTable
from localcloud.engine.jobs import Job
from localcloud.engine.metrics import Gauge
from localcloud.engine.usage import Payer, Sku
from localcloud.errors import CloudError
from localcloud.spec import json_text
from localcloud.spec.discovery import Document, Method, document
from localcloud.spec.filters import Test

T = TypeVar("T")
Body = json_text.Body
Asgi = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]
Handler = Callable[["Call"], "Body | Reply"]
Needs = Callable[["Call"], Sequence[tuple[str, str]]]
Permission = str | None | Needs
Connections = Callable[[str], asyncio.Protocol]
"""(host without port) -> what speaks with a client that asked for it."""
Inside = Callable[[str, str, Mapping[str, str], bytes], Reply]
_QUICK = 4 << 20
"""Bytes that are read and summed in some ten milliseconds."""


@dataclass(frozen=True, slots=True)
class SoftDelete:
    """Deleting marks instead of removing: `field` becomes `value`, `expire_field` the moment of purging, undelete restores."""

    field: str = "state"
    value: Any = "DELETED"
    live: Any = "ACTIVE"
    days: int = 30
    expire_field: str = "expireTime"


@dataclass(frozen=True, slots=True)
class Resource:
    """A collection served by the standard verbs.

    Whether a verb answers an operation is read from the document. createTime, updateTime, uid and etag are set when the schema
    has them. Fields are stored as sent; output-only fields in requests are ignored.

    kind       schema name of the resource ("Secret"); also its IAM type and, with Service.proto, its @type
    id_param   query parameter that names a new one ("secretId"); "" = see id_field, else a server-made number
    id_field   body field that names a new one ("accountId"); may be the resource's "name" as id or full name
    slashes    whether an id may hold a slash, which is percent-encoded in the resource's name; see Service.encoded_slashes
    id_rule    regular expression for the id, `id_error` the sentence when it does not match, with {id} and {name}
    complete   (call, body) -> body: server-assigned fields and defaults, on create; may raise CloudError
    created    (call, body): once it is stored, to make what is made along with it (standard.add_child)
    changed    (call, old, new) -> new: the same on patch and update
    present    (cloud, body) -> body: on the way out
    delete     (call, body): refuse (raise) or cascade before a delete
    filtered   (call, filter) -> the test of a body that is shown, where a filter means more than the fields of a body
    immutable  top-level fields that a patch may not change
    taken      text of the 409 for an id in use, `missing` of the 404; {name}, {numbered} (project number instead of id), {id}
    update     what a patch without mask means: "full" replacement or "mask" = merge of the fields sent
    links      in the older dialect: fields that hold references ("type", "disks.source"), kept relative and shown as whole URLs
    inherent   in the older dialect: (call) -> (name, body) of what is in the call's project without having been made
    iam        whether it carries a policy (getIamPolicy, setIamPolicy, testIamPermissions)
    etag       (body) -> its entity tag where the schema has one; default a digest of the body
    """

    kind: str
    id_param: str = ""
    id_field: str = ""
    slashes: bool = False
    id_rule: str = ""
    id_error: str = ""
    complete: Callable[[Call, Body], Body] | None = None
    created: Callable[[Call, Body], None] | None = None
    changed: Callable[[Call, Body, Body], Body] | None = None
    present: Callable[[Cloud, Body], Body] | None = None
    delete: Callable[[Call, Body], None] | None = None
    filtered: Callable[[Call, str], Test] | None = None
    immutable: tuple[str, ...] = ()
    taken: str = "Resource '{name}' already exists."
    missing: str = "Resource '{name}' was not found."
    update: Literal["mask", "full"] = "full"
    iam: bool = False
    soft_delete: SoftDelete | None = None
    etag: Callable[[Body], str] | None = None
    links: tuple[str, ...] = ()
    inherent: Callable[[Call], Iterable[tuple[str, Body]]] | None = None
    page_size: int = 100
    max_page_size: int = 1000


@dataclass(frozen=True, slots=True)
class Alias:
    """A path outside the documents for a method: root paths, older spellings.

    `path` is host-absolute without leading slash, `{name}` one segment, `{name...}` the rest; `method` a method id, documented or
    only in Service.methods; `params` are set as if they had been sent.
    """

    http: str
    path: str
    method: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Worker:
    """Runs a service's jobs of one kind; on a cloud it becomes a jobs.BoundWorker.

    `cut` None: the job's operation ends with the problem, and there is nothing else to clear away.
    """

    run: Callable[[Cloud, Job], Awaitable[None]]
    cut: Callable[[Cloud, Job, CloudError], None] | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """An ASGI application of a service, for requests outside Google's documents.

    name    what the request log and faults call it behind the API's name: "docker" makes "artifactregistry.docker.get" and its like
    hosts   whose requests it gets, "*" standing for one or more letters of a name ("*-docker.pkg.dev")
    prefix  whose requests it gets on the local cloud's own address: the beginning of a path ("v2/"), "" for none; under any host
            where it begins with "*", which stands for the same as in a host
    connections  what takes whole connections to its hosts, for what ASGI is too slow or too narrow for; `app` then gets what
                 comes over a connection that began with another host
    """

    app: Callable[[Cloud], Asgi]
    name: str = "site"
    hosts: tuple[str, ...] = ()
    prefix: str = ""
    connections: Callable[[Cloud], Connections] | None = None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The environment variables that point clients at a service; paths are relative to the API's root.

    terraform  hashicorp/google's name for it in GOOGLE_<name>_CUSTOM_ENDPOINT -> path ({"SECRET_MANAGER": "v1/"}).
               Source: https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference
    gcloud     path for CLOUDSDK_API_ENDPOINT_OVERRIDES_<API>, with its slash at the end; None where gcloud has no such variable
    variables  other variables of clients -> value, in which {base} is the address of the local cloud
    """

    terraform: Mapping[str, str] = field(default_factory=dict)
    gcloud: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """One API of the local cloud.

    api, versions   the discovery documents that route and check it; two Service values may share an api with other versions
    title           as Google names it in SERVICE_DISABLED
    dialect         RESOURCE_ORIENTED or OLDER: errors, strictness, names and standard verbs
    resources       collection as in method ids ("projects.secrets") -> Resource, served by the standard verbs
    methods         method id -> own function, which wins over the standard verb
    permissions     method id -> permission, None (any authenticated principal; the handler decides), or a function
                    (call) -> [(permission, resource)]; without entry: "<api>.<collection>.<verb>" on the URL's resource
    anonymous       method ids that may be called without any token and without permission check
    tables          DDL of own tables ("CREATE TABLE IF NOT EXISTS …;")
    proto           protobuf package for @type of operations ("google.devtools.artifactregistry.v1"); if it is that of the first of
                    the versions, the others have their own
    operation_metadata  message name of operation metadata in that package, "" for none; or (call) -> the metadata with its "@type"
    operation_parent    (call) -> prefix of operation names; default the location in the path, else global "operations/…"
    project         (call) -> project id, when the path does not say it
    numbered        conditions see the project's number in names of resources, not its id
    agent           e-mail address of the account by which it acts in a project, with {number} for the project's number
    agent_role      the role that this account has in its own project from the start
    other_agents    further accounts of the kind -> the role that each has in its own project
    roles           its predefined roles (iam.roles.beside(__file__) for a roles.json beside it)
    endpoints       see Endpoints
    always_enabled  not subject to API enablement
    refusal         (call, permission, resource) -> text of a 403, or the whole of it; default Google's usual sentence
    enum_numbers    "Schema.field" -> {number: name}, where numbers are not the order in the document
    lenient         unknown query parameters are handed on as text and unknown body fields ignored, instead of refused
    undocumented    query parameters that Google takes although its document lacks them
    aliases         see Alias
    workers         kind of job -> what carries it out (lro.started orders one)
    audited         how the audit log names methods, where not by their ids: method id or collection ("" = all others) -> name,
                    in which * is the verb and {id} the id ("google.pubsub.v1.Publisher.*Topic")
    data_access     beginnings of the ids of methods that change data rather than resources ("storage.objects."): no admin activity
    subscriptions   kind of event -> (cloud, event): what is to happen when another service emits it
    log_listener    (cloud, container, entry): called for every log entry
    log_keeper      (cloud, container, entry) -> whether a log entry is kept
    gauges          (cloud, project) -> momentary values, for metrics that are not counts; asked once a minute while a policy watches
    offers          (cloud) -> the interfaces (engine/interfaces.py) that other services may ask of this one
    skus            what its use is counted as; `metered` method id -> the SKU of one call, for the project of the call or for the
                    thing that the parameter `payer_param` names; `payer` (cloud, thing) -> who pays, None when it is gone
    streams         method id -> (call) -> what refuses it, or None: methods whose body may be of any size; asked before a large body is
                    read, which `call` has not got yet. It may raise CloudError
    encoded         method id -> (query parameters) -> whether a body's Content-Encoding belongs to what is sent, as an object's may; gzip
                    is unpacked otherwise
    due             kind of entry in the due queue -> (cloud, name, moment): what happens when its time has come
    sites           see Site
    controls        name -> (cloud, body) -> body: what local tools may ask for beside Google's API, by POST /_local/NAME
    encoded_slashes names in paths may hold a percent-encoded slash: "decoded" for the handlers, or "kept" in the resource's name
    places          kind of place in its paths beside "locations" ("zones") -> whether there is one of a name
    """

    api: str
    versions: tuple[str, ...] = ("v1",)
    title: str = ""
    dialect: Dialect = RESOURCE_ORIENTED
    resources: Mapping[str, Resource] = field(default_factory=dict)
    methods: Mapping[str, Handler] = field(default_factory=dict)
    permissions: Mapping[str, Permission] = field(default_factory=dict)
    anonymous: frozenset[str] = frozenset()
    tables: str = ""
    proto: str = ""
    operation_metadata: str | Callable[[Call], Body] = "OperationMetadata"
    operation_parent: Callable[[Call], str] | None = None
    project: Callable[[Call], str | None] | None = None
    numbered: bool = False
    agent: str = ""
    agent_role: str = ""
    other_agents: Mapping[str, str] = field(default_factory=dict)
    roles: RoleTable | None = None
    endpoints: Endpoints = field(default_factory=Endpoints)
    always_enabled: bool = False
    refusal: Callable[[Call, str, str], str | CloudError] | None = None
    enum_numbers: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    lenient: bool = False
    undocumented: frozenset[str] = frozenset()
    aliases: tuple[Alias, ...] = ()
    workers: Mapping[str, Worker] = field(default_factory=dict)
    streams: Mapping[str, Callable[[Call], Reply | None]] = field(default_factory=dict)
    encoded: Mapping[str, Callable[[Mapping[str, str]], bool]] = field(default_factory=dict)
    due: Mapping[str, Callable[[Cloud, str, float], None]] = field(default_factory=dict)
    audited: Mapping[str, str] = field(default_factory=dict)
    data_access: tuple[str, ...] = ()
    subscriptions: Mapping[str, Callable[[Cloud, Event], None]] = field(default_factory=dict)
    log_listener: Callable[[Cloud, str, Body], None] | None = None
    log_keeper: Callable[[Cloud, str, Body], bool] | None = None
    gauges: Callable[[Cloud, str], Iterable[Gauge]] | None = None
    offers: Callable[[Cloud], Sequence[object]] | None = None
    skus: tuple[Sku, ...] = ()
    metered: Mapping[str, str] = field(default_factory=dict)
    payer_param: str = ""
    payer: Callable[[Cloud, str], Payer | None] | None = None
    sites: tuple[Site, ...] = ()
    controls: Mapping[str, Callable[[Cloud, Body], Body]] = field(default_factory=dict)
    encoded_slashes: Literal["", "decoded", "kept"] = ""
    places: Mapping[str, Callable[[str], bool]] = field(default_factory=dict)


class Call(NamedTuple):
    """One request, routed, authenticated, authorised and checked against its schema.

    `params`: path and query parameters under their documented camelCase names, decoded and typed (integers and int64
    as int, booleans as bool, repeated as list); absent ones are absent, documented defaults are not filled in. Project numbers in
    path parameters are already project ids. `path`: the resource part of the URL without version and custom verb
    ("projects/p/secrets/s"). `principal`: "user:alice@example.com", "" when anonymous. `headers`: lower-case names.
    `region`: that of the host that was called, "" for a global one.
    `known`: what was worked out beside the loop for this request, None where nothing can be.
    `inside(verb, target, headers, body)` runs another request within this one (for batches).
    """

    service: Service
    method: Method
    path: str
    params: Mapping[str, Any]
    body: dict[str, Any]
    principal: str
    cloud: Cloud
    base: str
    inside: Inside
    headers: Mapping[str, str]
    content: Content | None = None
    http_path: str = ""
    region: str = ""
    known: dict[str, Any] | None = None

    def beside(self, name: str, size: int, work: Callable[[], T]) -> T:
        """The result of a piece of read-only work; above so many bytes it may be run in a thread, and the request repeated.

        The request begins again then. Two works of a request have different names, and so have the same ones over different data.
        """
        if self.known is None or size <= _QUICK:
            return work()
        if name not in self.known:
            raise Beside(name, work)
        result: T = self.known[name]
        return result

    @property
    def name(self) -> str:
        """The resource that the URL names: "projects/p/secrets/s" ("projects/p" for a method on …/secrets)."""
        return self.service.dialect.name(self.method, self.path)

    @property
    def parent(self) -> str:
        """What the URL's resource or collection lies in: "projects/p" for projects/p/secrets and for projects/p/secrets/s."""
        return self.service.dialect.parent(self.method, self.path)

    @property
    def collection(self) -> str:
        """The collection's last word: "secrets"."""
        return self.path[len(self.parent) :].lstrip("/").partition("/")[0]

    @property
    def id(self) -> str:
        """The last segment of the URL's resource: "s"."""
        return self.name.rpartition("/")[2]

    @property
    def project(self) -> str | None:
        """The id of the project that this call is about, None when it is about none."""
        if self.service.project is not None:
            return self.service.project(self)
        words = self.path.split("/")
        return words[1] if words[0] == "projects" and len(words) > 1 and words[1] not in {"-", "_"} else None

    @property
    def document(self) -> Document:
        """The discovery document that this call was routed by."""
        return document(self.method.api, self.method.version)

    def schema(self, name: str) -> Mapping[str, Any]:
        """A schema of this API's document; empty when the document has none of that name."""
        described: Mapping[str, Any] = self.document.schemas.get(name, {})
        return described

    @property
    def upload(self) -> bool:
        """Whether the request came by a media upload path (/upload/…, /resumable/upload/…)."""
        return "upload/" in self.http_path[:18]
