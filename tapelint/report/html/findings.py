"""The part of the page about what was found: each finding with its verdict beside the code."""

from collections.abc import Sequence

from tapelint.catalog import named
from tapelint.finding import Finding, Severity, VerdictKind
from tapelint.report.address import coordinates, shown
from tapelint.report.html.code import excerpt
from tapelint.report.html.markup import Html, joined, prose, tag
from tapelint.report.reference import is_static, page
from tapelint.run.outcome import Outcome

MOST = 100
"""The findings that are shown with their code; of more, only the lines are named, up to MOST_LINES."""

MOST_LINES = 500

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info", "off")

_SAID: dict[VerdictKind, str] = {
    "confirmed": "confirmed by the run",
    "refuted": "refuted by the run",
    "unreached": "the run did not come there",
    "unable": "the run cannot tell",
}


def findings(outcome: Outcome) -> Html:
    """The section; a sentence where there is nothing to show."""
    heading = tag("h2", "Findings", id="findings")
    if not outcome.findings:
        return tag("section", heading, tag("p", "None.", class_="quiet"), aria_labelledby="findings")
    worst_first = sorted(outcome.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    articles = [_article(outcome, each) for each in worst_first[:MOST]]
    return tag("section", heading, *articles, _rest(worst_first[MOST:]), aria_labelledby="findings")


def _rest(findings: Sequence[Finding]) -> Html | None:
    if not findings:
        return None
    told = [
        tag("li", shown(each.place.path) + coordinates(each.place), " ", tag("strong", each.rule), " ", each.message)
        for each in findings[:MOST_LINES]
    ]
    left = len(findings) - len(told)
    more = tag("p", f"And {left:,} more, for which this page has no room.") if left > 0 else None
    return joined(tag("h3", f"{len(findings):,} more"), tag("ul", *told, class_="plain"), more)


def _article(outcome: Outcome, finding: Finding) -> Html:
    rule = named(finding.rule)
    title = tag("h3", prose(finding.message))
    labels = tag(
        "p",
        tag("span", finding.severity, class_=f"label {finding.severity}"),
        " ",
        tag("a", f"{rule.code} {rule.name}", href=page(rule)),
        class_="labels",
    )
    parts = [labels, title, _verdict(finding), excerpt(outcome, finding.place), _trail(outcome, finding), _fix(finding)]
    return tag("article", *parts, class_=f"finding {finding.severity}")


def _verdict(finding: Finding) -> Html:
    if finding.verdict is None:
        told = "Found by reading the program." if is_static(named(finding.rule)) else "Found by running the program."
        return tag("p", told, class_="verdict quiet")
    kind = finding.verdict.kind
    detail = joined(": ", prose(finding.verdict.detail))
    return tag("p", tag("strong", _SAID[kind]), detail, class_=f"verdict {kind}")


def _trail(outcome: Outcome, finding: Finding) -> Html | None:
    if not finding.trail:
        return None
    steps = [
        tag("li", tag("p", prose(step.message)), excerpt(outcome, step.place, before=0, after=0, told=finding.place))
        for step in finding.trail
    ]
    return tag("details", tag("summary", "How it comes to this"), tag("ol", *steps, class_="trail"), open="open")


def _fix(finding: Finding) -> Html | None:
    if finding.fix is None:
        return None
    option = "--fix" if finding.fix.safety == "safe" else "--fix --unsafe-fixes"
    how = joined(" (", tag("code", f"tapelint check {option}"), ")")
    return tag("p", tag("strong", "To mend it"), ": ", prose(finding.fix.title), how, class_="fix")
