"""The messages of reviewdog's diagnostic format, as its `reviewdog.proto` (MIT) numbers and names their fields.

reviewdog reads its JSON with protobuf's own parser, which refuses what it does not know. So do the tests.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

_MESSAGES = {
    "DiagnosticResult": ["*diagnostics:Diagnostic", "source:Source", "severity:Severity"],
    "Diagnostic": [
        *("message:string", "location:Location", "severity:Severity", "source:Source", "code:Code"),
        *("*suggestions:Suggestion", "original_output:string"),
    ],
    "Location": ["", "path:string", "range:Range"],
    "Range": ["start:Position", "end:Position"],
    "Position": ["line:int32", "column:int32"],
    "Suggestion": ["range:Range", "text:string"],
    "Source": ["name:string", "url:string"],
    "Code": ["value:string", "url:string"],
}
_SEVERITIES = ("UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO")
_PACKAGE = "reviewdog.rdf"
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {"string": _Field.TYPE_STRING, "int32": _Field.TYPE_INT32}


def read(text: str) -> Any:
    """The DiagnosticResult in a JSON text. Raises ParseError for one that reviewdog could not read."""
    return json_format.Parse(text, _result_class()())


def _result_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="reviewdog.proto", package=_PACKAGE, syntax="proto3")
    levels = file.enum_type.add(name="Severity")
    for number, name in enumerate(_SEVERITIES):
        levels.value.add(name=name, number=number)
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, field in enumerate(fields, start=1):
            if field:
                _add(message, number, field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.DiagnosticResult"))


def _add(message: Any, number: int, field: str) -> None:
    name, kind = field.removeprefix("*").split(":")
    label = _Field.LABEL_REPEATED if field.startswith("*") else _Field.LABEL_OPTIONAL
    if kind in _SCALARS:
        message.field.add(name=name, number=number, label=label, type=_SCALARS[kind])
    else:
        of = _Field.TYPE_ENUM if kind == "Severity" else _Field.TYPE_MESSAGE
        message.field.add(name=name, number=number, label=label, type=of, type_name=f".{_PACKAGE}.{kind}")
