"""The checks: for each rule that reading can decide, one query over the Program."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Iterable

from tapelint.catalog import Rule, rules
from tapelint.checks import plugged, surgery
from tapelint.checks.registry import CHECKS, OF_ABSENCE, OF_GRAPHS_OF_OLD
from tapelint.checks.report import Report
from tapelint.finding import Finding, Fix, Place, TrailStep
from tapelint.plugins import BrokenCheck
from tapelint.program.program import Program
from tapelint.program.project import Module
from tapelint.program.values import Site
from tapelint.source.span import Span
from tapelint.syntax.positions import spans

__all__ = ["CHECKS", "examine"]

# Importing a family files its checks.
for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")


def examine(programs: Iterable[Program], wanted: Collection[str]) -> list[Finding]:
    """What the checks of the `wanted` rules find in the programs, and in the files that they import."""
    plugged.load()
    findings: dict[tuple[str, Place], Finding] = {}
    for program in programs:
        for finding in _examine(program, wanted):
            # A place that several modules run is one finding.
            findings.setdefault((finding.rule, finding.place), finding)
        # A program is large: it has to go before the next one is made.
        del program
    return list(findings.values())


def _examine(program: Program, wanted: Collection[str]) -> list[Finding]:
    reports: dict[tuple[str, Module, int], tuple[Rule, Report]] = {}
    telling = set(wanted) - OF_ABSENCE if program.fragmentary else set(wanted)
    if program.graph_of_old is not None:
        telling &= OF_GRAPHS_OF_OLD
    for name in CHECKS.keys() & telling:
        for report in _reported(program, rules()[name]):
            reports.setdefault((name, report.site.module, report.site.node), (rules()[name], report))
    return _place(program, list(reports.values()))


def _reported(program: Program, rule: Rule) -> list[Report]:
    if rule.plugin is None:
        return list(CHECKS[rule.name](program))
    try:
        found = list(CHECKS[rule.name](program))
        if not all(isinstance(each, Report) for each in found):
            raise TypeError("a check must yield Reports")
    except Exception as error:
        told = f"the check of {rule.code} {rule.name}: {type(error).__name__}: {error}"
        raise BrokenCheck(told, rule.plugin) from error
    return found


def _place(program: Program, reports: list[tuple[Rule, Report]]) -> list[Finding]:
    wanted: dict[Module, set[int]] = {}
    for _, report in reports:
        for site in (report.site, *(site for site, _ in report.trail)):
            wanted.setdefault(site.module, set()).add(site.node)
    places: dict[tuple[Module, int], Span] = {
        (module, node): span for module, nodes in wanted.items() for node, span in spans(module.document, nodes).items()
    }

    def place(site: Site) -> Place:
        return Place.of(site.module.document, places[site.module, site.node])

    def fix(report: Report) -> Fix | None:
        module = report.site.module
        return surgery.fix(report.fix, place(report.site), module, program.nodes(module)) if report.fix else None

    return [
        Finding(
            rule=rule.name,
            place=place(report.site),
            message=report.message,
            severity=report.severity or rule.severity,
            trail=tuple(TrailStep(place(site), message) for site, message in report.trail),
            fix=fix(report),
        )
        for rule, report in reports
    ]
