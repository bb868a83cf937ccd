"""Pages to look into: as a browser reads them, with what they say in certain places."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib

from tapelint.finding import Finding, Fix, Place, TrailStep, Verdict, VerdictKind
from tapelint.record import Record
from tapelint.report.html import page
from tapelint.report.html.runs import Run
from tapelint.run.outcome import Outcome
from tapelint.source.document import Document
from tapelint.source.edit import Edit
from tests.report.programs import marked

EMPTY = Outcome(files=1)
LARGEST = 500_000

STEP = """\
for images, labels in data:
    with «tf.GradientTape()» as tape:
        loss = loss_of(labels, model(images))
    grads = «tape.gradient(loss, model.trainable_variables)»
"""


def found(rule: str = "gradients-not-applied", kind: VerdictKind | None = "confirmed", **changes: Any) -> Outcome:
    """A finding with a trail and a fix."""
    text, (made, here) = marked(STEP)
    path = Path("train.py")
    verdict = None if kind is None else Verdict(kind, "8 of 8 variables identical after 3 steps")
    finding = Finding(
        rule,
        Place(path, here),
        "`model` is never updated: `grads` is never applied",
        "error",
        (TrailStep(Place(path, made), "the tape is made here"),),
        Fix("apply the gradients with `optimizer`", "unsafe", (Edit(here, "x"),)),
        verdict,
    )
    return Outcome((replace(finding, **changes),), files=1, documents={path: Document(path, text)})


def parsed(text: str) -> Element:
    """The page as a browser reads it. Whatever is not HTML by the letter is an error."""
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return tree


def text_of(element: Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def headline(run: Outcome, *records: Record) -> str:
    return text_of(parsed(page.render(run, [Run(record) for record in records])).find(".//h1"))


def glance(run: Outcome, record: Record) -> dict[str, str]:
    tree = parsed(page.render(run, [Run(record)]))
    return {text_of(each.find("dt")): text_of(each.find("dd")) for each in tree.findall(".//dl/div")}


def table(tree: Element, caption: str) -> list[list[str]]:
    """The rows of the table below this caption."""
    (drawn,) = (each for each in tree.iter("table") if text_of(each.find("caption")).startswith(caption))
    return [[text_of(cell) for cell in row] for row in drawn.findall("tbody/tr")]
