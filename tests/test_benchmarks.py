"""The measurements on other people's packages, without downloading any: the records agree, the counting is right."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks import packages, precision, probing, speed, verdicts
from benchmarks.packages import Package, Unavailable
from benchmarks.verdicts import ROOT, Figures, Judgement, Key
from tapelint.run.dependencies import keras_required

KEY = Key("some-package", "1.0", "some/train.py", 0, 5, "gradients-not-applied")
PACKAGE = Package("some-package", "1.0", "some_package-1.0-py3-none-any.whl", "0" * 64, "3.10")

BROKEN = """\
import tensorflow as tf
def train(model, data):
    for x, y in data:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A cache in which one package is unpacked already."""
    folder = tmp_path / "sources" / PACKAGE.folder / "some"
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(BROKEN)
    (folder / "plain.py").write_text("import json\n" * 50)
    return tmp_path


class TestRecords:
    def test_every_package_is_pinned_to_one_text(self) -> None:
        pinned = packages.pinned()
        assert [package.name for package in pinned] == sorted({package.name for package in pinned})
        assert all(re.fullmatch(r"[0-9a-f]{64}", package.sha256) for package in pinned)
        assert all(package.version in package.file for package in pinned)

    def test_every_verdict_is_about_a_pinned_package_and_gives_a_reason(self) -> None:
        pinned = {(package.name, package.version) for package in packages.pinned()}
        judged = verdicts.judgements()
        assert len({judgement.key for judgement in judged}) == len(judged)
        for judgement in judged:
            assert (judgement.key.package, judgement.key.version) in pinned
            assert judgement.verdict in verdicts.VERDICTS
            assert len(judgement.reason.split()) > 5

    def test_the_readme_gives_the_figures_of_the_verdicts(self) -> None:
        figures, text = verdicts.published()
        judged = [judgement.verdict for judgement in verdicts.judgements()]
        assert figures == Figures.counted(len(packages.pinned()), figures.files, figures.lines, judged)
        assert text == figures.told()

    def test_the_goals_are_met(self) -> None:
        figures, _ = verdicts.published()
        assert figures.precision >= 0.95
        assert figures.density < 0.05


class TestFigures:
    def test_debatable_findings_count_for_density_and_not_for_precision(self) -> None:
        figures = Figures.counted(2, 10, 4000, ["true", "true", "true", "false", "debatable"])
        assert (figures.findings, figures.precision, figures.density) == (5, 0.75, 1.25)
        assert figures.told().splitlines()[-1] == "| 2 | 10 | 4,000 | 5 | 3 | 1 | 1 | 75.0 % | 1.2500 |"

    def test_they_are_written_where_they_are_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        readme = tmp_path / "README.md"
        readme.write_text("before\n<!-- precision: x -->\nold\n<!-- end of precision -->\nafter\n")
        monkeypatch.setattr(verdicts, "README", readme)
        figures = Figures(103, 12_345, 1_234_567, 9, 1, 2)
        verdicts.publish(figures)
        assert verdicts.published() == (figures, figures.told())
        assert readme.read_text().startswith("before\n") and readme.read_text().endswith("after\n")


class TestPrecision:
    def test_a_package_is_linted_and_its_training_code_counted(self, home: Path) -> None:
        reading = precision.read(PACKAGE, home, jobs=1)
        assert (reading.files, reading.lines, reading.crashes) == (1, 6, [])
        assert list(reading.findings) == [Key("some-package", "1.0", "some/train.py", 0, 6, "gradients-not-applied")]

    def test_a_finding_without_a_verdict_is_shown_with_its_code(self, home: Path) -> None:
        (complaint,), figures = precision.compared([precision.read(PACKAGE, home, jobs=1)], [])
        assert "some/train.py:6 [error] gradients-not-applied: " in complaint
        assert "     6         gradients = tape.gradient(loss, model.trainable_variables)\n" in complaint
        assert '[[finding]]\npackage = "some-package"\n' in complaint
        assert figures.findings == 0

    def test_a_verdict_without_its_finding_is_stale(self, home: Path) -> None:
        reading = precision.read(PACKAGE, home, jobs=1)
        (found,) = reading.findings
        judged = [Judgement(found, "true", "never applied"), Judgement(KEY, "false", "moved away")]
        complaints, figures = precision.compared([reading], judged)
        assert complaints == [
            "stale verdict: some-package 1.0 some/train.py:5 gradients-not-applied is not found any more"
        ]
        assert (figures.packages, figures.true, figures.false) == (1, 1, 0)

    def test_a_crash_is_a_complaint(self, home: Path) -> None:
        reading = precision.Reading(PACKAGE, home, 1, 6, {}, ["some/train.py: boom"])
        assert precision.compared([reading], [])[0] == ["crash in some-package 1.0: some/train.py: boom"]

    def test_the_code_of_a_notebook_is_that_of_its_cell(self, tmp_path: Path) -> None:
        cells = [
            {"cell_type": "markdown", "source": ["# a title"]},
            {"cell_type": "code", "source": ["first = 1\n", "second = 2"]},
        ]
        (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
        place = {"line": 2, "column": 1}
        finding = {"cell": 2, "severity": "error", "message": "m", "trail": [], "start": place, "end": place}
        key = Key("some-package", "1.0", "a.ipynb", 2, 2, "unimported-module")
        reading = precision.Reading(PACKAGE, tmp_path, 1, 2, {key: finding}, [])
        assert "     2 second = 2\n" in precision.shown(reading, key)
        assert "\ncell = 2\n" in precision.shown(reading, key)


class TestPackages:
    def test_only_what_is_read_is_unpacked(self, tmp_path: Path) -> None:
        downloads = tmp_path / "downloads"
        downloads.mkdir()
        with zipfile.ZipFile(downloads / PACKAGE.file, "w") as wheel:
            wheel.writestr("some/train.py", BROKEN)
            wheel.writestr("some/weights.bin", b"\0")
            wheel.writestr("some-1.dist-info/METADATA", "Requires-Dist: tensorflow (<2.14)\n")
        digest = packages._digest(downloads / PACKAGE.file)
        pinned = Package(PACKAGE.name, PACKAGE.version, PACKAGE.file, digest, PACKAGE.python)
        folder = packages.unpacked(pinned, tmp_path)
        assert [path.relative_to(folder).as_posix() for path in packages.sources([folder])] == ["some/train.py"]
        assert keras_required(folder) == "2"
        assert [path.name for path in folder.parent.iterdir()] == [PACKAGE.folder]


class TestSpeed:
    def test_the_choice_is_the_same_for_everybody(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(speed, "pinned", lambda: [PACKAGE])
        assert [path.name for path in speed.chosen(1, home)] == ["train.py"]
        with pytest.raises(Unavailable, match="only 1 of the kind"):
            speed.chosen(2, home)

    def test_a_run_is_timed_and_its_largest_process_weighed(self) -> None:
        # In a process of its own: what a process weighs is at least what the one weighed that started it.
        weighing = (
            "import sys; from benchmarks import speed\n"
            "for work in ('pass', 'x = bytearray(200 << 20); sum(range(3_000_000))'):\n"
            "    run = speed.measured([sys.executable, '-c', work], [])\n"
            "    print(run.mebibytes, run.processor)"
        )
        told = subprocess.run([sys.executable, "-c", weighing], cwd=ROOT, capture_output=True, text=True, check=True)
        light, heavy = (tuple(map(float, line.split())) for line in told.stdout.splitlines())
        assert heavy[0] > light[0] + 150
        assert heavy[1] > light[1]

    def test_a_run_that_fails_is_no_measurement(self) -> None:
        with pytest.raises(Unavailable, match="ended with 3"):
            speed.measured([sys.executable, "-c", "raise SystemExit(3)"], [])

    def test_ratios_are_those_of_the_same_round(self) -> None:
        runs = {
            "tapelint": [speed.Measurement(1.0, 2.0, 90.0), speed.Measurement(10.0, 20.0, 110.0)],
            "flake8": [speed.Measurement(2.0, 2.0, 50.0), speed.Measurement(20.0, 20.0, 60.0)],
        }
        text = speed.told([], runs, jobs=2)
        assert "110 MiB" in text
        assert text.endswith("tapelint / flake8: 0.50 of the time, 1.00 of the processor")


class TestProbing:
    def test_the_choice_is_the_same_for_everybody(self) -> None:
        scripts = probing.chosen(20)
        assert scripts == probing.chosen(20) == sorted(set(scripts))
        assert set(probing.chosen(5)) < set(scripts)
        with pytest.raises(probing.Failed, match="100000 scripts were wanted, and there are only"):
            probing.chosen(100_000)

    def test_a_round_takes_its_times_from_the_report(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told = {"runs": [{"path": "a.py", "running": 2.0, "importing": 3.0}, {"path": "b.py", "running": 1.0}]}
        told["runs"][1]["importing"] = 0.5
        answer = subprocess.CompletedProcess([], 1, json.dumps(told), "")
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
        seen = probing.measured([Path("a.py"), Path("b.py")])
        assert (seen.steps, seen.importing, seen.runs) == (3.0, 3.5, 2)
        with pytest.raises(probing.Failed, match="only 2 of 3 scripts were run"):
            probing.measured([Path("a.py"), Path("b.py"), Path("c.py")])

    def test_the_whole_is_held_against_what_cannot_be_saved(self) -> None:
        rounds = [probing.Round(whole, 4.0, 3.0, 3.0, 2) for whole in (11.0, 30.0, 13.0)]
        assert rounds[0].ratio == 1.1
        assert "the median is 1.30, more than the 1.25" in probing.told(rounds)
        assert "the median is 1.10, at most the 1.25" in probing.told(rounds[:1])
