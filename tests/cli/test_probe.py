"""What the commands make of a record; whether records and verdicts are right is tested with the probe."""

import dataclasses
import json
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tapelint.finding import Finding, Place, Verdict
from tapelint.probe import launch, verdict
from tapelint.record import Exceptional, Function, Record
from tapelint.report.html import plots
from tapelint.run.settings import OUTPUT_FORMATS
from tapelint.source.span import Position, Span
from tests.cli.commands import BROKEN, LINE, tapelint

STEP = """\
import tensorflow as tf

def step(model, x, y):
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
        grads = tape.gradient(loss, model.trainable_variables)
"""
STOPPED = Record("train.py", (), False, "stopped", "stopped after 4 updates", 6.5, updates=4)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(BROKEN)
    return tmp_path


@dataclasses.dataclass
class Stage:
    """A probe that runs nothing: what it was asked to run, and what it answers."""

    asked: list[tuple[str, dict[str, Any]]] = dataclasses.field(default_factory=list)
    record: Record = dataclasses.field(default_factory=lambda: STOPPED)
    kind: str = "confirmed"
    added: list[Finding] = dataclasses.field(default_factory=list)

    def run(self, script: Path, **options: Any) -> Record:
        self.asked.append((script.name, options))
        return dataclasses.replace(self.record, script=str(script))

    def judge(self, findings: Sequence[Finding], record: Record) -> list[Finding]:
        level: dict[str, Any] = {"severity": "info"} if self.kind == "refuted" else {}
        judged = Verdict(self.kind, f"seen in {Path(record.script).name}")  # type: ignore[arg-type]
        own = [each for each in findings if each.place.path == Path(record.script) or self.kind != "unreached"]
        return [*(dataclasses.replace(each, verdict=judged, **level) for each in own), *self.added]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    monkeypatch.setattr(launch, "run", stage.run)
    monkeypatch.setattr(verdict, "judge", stage.judge)
    return stage


def unchanged(path: Path, line: int = 4) -> Finding:
    place = Place(path, Span(Position(line, 1), Position(line, 4)))
    return Finding("weights-unchanged", place, "no variable has changed", "error")


def verdicts(out: str) -> dict[str, str | None]:
    found = json.loads(out)["findings"]
    return {
        f"{each['path']}:{each['code']}": each["evidence"]["probe"] and each["evidence"]["probe"]["verdict"]
        for each in found
    }


class TestBaseline:
    def test_what_is_known_is_not_run(self, stage: Stage) -> None:
        assert tapelint("check", "--baseline", "known.json", "--update-baseline").status == 0
        told = tapelint("check", "--probe", "--baseline", "known.json")
        assert (told.status, told.err, stage.asked) == (0, "", [])

    def test_what_running_finds_is_known_from_then_on(self, here: Path, stage: Stage) -> None:
        stage.added = [unchanged(here / "train.py")]
        told = tapelint("check", "--probe", "--baseline", "known.json", "--update-baseline", "--quiet")
        assert (told.status, told.err) == (0, "")
        assert '"weights-unchanged"' in (here / "known.json").read_text()
        # Another finding has the script run again; nothing has run it that could know otherwise.
        assert tapelint("check", "--baseline", "known.json").err == ""
        (here / "train.py").write_text(BROKEN + BROKEN.replace("grads", "others").replace("loss", "cost"))
        told = tapelint("check", "--probe", "--baseline", "known.json", "--output-format", "json")
        assert verdicts(told.out) == {"train.py:TL101": "confirmed", "train.py:TL002": "confirmed"}
        assert told.err == ""

    def test_what_a_run_no_longer_finds_is_stale(self, here: Path, stage: Stage) -> None:
        stage.added = [unchanged(here / "train.py")]
        tapelint("check", "--probe", "--baseline", "known.json", "--update-baseline")
        stage.added = []
        (here / "train.py").write_text(BROKEN.replace("loss", "cost"))
        told = tapelint("check", "--probe", "--baseline", "known.json", "--output-format", "concise")
        assert "2 known findings are no longer there" in told.err
        assert "  train.py: weights-unchanged: " in told.err
        assert "TL101" in told.out


class TestCheck:
    def test_scripts_with_findings_are_run_and_judged(self, stage: Stage) -> None:
        told = tapelint("check", "--probe", "--steps", 2, "--seconds", 9, "--output-format", "concise")
        assert told.status == 1
        assert f"train.py:{LINE}:" in told.out
        assert "(confirmed: seen in train.py)" in told.out
        assert [name for name, _ in stage.asked] == ["train.py"]
        assert (stage.asked[0][1]["steps"], stage.asked[0][1]["seconds"]) == (2, 9)

    def test_a_script_without_testable_findings_is_not_run(self, stage: Stage) -> None:
        tapelint("check", "--probe", "--select", "TL002,TL201")
        assert stage.asked == []

    def test_without_the_option_nothing_is_run(self, stage: Stage) -> None:
        tapelint("check", ".")
        assert stage.asked == []

    def test_what_is_refuted_does_not_count(self, stage: Stage) -> None:
        stage.kind = "refuted"
        told = tapelint("check", "--probe", "--select", "TL101", "--output-format", "json")
        assert told.status == 0
        assert verdicts(told.out) == {"train.py:TL101": "refuted"}

    def test_a_library_or_a_test_is_not_run(self, stage: Stage) -> None:
        Path("train.py").rename("test_train.py")
        Path("steps.py").write_text(STEP)
        told = tapelint("check", "--probe", "--select", "TL101", "--output-format", "json")
        assert stage.asked == []
        assert verdicts(told.out) == {"steps.py:TL101": "unable", "test_train.py:TL101": "unable"}
        assert "only defines" in told.out

    def test_a_library_is_judged_by_the_scripts_that_ran_it(self, stage: Stage) -> None:
        Path("steps.py").write_text(STEP)
        told = tapelint("check", "--probe", "--select", "TL101", "--output-format", "json")
        assert [name for name, _ in stage.asked] == ["train.py"]
        assert verdicts(told.out) == {"steps.py:TL101": "confirmed", "train.py:TL101": "confirmed"}

    def test_a_script_that_never_came_to_the_library_says_nothing_about_it(self, stage: Stage) -> None:
        stage.kind = "unreached"
        Path("steps.py").write_text(STEP)
        told = tapelint("check", "--probe", "--select", "TL101", "--output-format", "json")
        assert verdicts(told.out) == {"steps.py:TL101": "unable", "train.py:TL101": "unreached"}

    def test_what_only_running_shows_is_added(self, here: Path, stage: Stage) -> None:
        stage.added = [unchanged(here / "train.py")]
        told = tapelint("check", "--probe", "--select", "TL1", "--output-format", "json")
        assert verdicts(told.out) == {"train.py:TL150": None, "train.py:TL101": "confirmed"}

    def test_and_obeys_settings_and_comments(self, here: Path, stage: Stage) -> None:
        stage.added = [unchanged(here / "train.py", LINE)]
        assert "TL150" not in tapelint("check", "--probe", "--select", "TL101").out
        assert "TL150" not in tapelint("check", "--probe", "--per-file-ignores", "train.py:TL15").out
        Path("train.py").write_text(BROKEN.replace("# noqa: TL201", "# tapelint: ignore[weights-unchanged]"))
        told = tapelint("check", "--probe", "--select", "TL", "--output-format", "json")
        assert verdicts(told.out)["train.py:TL101"] == "confirmed"
        assert "train.py:TL150" not in verdicts(told.out)
        assert json.loads(told.out)["summary"]["suppressed"] == 1

    def test_a_page_has_every_run(self, stage: Stage) -> None:
        Path("other.py").write_text(BROKEN)
        told = tapelint("check", "--probe", "--select", "TL101", "--output-format", "html")
        assert told.status == 1
        assert [name for name, _ in stage.asked] == ["other.py", "train.py"]
        assert all(f"The run of <code>{name}</code>" in told.out for name in ("other.py", "train.py"))
        assert told.out.count("<strong>confirmed by the run</strong>") == 2
        assert "The run" not in tapelint("check", "--select", "TL101", "--output-format", "html").out

    @pytest.mark.parametrize("format", OUTPUT_FORMATS)
    @pytest.mark.parametrize("command", [("check", "--probe"), ("probe",)])
    def test_every_format_has_the_verdict(
        self, command: tuple[str, ...], format: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(plots, "available", lambda: False)
        told = tapelint(*command, "train.py", "--select", "TL101", "--output-format", format)
        assert told.status == 1
        assert re.search("confirmed.*seen in train.py", told.out, re.DOTALL)
        assert len(stage.asked) == 1

    def test_an_interrupt_leaves_a_report(self, stage: Stage) -> None:
        stage.record = dataclasses.replace(stage.record, end="interrupted")
        for name in ("a", "b"):
            Path(name).mkdir()
            Path(name, "train.py").write_text(BROKEN)
        told = tapelint("check", "--probe", "a", "b", "--select", "TL101", "--output-format", "json")
        assert told.status == 130
        assert told.err.endswith("interrupted\n")
        assert len(stage.asked) == 1
        assert verdicts(told.out) == {"a/train.py:TL101": "confirmed", "b/train.py:TL101": "unable"}

    @pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_whoever_ends_it_gets_what_is_known_by_then(
        self, order: signal.Signals, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def run(script: Path, **options: Any) -> Record:
            if stage.asked:
                signal.raise_signal(order)
            return stage.run(script, **options)

        monkeypatch.setattr(launch, "run", run)
        for name in ("a", "b", "c"):
            Path(name).mkdir()
            Path(name, "train.py").write_text(BROKEN)
        before = signal.getsignal(order)
        told = tapelint("check", "--probe", "a", "b", "c", "--select", "TL101", "--output-format", "json")
        assert (told.status, signal.getsignal(order)) == (130, before)
        assert list(verdicts(told.out).values()) == ["confirmed", "unable", "unable"]

    def test_it_may_be_allowed_to_run_unconfined(self, stage: Stage) -> None:
        for options in ((), ("--allow-unconfined",)):
            tapelint("check", "--probe", "train.py", "--select", "TL101", *options)
            tapelint("probe", "train.py", *options)
        assert [asked["unconfined"] for _, asked in stage.asked] == [False, False, True, True]


class TestProbe:
    @pytest.mark.usefixtures("stage")
    def test_the_account_and_the_findings(self) -> None:
        told = tapelint("probe", "train.py", "--select", "TL101")
        assert told.status == 1
        assert told.out.startswith("train.py: stopped after 4 updates (6.5 s)\n")
        assert "gradients-not-applied" in told.out
        assert "seen in train.py" in told.out

    def test_a_script_in_which_reading_finds_nothing_is_run_too(self, here: Path, stage: Stage) -> None:
        Path("train.py").write_text("import tensorflow as tf\ntf.print(1)\n")
        assert tapelint("probe", "train.py").status == 0
        stage.added = [unchanged(here / "train.py", 2)]
        told = tapelint("probe", "train.py")
        assert told.status == 1
        assert "weights-unchanged" in told.out

    def test_arguments_for_the_script(self, stage: Stage) -> None:
        tapelint("probe", "train.py", "--steps", "3", "--", "--epochs", "5", "data")
        assert stage.asked[0][1]["arguments"] == ("--epochs", "5", "data")
        assert stage.asked[0][1]["steps"] == 3

    @pytest.mark.usefixtures("stage")
    def test_json_holds_the_record(self) -> None:
        told = tapelint("probe", "train.py", "--output-format", "json")
        document = json.loads(told.out)
        assert document["record"]["updates"] == 4
        assert verdicts(told.out)["train.py:TL101"] == "confirmed"

    def test_a_page_goes_to_standard_output_or_to_a_file(self, stage: Stage) -> None:
        told = tapelint("probe", "train.py", "--select", "TL101", "--output-format", "html")
        assert told.status == 1
        assert told.out.startswith("<!DOCTYPE html>\n")
        assert "seen in train.py" in told.out and told.out.endswith("</html>\n")
        assert tapelint("probe", "train.py", "--select", "TL101", "--output-format", "html", "-o", "a/b.html").out == ""
        assert Path("a/b.html").read_text(encoding="utf-8") == told.out
        assert [asked["graph"] for _, asked in stage.asked] == [False, False]

    def test_a_page_counts_the_traces_of_functions_in_a_second_run(self, stage: Stage) -> None:
        stage.record = dataclasses.replace(STOPPED, functions=(Function(1, None, "step", 4, 6, 2, 3),))
        assert "<h3>Traces</h3>" in tapelint("probe", "train.py", "--output-format", "html").out
        assert [asked["graph"] for _, asked in stage.asked] == [False, True]
        tapelint("probe", "train.py", "--output-format", "json")
        assert [asked["graph"] for _, asked in stage.asked] == [False, True, False]

    @pytest.mark.usefixtures("stage")
    def test_a_file(self) -> None:
        assert tapelint("probe", "train.py", "-o", "report.txt").out == ""
        assert Path("report.txt").read_text().startswith("train.py: stopped")

    def test_what_the_script_said_is_for_the_curious(self, stage: Stage) -> None:
        stage.record = dataclasses.replace(stage.record, stdout="epoch 1\n")
        assert "epoch 1" not in tapelint("probe", "train.py").err
        assert "epoch 1" in tapelint("probe", "train.py", "--verbose").err

    @pytest.mark.parametrize(("end", "status"), [("finished", 0), ("raised", 1), ("crashed", 1), ("unstarted", 2)])
    def test_how_it_ended_decides_the_status(self, end: Any, status: int, stage: Stage) -> None:
        Path("train.py").write_text("import tensorflow as tf\ntf.print(1)\n")
        stage.record = dataclasses.replace(stage.record, end=end, exception=Exceptional("ValueError", "no", None))
        assert tapelint("probe", "train.py").status == status

    def test_an_interrupt(self, stage: Stage) -> None:
        stage.record = dataclasses.replace(stage.record, end="interrupted")
        told = tapelint("probe", "train.py")
        assert told.status == 130
        assert "gradients-not-applied" in told.out

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["nope.py"], "no such file: `nope.py`"),
            (["."], "not a file: `.`"),
            (["train.py", "--steps", "0"], "--steps"),
            ([], "SCRIPT"),
        ],
    )
    def test_wrong_usage(self, arguments: list[str], words: str, stage: Stage) -> None:
        told = tapelint("probe", *arguments)
        assert told.status == 2
        assert words in told.err
        assert stage.asked == []


@pytest.mark.xdist_group("tensorflow")
def test_a_real_run_confirms_a_real_bug() -> None:
    told = tapelint("probe", "train.py", "--select", "TL101,TL150", "--steps", "3", "--output-format", "json")
    assert told.status == 1
    assert verdicts(told.out)["train.py:TL101"] == "confirmed"
    assert json.loads(told.out)["record"]["gradients"]


@pytest.mark.xdist_group("tensorflow")
def test_a_page_of_a_real_run() -> None:
    text = tapelint("probe", "train.py", "--select", "TL101", "--steps", "3", "--output-format", "html").out
    told = [" ".join(line.split()) for line in re.sub("<[^>]+>", "\n", text).splitlines() if line.strip()]
    assert "1 of 1 layer never moved" in told
    row = told.index("dense", told.index("Gradients and updates, layer by layer"))
    assert told[row + 1 : row + 3] == ["0", "none"]  # The program feeds nothing but zeros.
    assert "As fit would do it" not in text


@pytest.mark.xdist_group("tensorflow")
def test_several_scripts_are_run_by_forks_of_one_process(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records: list[Record] = []

    def run(script: Path, **options: Any) -> Record:
        records.append(original(script, **options))
        return records[-1]

    original = launch.run
    monkeypatch.setattr(launch, "run", run)
    for name in ("a.py", "b.py"):
        (here / name).write_text(f"{BROKEN}import os\nprint(os.getppid())\n")
    told = tapelint("check", "--probe", "a.py", "b.py", "--select", "TL101", "--output-format", "json")
    assert told.status == 1
    assert verdicts(told.out) == {"a.py:TL101": "confirmed", "b.py:TL101": "confirmed"}
    assert len({record.stdout for record in records}) == 1 < len(records)
