"""The messages of Terraform's plugin protocol 6 that this provider uses, built at runtime from one table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "tfplugin6"

# Message -> fields as "name:type=number"; a type with "*" is repeated, "map:" is a map from string, "|" names a oneof.
# Enums are int32, as on the wire. Only fields that are read or written are listed; protobuf skips the others.
TABLE: Mapping[str, str] = {
    "DynamicValue": "msgpack:bytes=1 json:bytes=2",
    "Diagnostic": "severity:int32=1 summary:string=2 detail:string=3 attribute:AttributePath=4",
    "AttributePath": "steps:*AttributePath.Step=1",
    "AttributePath.Step": "attribute_name:string=1|selector element_key_string:string=2|selector element_key_int:int64=3|selector",
    "RawState": "json:bytes=1 flatmap:map:string=2",
    "Schema": "version:int64=1 block:Schema.Block=2",
    "Schema.Block": "version:int64=1 attributes:*Schema.Attribute=2 block_types:*Schema.NestedBlock=3",
    "Schema.Attribute": (
        "name:string=1 type:bytes=2 description:string=3 required:bool=4 optional:bool=5 computed:bool=6 sensitive:bool=7 write_only:bool=11"
    ),
    "Schema.NestedBlock": "type_name:string=1 block:Schema.Block=2 nesting:int32=3 min_items:int64=4 max_items:int64=5",
    "ServerCapabilities": "plan_destroy:bool=1 get_provider_schema_optional:bool=2 move_resource_state:bool=3",
    "ClientCapabilities": "deferral_allowed:bool=1 write_only_attributes_allowed:bool=2",
    "Function": "parameters:*Function.Parameter=1 return:Function.Return=3 summary:string=4",
    "Function.Parameter": "name:string=1 type:bytes=2",
    "Function.Return": "type:bytes=1",
    "FunctionError": "text:string=1 function_argument:int64=2|argument",
    "ResourceIdentitySchema": "version:int64=1 identity_attributes:*ResourceIdentitySchema.IdentityAttribute=2",
    "ResourceIdentitySchema.IdentityAttribute": "name:string=1 type:bytes=2 required_for_import:bool=3 optional_for_import:bool=4",
    "ResourceIdentityData": "identity_data:DynamicValue=1",
    "GetProviderSchema.Request": "",
    "GetProviderSchema.Response": (
        "provider:Schema=1 resource_schemas:map:Schema=2 data_source_schemas:map:Schema=3 diagnostics:*Diagnostic=4 "
        "server_capabilities:ServerCapabilities=6 functions:map:Function=7 ephemeral_resource_schemas:map:Schema=8"
    ),
    "GetResourceIdentitySchemas.Request": "",
    "GetResourceIdentitySchemas.Response": "identity_schemas:map:ResourceIdentitySchema=1 diagnostics:*Diagnostic=2",
    "GetFunctions.Request": "",
    "GetFunctions.Response": "functions:map:Function=1 diagnostics:*Diagnostic=2",
    "CallFunction.Request": "name:string=1 arguments:*DynamicValue=2",
    "CallFunction.Response": "result:DynamicValue=1 error:FunctionError=2",
    "ValidateProviderConfig.Request": "config:DynamicValue=1",
    "ValidateProviderConfig.Response": "diagnostics:*Diagnostic=2",
    "ValidateResourceConfig.Request": "type_name:string=1 config:DynamicValue=2 client_capabilities:ClientCapabilities=3",
    "ValidateResourceConfig.Response": "diagnostics:*Diagnostic=1",
    "ValidateDataResourceConfig.Request": "type_name:string=1 config:DynamicValue=2",
    "ValidateDataResourceConfig.Response": "diagnostics:*Diagnostic=1",
    "ValidateEphemeralResourceConfig.Request": "type_name:string=1 config:DynamicValue=2",
    "ValidateEphemeralResourceConfig.Response": "diagnostics:*Diagnostic=1",
    "UpgradeResourceState.Request": "type_name:string=1 version:int64=2 raw_state:RawState=3",
    "UpgradeResourceState.Response": "upgraded_state:DynamicValue=1 diagnostics:*Diagnostic=2",
    "ConfigureProvider.Request": "terraform_version:string=1 config:DynamicValue=2",
    "ConfigureProvider.Response": "diagnostics:*Diagnostic=1",
    "ReadResource.Request": "type_name:string=1 current_state:DynamicValue=2 private:bytes=3",
    "ReadResource.Response": (
        "new_state:DynamicValue=1 diagnostics:*Diagnostic=2 private:bytes=3 new_identity:ResourceIdentityData=5"
    ),
    "PlanResourceChange.Request": (
        "type_name:string=1 prior_state:DynamicValue=2 proposed_new_state:DynamicValue=3 config:DynamicValue=4 prior_private:bytes=5"
    ),
    "PlanResourceChange.Response": (
        "planned_state:DynamicValue=1 requires_replace:*AttributePath=2 planned_private:bytes=3 diagnostics:*Diagnostic=4 "
        "legacy_type_system:bool=5 planned_identity:ResourceIdentityData=7"
    ),
    "ApplyResourceChange.Request": (
        "type_name:string=1 prior_state:DynamicValue=2 planned_state:DynamicValue=3 config:DynamicValue=4 planned_private:bytes=5"
    ),
    "ApplyResourceChange.Response": (
        "new_state:DynamicValue=1 private:bytes=2 diagnostics:*Diagnostic=3 legacy_type_system:bool=4 "
        "new_identity:ResourceIdentityData=5"
    ),
    "ImportResourceState.Request": "type_name:string=1 id:string=2 identity:ResourceIdentityData=4",
    "ImportResourceState.ImportedResource": "type_name:string=1 state:DynamicValue=2 private:bytes=3 identity:ResourceIdentityData=4",
    "ImportResourceState.Response": "imported_resources:*ImportResourceState.ImportedResource=1 diagnostics:*Diagnostic=2",
    "ReadDataSource.Request": "type_name:string=1 config:DynamicValue=2",
    "ReadDataSource.Response": "state:DynamicValue=1 diagnostics:*Diagnostic=2",
    "OpenEphemeralResource.Request": "type_name:string=1 config:DynamicValue=2",
    "OpenEphemeralResource.Response": "diagnostics:*Diagnostic=1 result:DynamicValue=3",
    "RenewEphemeralResource.Request": "type_name:string=1 private:bytes=2",
    "RenewEphemeralResource.Response": "diagnostics:*Diagnostic=1",
    "CloseEphemeralResource.Request": "type_name:string=1 private:bytes=2",
    "CloseEphemeralResource.Response": "diagnostics:*Diagnostic=1",
    "StopProvider.Request": "",
    "StopProvider.Response": "Error:string=1",
}

_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
    "bool": _FIELD.TYPE_BOOL,
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
}


@lru_cache(maxsize=1)
def classes() -> Mapping[str, Any]:
    """The protobuf class of every message in the table, by its name without the package."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in TABLE}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="localcloud/terraform.proto", package=PACKAGE, syntax="proto3")
    descriptors: dict[str, descriptor_pb2.DescriptorProto] = {}
    for name in sorted(TABLE, key=lambda one: one.count(".")):
        _fill(_descriptor(file, descriptors, name), name, TABLE[name])
    return file


def _descriptor(
    file: descriptor_pb2.FileDescriptorProto, descriptors: dict[str, descriptor_pb2.DescriptorProto], name: str
) -> descriptor_pb2.DescriptorProto:
    if name not in descriptors:
        outer, _, own = name.rpartition(".")
        descriptors[name] = (
            _descriptor(file, descriptors, outer).nested_type.add(name=own)
            if outer
            else file.message_type.add(name=own)
        )
    return descriptors[name]


def _fill(message: descriptor_pb2.DescriptorProto, name: str, fields: str) -> None:
    for field in fields.split():
        label, _, rest = field.partition(":")
        kind, _, place = rest.rpartition("=")
        number, _, group = place.partition("|")
        descriptor = message.field.add(name=label, number=int(number), label=_FIELD.LABEL_OPTIONAL)
        if kind.startswith("map:"):
            descriptor.label = _FIELD.LABEL_REPEATED
            kind = _map_entry(message, name, label, kind.removeprefix("map:"))
        elif kind.startswith("*"):
            descriptor.label = _FIELD.LABEL_REPEATED
            kind = kind.removeprefix("*")
        _type(descriptor, kind)
        if group:
            descriptor.oneof_index = _oneof(message, group)


def _type(field: descriptor_pb2.FieldDescriptorProto, kind: str) -> None:
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _FIELD.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{kind}"


def _map_entry(message: descriptor_pb2.DescriptorProto, owner: str, label: str, kind: str) -> str:
    entry = message.nested_type.add(name="".join(word.capitalize() for word in label.split("_")) + "Entry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=_FIELD.LABEL_OPTIONAL, type=_FIELD.TYPE_STRING)
    _type(entry.field.add(name="value", number=2, label=_FIELD.LABEL_OPTIONAL), kind)
    return f"{owner}.{entry.name}"


def _oneof(message: descriptor_pb2.DescriptorProto, group: str) -> int:
    names = [one.name for one in message.oneof_decl]
    if group not in names:
        message.oneof_decl.add(name=group)
        return len(names)
    return names.index(group)
