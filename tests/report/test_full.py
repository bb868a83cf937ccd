import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tapelint.finding import Finding, Fix, Place, TrailStep, Verdict, VerdictKind
from tapelint.report import full
from tapelint.run.outcome import Crash, Outcome
from tapelint.source.document import Document
from tapelint.source.edit import Edit
from tapelint.source.span import Position, Span
from tests.report.cells import width
from tests.report.programs import marked, outcome, traced

LOOP = """\
for images, labels in data:
    with «tf.GradientTape()» as tape:
        loss = loss_of(labels, «model»(images))
    «grads» = «tape.gradient»(loss, model.trainable_variables)
"""


def loop() -> Outcome:
    """The loop without an update, with the trail of its gradients."""
    text, (made, forward, here, asked) = marked(LOOP)
    path = Path("train.py")
    steps = zip((made, forward, asked), ("recorded here", "through `model`", "differentiated here"), strict=True)
    trail = tuple(TrailStep(Place(path, span), message) for span, message in steps)
    finding = Finding("gradients-not-applied", Place(path, here), "`model` is never updated", "error", trail)
    return Outcome((finding,), files=1, documents={path: Document(path, text)})


def judged(run: Outcome, kind: VerdictKind, detail: str) -> Outcome:
    verdict = Verdict(kind, detail)
    return run.with_findings(tuple(dataclasses.replace(finding, verdict=verdict) for finding in run.findings))


def without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def test_a_finding_is_told_from_its_consequence_to_its_help() -> None:
    assert full.render(loop()).splitlines() == [
        "error[TL101 gradients-not-applied]: `model` is never updated",
        " --> train.py:4:5",
        "  |",
        "2 |     with tf.GradientTape() as tape:",
        "3 |         loss = loss_of(labels, model(images))",
        "4 |     grads = tape.gradient(loss, model.trainable_variables)",
        "  |     ^^^^^",
        "  |",
        "  = trail: how it comes to this",
        "  |",
        "2 |     with tf.GradientTape() as tape:",
        "  |          ----------------- 1. recorded here",
        "3 |         loss = loss_of(labels, model(images))",
        "  |                                ----- 2. through `model`",
        "4 |     grads = tape.gradient(loss, model.trainable_variables)",
        "  |             ------------- 3. differentiated here",
        "  |",
        "  = help: tapelint explain gradients-not-applied",
        "",
        "found 1 error in 1 file",
    ]


def test_lines_left_out_between_two_steps_are_shown_as_left_out() -> None:
    report = full.render(traced("«a» = 1\nb = 2\nc = 3\n«a»\n\n\n«a»\n", "read here", "and here"))
    assert "4 | a\n  | - 1. read here\n...\n7 | a\n  | - 2. and here\n" in report


def test_steps_keep_their_order_when_it_is_not_that_of_the_lines() -> None:
    text, (here, later, earlier) = marked("«a» = 1\n«b» = 2\n«c» = 3\n")
    path = Path("train.py")
    trail = (TrailStep(Place(path, earlier), "first"), TrailStep(Place(path, later), "second"))
    finding = Finding("gradients-not-applied", Place(path, here), "unused", "error", trail)
    report = full.render(Outcome((finding,), files=1, documents={path: Document(path, text)}))
    assert "3 | c = 3\n  | - 1. first\n...\n2 | b = 2\n  | - 2. second\n" in report


def test_a_step_in_another_file_names_that_file() -> None:
    run = loop()
    (finding,) = run.findings
    helper = Path("lib/steps.py")
    text, (span,) = marked("def loss_of(labels, outputs):\n    return «tf.square»(labels - outputs)\n")
    trail = (finding.trail[0], TrailStep(Place(helper, span), "per example here"), finding.trail[2])
    moved = dataclasses.replace(
        run.with_findings((dataclasses.replace(finding, trail=trail),)),
        documents={**run.documents, helper: Document(helper, text)},
    )
    assert " --> lib/steps.py:2:12\n2 |     return tf.square(labels - outputs)\n" in full.render(moved)
    assert full.render(moved).count(" --> train.py:4:") == 2


def test_a_place_without_its_text_is_named_all_the_same() -> None:
    run = dataclasses.replace(loop(), documents={})
    report = full.render(run)
    assert " --> train.py:4:5\n" in report
    assert "1. recorded here" in report


@pytest.mark.parametrize("kind", ["confirmed", "refuted", "unreached", "unable"])
def test_the_verdict_of_the_probe_stands_below_the_code(kind: VerdictKind) -> None:
    report = full.render(judged(loop(), kind, "4 of 4 variables identical after 3 steps"))
    assert f"  = probe: {kind}: 4 of 4 variables identical after 3 steps\n" in report
    assert f"running says: 1 {kind}\n" in report


def test_a_fix_is_named_with_its_safety() -> None:
    run = loop()
    here = Position(4, 1)
    fix = Fix("apply the gradients with `optimizer`", "unsafe", (Edit(Span(here, here), "x"),))
    report = full.render(run.with_findings((dataclasses.replace(run.findings[0], fix=fix),)))
    assert "  = fix: apply the gradients with `optimizer` (unsafe)\n" in report


@pytest.mark.parametrize("columns", [30, 40, 60, 100])
def test_a_narrow_terminal_is_never_overrun(columns: int) -> None:
    run = judged(loop(), "confirmed", "4 of 4 variables identical after 3 steps, 漢字 and all the others")
    lines = full.render(run, width=columns).splitlines()
    assert all(width(line) <= columns or " " not in line.strip() for line in lines), lines


def test_a_folded_message_is_indented() -> None:
    run = outcome("«x»", message="the message is so long that it does not fit into one line of the terminal")
    assert full.render(run, width=60).splitlines()[:3] == [
        "error[TL101 gradients-not-applied]: the message is so long",
        "    that it does not fit into one line of the terminal",
        " --> train.py:1:1",
    ]


def test_colours_change_nothing_but_colours() -> None:
    run = judged(loop(), "refuted", "it moved")
    coloured = full.render(run, colour=True, width=80)
    assert without_colours(coloured) == full.render(run, width=80)
    assert "\x1b[1;31merror[TL101 gradients-not-applied]:\x1b[0m" in coloured
    assert "\x1b[1;31m^^^^^\x1b[0m" in coloured
    assert "\x1b[1;32mrefuted\x1b[0m" in coloured


def test_severities_have_colours_of_their_own() -> None:
    warning = full.render(outcome("«x»", severity="warning"), colour=True)
    info = full.render(outcome("«x»", severity="info"), colour=True)
    assert "\x1b[1;33mwarning[" in warning
    assert "\x1b[1;33m^\x1b[0m" in warning
    assert "\x1b[1;36minfo[" in info


def test_the_last_line_counts_what_was_found() -> None:
    errors, notes = outcome("«a» «b»"), outcome("«a»", severity="info", path=Path("b.py"))
    warnings = outcome("«a» «b» «c»", severity="warning", path=Path("c.py"))
    findings = (*errors.findings, *notes.findings, *warnings.findings)
    run = Outcome(findings, files=1200, suppressed=3, known=2, documents={**errors.documents, **notes.documents})
    last = "found 2 errors, 3 warnings and 1 note in 1200 files, 3 suppressed, 2 known before"
    assert full.render(run).splitlines()[-1] == last
    assert full.render(errors).splitlines()[-1] == "found 2 errors in 1 file"
    assert full.render(Outcome(files=7)) == "no findings in 7 files\n"


def test_files_that_were_not_linted_are_named() -> None:
    skipped = {Path("a.ipynb"): "a notebook"}
    crash = Crash(Path("odd.py"), "KeyError: 'tape'", "Traceback …")
    report = full.render(
        Outcome(files=2, crashes=(crash,), failures={Path("gone.py"): "no permission"}, skipped=skipped)
    )
    assert "error: gone.py: no permission\n" in report
    assert "skipped: a.ipynb: a notebook\n" in report
    assert "odd.py" in report
    assert "KeyError: 'tape'" in report


def test_messages_cannot_command_the_terminal() -> None:
    run = judged(outcome("«x»", message="\x1b]0;title\x07", path=Path("\x1b[2J.py")), "unable", "line one\nline two")
    report = full.render(run)
    assert "\x1b" not in report
    assert "\x07" not in report
    assert "line one\u240aline two" in report


def test_the_report_on_a_clean_run_needs_nothing_heavy() -> None:
    program = (
        "import sys; from tapelint.report import full; from tapelint.run.outcome import Outcome;"
        "print(full.render(Outcome(files=1), colour=True), sorted({'rich', 'libcst', 'typer'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert without_colours(run.stdout) == "no findings in 1 file\n []\n"


def test_the_total_can_be_left_out() -> None:
    assert full.render(Outcome(files=7), total=False) == ""
    assert "found" not in full.render(loop(), total=False)


def test_two_steps_on_one_line_have_nothing_left_out_between_them() -> None:
    report = full.render(traced("«a» = 1\n«f»(«x»)\n", "called here", "with this"))
    assert "2 | f(x)\n  | - 1. called here\n2 | f(x)\n  |   - 2. with this\n" in report
