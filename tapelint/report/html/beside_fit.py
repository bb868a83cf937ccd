"""The part of the page that holds the user's step against the one of `fit`, variable by variable."""

from tapelint.record import Comparison, ParityVerdict, Record, SideBySide
from tapelint.report.html.markup import Content, Html, joined, prose, tag
from tapelint.report.html.norms import shared_part
from tapelint.report.html.tables import more, table
from tapelint.report.html.wording import breakable, count, figure, place

SAME = 1e-3
"""The part by which gradients may differ that are the same: two runs of one computation differ by 1e-6."""

MOST = 200

_SAID: dict[ParityVerdict, str] = {
    "matches": "As `fit` would do it",
    "differs": "Not as `fit` would do it",
    "unable": "This cannot be told",
}


def beside_fit(record: Record) -> Html | None:
    """Each place whose updates were compared; nothing where none was."""
    if not record.comparisons:
        return None
    compared = (_comparison(each, record.script) for each in record.comparisons)
    return joined(tag("h3", "Beside ", tag("code", "fit")), *compared)


def factor(comparison: Comparison) -> float | None:
    """The number of times that every gradient is as long as that of `fit`, if it is the same for all of them."""
    whole = max((each.fit for each in comparison.variables), default=0.0)
    ratios = [each.own / each.fit for each in comparison.variables if each.fit > SAME * whole]
    if not ratios or max(ratios) - min(ratios) > SAME * max(ratios):
        return None
    middle = sum(ratios) / len(ratios)
    return middle if all(_explained(each, middle) for each in comparison.variables) else None


def _explained(variable: SideBySide, times: float) -> bool:
    """Whether the difference is as long as it is when only the length differs, and not the direction."""
    return abs(variable.apart - abs(times - 1) * variable.fit) <= SAME * max(variable.own, variable.fit)


def _comparison(comparison: Comparison, script: str) -> Html:
    message = prose(comparison.message)
    told = joined(tag("strong", prose(_SAID[comparison.verdict])), ": " if message else None, message)
    where = joined(
        f"{count(comparison.steps, 'update')} by {comparison.optimizer} on ",
        place(comparison.where, script),
        joined(", with the loss ", tag("code", comparison.loss)) if comparison.loss else None,
        f", in batches of {comparison.batch}.",
    )
    return joined(
        tag("p", told, class_=f"parity {comparison.verdict}"), tag("p", where, class_="quiet"), _variables(comparison)
    )


def _variables(comparison: Comparison) -> Html | None:
    if not comparison.variables:
        return None
    widest = max(max(each.own, each.fit) for each in comparison.variables)
    shared = shared_part([each.name for each in comparison.variables])
    rows = [_row(each, each.name.removeprefix(shared), widest) for each in comparison.variables[:MOST]]
    caption = "How long the gradient of each variable was, here and in `fit`, in the first of these updates"
    drawn = table(caption, ("variable", "here", prose("in `fit`"), "times", "differs by"), rows, numbers=4)
    summary = tag("summary", "Variable by variable")
    left = more(len(comparison.variables) - MOST, "variable")
    return tag("details", summary, drawn, left, open=None if comparison.verdict == "matches" else "open")


def _row(variable: SideBySide, name: str, widest: float) -> list[Content]:
    times = figure(variable.own / variable.fit) if variable.fit else figure(None)
    apart = _percent(variable.apart / variable.fit) if variable.fit else figure(variable.apart)
    return [
        breakable(name),
        _bar(variable.own, widest, "first"),
        _bar(variable.fit, widest, "second"),
        times,
        apart,
    ]


def _percent(part: float) -> str:
    return "< 0.01 %" if part < 1e-4 else f"{figure(100 * part)} %"


def _bar(value: float, widest: float, kind: str) -> Html:
    share = 100 * value / widest if widest else 0.0
    bar = tag("span", class_=f"bar {kind}", style=f"inline-size: {share:.1f}%", aria_hidden="true")
    return joined(figure(value), tag("span", bar, class_="track"))
