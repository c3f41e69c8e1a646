"""The protocol between Argo CD's repo-server and a plugin's server, as messages and methods.

cmpserver/plugin/plugin.proto of github.com/argoproj/argo-cd, and ``ParameterAnnouncement`` of
reposerver/repository/repository.proto. On the wire a map is a list of entries, and a oneof is a choice of fields.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "plugin"
#: Fields are numbered from 1 unless one says its number; a star marks those that repeat.
_MESSAGES = {
    "Empty": "",
    "File": "bytes chunk",
    "EnvEntry": "string name, string value",
    "ManifestRequestMetadata": "string appName, string appRelPath, string checksum, int64 size, EnvEntry* env",
    "AppStreamRequest": "ManifestRequestMetadata metadata, File file",
    "ManifestResponse": "string* manifests, string sourceType",
    "RepositoryResponse": "bool isSupported, bool isDiscoveryEnabled",
    "MapEntry": "string key, string value",
    "ParameterAnnouncement": (
        "string name, string title, string tooltip, bool required, string itemType, string collectionType,"
        " string string, string* array, MapEntry* map"
    ),
    "ParametersAnnouncementResponse": "ParameterAnnouncement* parameterAnnouncements",
    "CheckPluginConfigurationResponse": "bool isDiscoveryConfigured, bool provideGitCreds",
    # grpc.health.v1, whose status is an enum: 1 is SERVING
    "HealthCheckRequest": "string service",
    "HealthCheckResponse": "int64 status",
}
_SCALARS = {
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
}
_FIELD = re.compile(r"(?P<type>\w+)(?P<star>\*?) (?P<name>\w+)")


def _described() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="plugin.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, found in enumerate(_FIELD.finditer(fields), 1):
            field = message.field.add(name=found["name"], number=number)
            field.label = field.LABEL_REPEATED if found["star"] else field.LABEL_OPTIONAL
            if found["type"] in _SCALARS:
                field.type = _SCALARS[found["type"]]
            else:
                field.type, field.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{found['type']}"
    return file


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_described())


def message(name: str) -> Any:
    """The class of a message."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


class Method(NamedTuple):
    """A method: its full name, what goes in and out, and whether a stream goes in."""

    path: str
    request: str
    response: str
    streams: bool


_SERVICE = "/plugin.ConfigManagementPluginService"
METHODS = {
    "GenerateManifest": Method(f"{_SERVICE}/GenerateManifest", "AppStreamRequest", "ManifestResponse", True),
    "MatchRepository": Method(f"{_SERVICE}/MatchRepository", "AppStreamRequest", "RepositoryResponse", True),
    "GetParametersAnnouncement": Method(
        f"{_SERVICE}/GetParametersAnnouncement", "AppStreamRequest", "ParametersAnnouncementResponse", True
    ),
    "CheckPluginConfiguration": Method(
        f"{_SERVICE}/CheckPluginConfiguration", "Empty", "CheckPluginConfigurationResponse", False
    ),
    "Health": Method("/grpc.health.v1.Health/Check", "HealthCheckRequest", "HealthCheckResponse", False),
}
#: ``MaxGRPCMessageSize`` of cmpserver/apiclient/clientset.go: 100 MB.
LIMIT = 100 * 1024 * 1024
#: Errors come as metadata, of which Go's client takes 16 MB, and this one 8 KB unless told otherwise.
_METADATA = 1024 * 1024
OPTIONS = [
    ("grpc.max_receive_message_length", LIMIT),
    ("grpc.max_send_message_length", LIMIT),
    ("grpc.max_metadata_size", _METADATA),
    ("grpc.absolute_max_metadata_size", _METADATA),
]


def call(socket: Path, name: str, given: Any, deadline: float) -> Any:
    """Call a method with a message, or with an iterator of them; grpc.RpcError where the server says no."""
    method = METHODS[name]
    with grpc.insecure_channel(f"unix:{socket}", options=OPTIONS) as channel:
        make = channel.stream_unary if method.streams else channel.unary_unary
        answer = make(
            method.path,
            request_serializer=message(method.request).SerializeToString,
            response_deserializer=message(method.response).FromString,
        )
        return answer(given, timeout=deadline)


def stream(metadata: Any, archive: bytes, chunk: int = 1024) -> Iterator[Any]:
    """What the repo-server sends: the metadata, then the archive in pieces. ``SendRepoStream`` of util/cmp/stream.go.

    ``chunk`` is its variable ARGOCD_CMP_CHUNK_SIZE, in bytes.
    """
    request, file = message("AppStreamRequest"), message("File")
    yield request(metadata=metadata)
    for start in range(0, len(archive), chunk):
        yield request(file=file(chunk=archive[start : start + chunk]))
