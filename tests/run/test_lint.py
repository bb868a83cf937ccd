"""The pipeline on real files with the real analyzer; only crashes have to be planted."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tapelint.program import build as analyzer
from tapelint.program.project import Read
from tapelint.program.target import Target
from tapelint.program.wrappers import Wrappers
from tapelint.run import spread
from tapelint.run.audience import Audience
from tapelint.run.config import option_layer
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import lint, lint_text
from tapelint.run.merge import merge
from tapelint.run.outcome import Outcome
from tapelint.run.settings import Settings
from tapelint.source.disk import Files
from tapelint.source.document import Document

DEAD = """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
for x, y in [(tf.zeros((2, 4)), tf.zeros((2, 1)))] * 3:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables){comment}
"""
DESCENT = """\
def descend(variables, gradients):
    for variable, gradient in zip(variables, gradients):
        variable = variable - 0.1 * gradient
"""
RULE = "gradients-not-applied"
LINE = 7


def program(comment: str = "") -> str:
    return DEAD.format(comment=comment and f"  # {comment}")


def only(*rules: str, **more: object) -> Settings:
    return merge([option_layer({"select": list(rules), **more}, Path.cwd())])


def told(outcome: Outcome) -> list[tuple[str, str, int]]:
    return [(each.place.path.name, each.rule, each.place.span.start.line) for each in outcome.findings]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train(here: Path) -> Path:
    (here / "train.py").write_text(program())
    return here / "train.py"


class TestFindings:
    def test_a_file(self, train: Path) -> None:
        outcome = lint([train], only("TL101"))
        assert told(outcome) == [("train.py", RULE, LINE)]
        assert (outcome.files, outcome.suppressed, outcome.complete) == (1, 0, True)
        assert outcome.documents[train].text == program()

    def test_findings_are_in_order_and_each_file_is_linted_once(self, train: Path) -> None:
        (train.parent / "a.py").write_text(program())
        (train.parent / "pkg").mkdir()
        (train.parent / "pkg" / "__init__.py").touch()
        (train.parent / "pkg" / "b.py").write_text(program())
        outcome = lint([train, train.parent, train.parent / "a.py"], only("TL101"))
        assert [name for name, _, _ in told(outcome)] == ["a.py", "b.py", "train.py"]
        assert outcome.files == 4

    def test_levels_are_those_asked_for(self, train: Path) -> None:
        outcome = lint([train], only("TL101", severity={"TL101": "info"}))
        assert [each.severity for each in outcome.findings] == ["info"]

    def test_rules_can_be_off_in_some_files(self, train: Path) -> None:
        assert told(lint([train], only("TL101", **{"per-file-ignores": {"train.py": ["TL1"]}}))) == []

    def test_the_settings_are_those_of_the_nearest_file(self, here: Path) -> None:
        for name in ("loud", "silent"):
            (here / name).mkdir()
            (here / name / "train.py").write_text(program())
        (here / "tapelint.toml").write_text('select = ["TL101"]')
        (here / "silent" / "tapelint.toml").write_text('select = ["TL102"]')
        outcome = lint([here], Hierarchy(here))
        assert [each.place.path.parent.name for each in outcome.findings] == ["loud"]


class TestSuppression:
    def test_a_comment_silences_and_is_counted(self, train: Path) -> None:
        train.write_text(program("tapelint: ignore[TL101] on purpose"))
        outcome = lint([train], only("TL101", "TL002"))
        assert (told(outcome), outcome.suppressed) == ([], 1)

    def test_a_needless_comment_is_found_even_in_a_file_without_tensorflow(self, here: Path) -> None:
        (here / "plain.py").write_text("x = 1\ny = 2  # tapelint: ignore[TL101]\n")
        (here / "other.py").write_text("x = 1  # noqa: E501, TL101\n")
        assert told(lint([here], only("TL"))) == [
            ("other.py", "unused-suppression", 1),
            ("plain.py", "unused-suppression", 2),
        ]

    def test_a_file_that_is_no_python_can_be_left_alone(self, here: Path) -> None:
        (here / "template.py").write_text(
            "# tapelint: ignore-file[unparsable-source]\nimport tensorflow as tf\n{{ x }\n"
        )
        outcome = lint([here], only("TL0"))
        assert (told(outcome), outcome.suppressed) == ([], 1)

    def test_in_a_file_that_is_no_python_no_comment_is_needless(self, here: Path) -> None:
        (here / "broken.py").write_text("import tensorflow as tf\nx = (  # tapelint: ignore[TL101]\n")
        assert [rule for _, rule, _ in told(lint([here], only("TL")))] == ["unparsable-source"]


class TestBadInput:
    def test_the_other_files_are_linted(self, train: Path) -> None:
        (train.parent / "broken.py").write_text("import tensorflow as tf\nmodel.fit(x y)\n")
        (train.parent / "binary.py").write_bytes(b"\x7fELF\0\0\1")
        (train.parent / "latin.py").write_bytes("größe = 1\n".encode("latin-1"))
        (train.parent / "utf16.py").write_text("import os\n", encoding="utf-16")
        assert [(name, rule) for name, rule, _ in told(lint([train.parent], only("TL001", "TL101")))] == [
            ("binary.py", "unparsable-source"),
            ("broken.py", "unparsable-source"),
            ("latin.py", "unparsable-source"),
            ("train.py", RULE),
            ("utf16.py", "unparsable-source"),
        ]

    def test_an_encoding_that_is_declared_is_honoured(self, train: Path) -> None:
        train.write_bytes(f"# -*- coding: latin-1 -*-\n{program('größe')}".encode("latin-1"))
        assert told(lint([train], only("TL0", "TL101"))) == [("train.py", RULE, LINE + 1)]

    def test_an_empty_file_and_one_with_a_byte_order_mark(self, train: Path) -> None:
        (train.parent / "empty.py").touch()
        train.write_text("\ufeff" + program())
        assert told(lint([train.parent], only("TL0", "TL101"))) == [("train.py", RULE, LINE)]

    def test_a_file_that_cannot_be_read_is_told(self, train: Path) -> None:
        (train.parent / "gone.py").symlink_to("nowhere")
        outcome = lint([train, train.parent / "gone.py"], only("TL101"))
        assert outcome.failures == {train.parent / "gone.py": "No such file or directory"}
        assert len(outcome.findings) == 1
        assert not outcome.complete

    def test_a_file_in_another_language(self, train: Path) -> None:
        notebook = train.parent / "demo.ipynb"
        notebook.write_text('{"cells": [], "metadata": {"kernelspec": {"language": "julia"}}}')
        outcome = lint([notebook], only("TL101"))
        assert outcome.skipped == {notebook: "the notebook is in julia"}
        assert (outcome.files, outcome.complete) == (1, True)


class TestOtherFiles:
    """What a program does wrong in a file that it imports."""

    @pytest.fixture
    def project(self, here: Path) -> Path:
        (here / "helpers").mkdir()
        (here / "train.py").write_text(
            "from helpers.descent import descend\n" + program() + "\n    descend(model.trainable_variables, grads)\n"
        )
        (here / "helpers" / "descent.py").write_text(DESCENT)
        return here

    def test_it_is_told_if_that_file_was_asked_for(self, project: Path) -> None:
        assert told(lint([project], only("TL208"))) == [("descent.py", "rebound-variable", 3)]

    def test_and_once_whoever_imports_it(self, project: Path) -> None:
        (project / "again.py").write_text((project / "train.py").read_text())
        assert told(lint([project], only("TL208"))) == [("descent.py", "rebound-variable", 3)]

    def test_not_if_it_was_not(self, project: Path) -> None:
        assert told(lint([project / "train.py"], only("TL208"))) == []

    def test_its_comments_count(self, project: Path) -> None:
        (project / "helpers" / "descent.py").write_text(DESCENT.replace("gradient\n", "gradient  # noqa: TL208\n"))
        outcome = lint([project], only("TL208"))
        assert (told(outcome), outcome.suppressed) == ([], 1)


class TestText:
    def test_a_buffer_counts_instead_of_the_file(self, train: Path) -> None:
        train.write_text("nothing of interest")
        assert told(lint_text(train, program().encode(), only("TL101"))) == [("train.py", RULE, LINE)]

    def test_an_excluded_name_is_left_out_by_force(self, here: Path) -> None:
        settings = {"exclude": ["generated"]}
        path = here / "generated" / "train.py"
        assert told(lint_text(path, program().encode(), only("TL101", **settings)))
        forced = lint_text(path, program().encode(), only("TL101", **settings, **{"force-exclude": True}))
        assert (told(forced), forced.files) == ([], 0)


class TestCrashes:
    @pytest.fixture
    def fragile(self, train: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A directory in which the analysis of one of three files goes wrong."""
        (train.parent / "bad.py").write_text(program() + "# crash here\n")
        (train.parent / "good.py").write_text(program())
        build = analyzer.build

        def crashing(documents: Sequence[Document], read: Read, wrappers: Wrappers, target: Target) -> object:
            if any("crash here" in document.text for document in documents):
                raise RuntimeError("the tape is torn")
            return build(documents, read, wrappers, target)

        monkeypatch.setattr(analyzer, "build", crashing)
        return train.parent

    def test_they_cost_no_other_file_its_findings(self, fragile: Path) -> None:
        outcome = lint([fragile], only("TL101"))
        assert [name for name, _, _ in told(outcome)] == ["good.py", "train.py"]
        (crash,) = outcome.crashes
        assert (crash.path.name, crash.error) == ("bad.py", "RuntimeError: the tape is torn")
        assert "crashing" in crash.traceback
        assert not outcome.complete


class TestProcesses:
    @pytest.fixture
    def many(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Files in several directories, with processes for however little work."""
        for name in ("a", "b", "c"):
            (here / name).mkdir()
            (here / name / "train.py").write_text(program())
        monkeypatch.setattr(spread, "WORTH_IT", 0)
        return here

    def test_they_change_nothing_in_the_findings(self, many: Path) -> None:
        alone = lint([many], only("TL101", jobs=1))
        together = lint([many], only("TL101", jobs=2))
        assert [each.place.path.parent.name for each in together.findings] == ["a", "b", "c"]
        assert together == alone

    def test_the_audience_hears_of_every_file(self, many: Path) -> None:
        heard: list[int] = []

        class Listener(Audience):
            def begin(self, files: int) -> None:
                heard.append(-files)

            def advance(self, files: int) -> None:
                heard.append(files)

        lint([many], only("TL101", jobs=2), Listener())
        assert heard[0] == -3
        assert sum(heard) == 0

    def test_one_that_dies_takes_only_its_own_file_with_it(self, many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        parent = os.getpid()
        build = analyzer.build

        def deadly(documents: Sequence[Document], read: Read, wrappers: Wrappers, target: Target) -> object:
            if os.getpid() != parent and any(document.path.parent.name == "b" for document in documents):
                os._exit(11)
            return build(documents, read, wrappers, target)

        monkeypatch.setattr(analyzer, "build", deadly)
        outcome = lint([many], only("TL101", jobs=2))
        assert [each.place.path.parent.name for each in outcome.findings] == ["a", "c"]
        assert [crash.path.parent.name for crash in outcome.crashes] == ["b"]


class TestBatches:
    def test_packages_and_directories_of_scripts_belong_together(self, here: Path) -> None:
        for name in ("pkg/__init__.py", "pkg/a.py", "pkg/sub/__init__.py", "pkg/sub/b.py", "x.py", "y.py", "z/w.py"):
            (here / name).parent.mkdir(exist_ok=True)
            (here / name).write_text(program())
        documents = [(Document(path, path.read_text()), only(RULE)) for path in sorted(here.rglob("*.py"))]
        grouped = [sorted(each.path.name for each in batch.documents) for batch in spread.batches(documents, Files())]
        assert sorted(grouped) == [["__init__.py", "__init__.py", "a.py", "b.py"], ["w.py"], ["x.py", "y.py"]]


class TestInclusion:
    @pytest.fixture(autouse=True)
    def files(self, here: Path) -> None:
        for name in ("a.py", "b.pyw", "c.txt", "deep/d.py", "README.md"):
            (here / name).parent.mkdir(exist_ok=True)
            (here / name).write_text("import keras\n")

    def linted(self, **settings: list[str]) -> list[str]:
        outcome = lint([Path.cwd()], merge([option_layer(settings, Path.cwd())]))
        return sorted(path.relative_to(Path.cwd()).as_posix() for path in outcome.linted)

    def test_by_default_it_is_what_is_python_by_its_name(self) -> None:
        assert self.linted() == ["README.md", "a.py", "deep/d.py"]

    def test_other_files_can_be_added(self) -> None:
        assert self.linted(**{"extend-include": ["*.pyw", "/c.*"]}) == [
            "README.md",
            "a.py",
            "b.pyw",
            "c.txt",
            "deep/d.py",
        ]

    def test_or_chosen_instead(self) -> None:
        assert self.linted(include=["deep/*.py"]) == ["deep/d.py"]
        assert self.linted(**{"include": ["deep/*.py"], "extend-include": ["*.pyw"]}) == ["b.pyw", "deep/d.py"]

    def test_what_is_excluded_stays_out(self) -> None:
        assert self.linted(include=["*.py"], exclude=["deep"]) == ["a.py"]

    def test_a_file_that_is_named_needs_no_inclusion(self) -> None:
        named = [Path.cwd() / "c.txt"]
        assert lint(named, merge([option_layer({"include": ["*.py"]}, Path.cwd())])).linted == set(named)
