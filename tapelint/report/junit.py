"""JUnit's XML, for whatever shows test results: a suite for each file, a failed test for each finding."""

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from tapelint.catalog import named
from tapelint.finding import Finding
from tapelint.report.address import coordinates, shown
from tapelint.report.ink import defuse
from tapelint.report.prose import paragraphs
from tapelint.report.summary import count
from tapelint.report.testimony import is_refuted, told
from tapelint.run.outcome import Outcome

_NO_CHARACTERS = re.compile("[\ufffe\uffff]")
_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def render(outcome: Outcome) -> str:
    groups = itertools.groupby(outcome.findings, key=lambda finding: finding.place.path)
    suites = [_suite(shown(path), map(_case, group)) for path, group in groups]
    if troubles := list(_troubles(outcome)):
        suites.append(_suite("files that were not linted", troubles))
    if not suites:
        # A report without any test is taken for a report of tests that did not run.
        clean = Element("testcase", name=f"no findings in {count(outcome.files, 'file')}", classname="tapelint")
        suites.append(_suite("tapelint", [clean]))
    whole = Element("testsuites", {"name": "tapelint", **_totals(suites)})
    whole.extend(suites)
    ET.indent(whole)
    # Not ElementTree's own declaration, which names the encoding of the machine.
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(whole, encoding="unicode")}\n'


def _suite(name: str, cases: Iterable[Element]) -> Element:
    found = list(cases)
    counted = {key: str(sum(case.find(tag) is not None for case in found)) for tag, key in _COUNTED.items()}
    suite = Element("testsuite", {"name": _text(name), "tests": str(len(found)), **counted})
    suite.extend(found)
    return suite


def _totals(suites: Iterable[Element]) -> dict[str, str]:
    listed = list(suites)
    return {key: str(sum(int(suite.attrib[key]) for suite in listed)) for key in ("tests", "failures", "errors")}


def _case(finding: Finding) -> Element:
    """The finding as a test that failed, or was skipped if running has shown that there is nothing wrong."""
    where = coordinates(finding.place).removeprefix(":")
    name = f"{named(finding.rule).code} {finding.rule} at {where}"
    case = Element("testcase", name=_text(name), classname=_class(finding.place.path))
    if is_refuted(finding) and finding.verdict:
        result = SubElement(case, "skipped", message=_text(told(finding.verdict)))
    else:
        result = SubElement(case, "failure", type=finding.severity, message=_text(finding.message))
    result.text = "\n".join([_text(f"{shown(finding.place.path)}:{where}"), *map(_text, paragraphs(finding))])
    return case


def _troubles(outcome: Outcome) -> Iterator[Element]:
    for path, reason in outcome.skipped.items():
        yield _trouble(path, "skipped", reason)
    for path, reason in outcome.failures.items():
        yield _trouble(path, "error", reason)
    for crash in outcome.crashes:
        yield _trouble(crash.path, "error", f"{crash.culprit} crashed on this file, please report it: {crash.error}")


def _trouble(path: Path, tag: str, reason: str) -> Element:
    case = Element("testcase", name=_text(shown(path)), classname="tapelint")
    SubElement(case, tag, message=_text(reason))
    return case


def _class(path: Path) -> str:
    """The file as if it were a class in a package: readers sort by these, and cut them at their dots."""
    *folders, name = [part.replace(".", "_") for part in Path(shown(path).removesuffix(".py")).parts]
    return _text(".".join([*(folder for folder in folders if folder != "/"), name]))


def _text(text: str) -> str:
    """The text without what XML does not let in."""
    return _NO_CHARACTERS.sub("\ufffd", defuse(text))
