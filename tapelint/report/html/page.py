"""The page, put together: the verdict first, then each finding beside its code, then what the run was like."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from tapelint import __version__
from tapelint.record import Record
from tapelint.report.account import ENDS
from tapelint.report.address import shown
from tapelint.report.html import plots
from tapelint.report.html.beside_fit import beside_fit
from tapelint.report.html.counts import fits, functions, metrics
from tapelint.report.html.feeding import data
from tapelint.report.html.findings import findings
from tapelint.report.html.headline import facts, headline, of_one, serious
from tapelint.report.html.markup import Html, joined, prose, tag
from tapelint.report.html.runs import Run
from tapelint.report.html.surroundings import failure, surroundings
from tapelint.report.html.training import loss, norms
from tapelint.run.outcome import Outcome

NO_PLOTS = "There are no plots: matplotlib is not installed (`pip install 'tapelint[report]'`)."


def render(outcome: Outcome, runs: Sequence[Run] = ()) -> str:
    """The page about what was found, and about every run that there was."""
    told = headline(outcome, runs)
    main = tag(
        "main",
        _header(outcome, runs),
        findings(outcome),
        _troubles(outcome),
        *(_run(outcome, run, f"run-{number}", alone=len(runs) == 1) for number, run in enumerate(runs, start=1)),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{told.text.replace('`', '')} \u2013 tapelint"),
        tag("style", Html(files(__package__).joinpath("style.css").read_text(encoding="utf-8"))),
    )
    footer = tag("footer", tag("p", f"tapelint {__version__}", _versions(runs)))
    body = tag("body", main, footer)
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _header(outcome: Outcome, runs: Sequence[Run]) -> Html:
    told = headline(outcome, runs)
    glance = [tag("div", tag("dt", prose(name)), tag("dd", value)) for name, value in facts(outcome, runs)]
    what = shown(Path(runs[0].record.script)) if len(runs) == 1 else "tapelint"
    ending = tag("p", *_ending(runs[0].record), class_="lead") if len(runs) == 1 else None
    return tag(
        "header",
        tag("p", what, class_="eyebrow"),
        tag("h1", prose(told.text), class_=told.kind),
        ending,
        tag("dl", *glance, class_="glance"),
        _contents(outcome, runs),
    )


def _ending(record: Record) -> tuple[Html, str]:
    words, _ = ENDS[record.end]
    sentence = record.detail if record.detail and record.end in ("stopped", "timeout") else words
    return prose(sentence[:1].upper() + sentence[1:]), f", {record.seconds:.1f} seconds after it began."


def _contents(outcome: Outcome, runs: Sequence[Run]) -> Html | None:
    """The scripts that were run, each with its verdict; nothing where there is only one."""
    if len(runs) < 2:
        return None
    links = [
        tag("li", tag("a", shown(Path(run.record.script)), href=f"#run-{number}"), ": ", _verdict(outcome, run))
        for number, run in enumerate(runs, start=1)
    ]
    return tag("nav", tag("ul", *links, class_="plain"), aria_label="Scripts that were run")


def _verdict(outcome: Outcome, run: Run) -> Html:
    told = of_one(outcome, run)
    return tag("span", prose(told.text), class_=told.tone)


def _run(outcome: Outcome, run: Run, name: str, *, alone: bool) -> Html:
    record = run.record
    heading = "The run" if alone else joined("The run of ", tag("code", shown(Path(record.script))))
    alarm = bool(serious(outcome)) if alone else of_one(outcome, run).tone == "bad"
    return tag(
        "section",
        tag("h2", heading, id=name),
        None if alone else tag("p", _verdict(outcome, run), ". ", *_ending(record), class_="lead"),
        failure(outcome, record),
        None if plots.available() else tag("p", prose(NO_PLOTS), class_="quiet"),
        loss(record, name),
        norms(record, name, alarm=alarm),
        beside_fit(record),
        data(record),
        fits(run),
        functions(run),
        metrics(run),
        surroundings(record),
        aria_labelledby=name,
    )


def _troubles(outcome: Outcome) -> Html | None:
    """The files that were not linted."""
    told = [
        *(f"{shown(path)} was skipped: {reason}" for path, reason in outcome.skipped.items()),
        *(f"{shown(path)} could not be linted: {reason}" for path, reason in outcome.failures.items()),
        *(f"{crash.culprit} crashed on {shown(crash.path)}: {crash.error}" for crash in outcome.crashes),
    ]
    if not told:
        return None
    lines = [tag("li", each) for each in told]
    return tag("section", tag("h2", "Not linted", id="not-linted"), tag("ul", *lines), aria_labelledby="not-linted")


def _versions(runs: Sequence[Run]) -> str:
    known = dict.fromkeys(f"{name} {version}" for run in runs for name, version in run.record.versions)
    return "".join(f", {each}" for each in known)
