import json

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from tapelint.report import json as whole
from tapelint.report import json_lines
from tapelint.run.outcome import Outcome
from tests.report import specimens
from tests.report.programs import outcome
from tests.report.test_json import SCHEMA


def test_each_line_is_a_finding_of_the_json_report() -> None:
    run = specimens.everything()
    lines = json_lines.render(run).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(whole.render(run))["findings"]
    finding = {"$ref": "#/$defs/finding", "$defs": SCHEMA["$defs"]}
    for line in lines:
        jsonschema.Draft202012Validator(finding).validate(json.loads(line))


@settings(deadline=None)
@given(st.text())
def test_no_text_ends_the_line(text: str) -> None:
    (line,) = json_lines.render(outcome("«x»", message=text)).splitlines()
    assert json.loads(line)["message"] == text


def test_nothing_found_is_nothing() -> None:
    assert json_lines.render(Outcome(files=3)) == ""
