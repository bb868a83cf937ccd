"""Findings that a project knows: written down, left out, noticed when they are gone."""

import json
from pathlib import Path

import pytest

from tapelint.run.settings import OUTPUT_FORMATS
from tests.cli.commands import BROKEN, tapelint
from tests.notebooks import notebook

CALL = "tape.gradient(loss, model.trainable_variables)"


@pytest.fixture(autouse=True)
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own to work in, with a program in which TL101 and TL002 are found."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.py"
    path.write_text(BROKEN)
    return path


def known() -> list[tuple[str, str, str, int]]:
    """What the baseline holds."""
    tree = json.loads(Path("known.json").read_text())
    assert tree["version"] == 1
    return [(row["path"], row["rule"], row["code"], row["count"]) for row in tree["findings"]]


def update(*arguments: str) -> str:
    told = tapelint("check", *arguments, "--baseline", "known.json", "--update-baseline")
    assert told.status == 0, told.err
    return told.err


def found(*arguments: object, stdin: str | None = None) -> list[tuple[str, str]]:
    told = tapelint("check", *arguments, "--baseline", "known.json", "--output-format", "json", stdin=stdin)
    findings = json.loads(told.out)["findings"]
    assert told.status == bool(findings), told.err
    return [(finding["path"], finding["code"]) for finding in findings]


def test_what_is_written_down_is_not_reported() -> None:
    assert update() == "known.json: 2 known, 2 of them new; 0 removed\n"
    assert known() == [("train.py", "gradients-not-applied", CALL, 1), ("train.py", "unused-suppression", "TL201", 1)]
    assert found() == []


def test_one_finding_is_one_line_of_the_file() -> None:
    update()
    rows = Path("known.json").read_text().splitlines()
    assert [row.strip()[:19] for row in rows if "path" in row] == ['{"path": "train.py"'] * 2


def test_writing_the_same_again_does_not_touch_the_file() -> None:
    update()
    before = Path("known.json").stat().st_mtime_ns
    assert update() == "known.json: 2 known, 0 of them new; 0 removed\n"
    assert Path("known.json").stat().st_mtime_ns == before


def test_findings_whose_lines_move_and_whose_neighbours_change_stay_known(train: Path) -> None:
    update()
    moved = (
        BROKEN.replace("import", "# a comment\n\nimport", 1).replace("grads =", "slopes   =").replace("  # n", " # n")
    )
    train.write_text(moved)
    assert found() == []


def test_new_findings_are_reported(train: Path) -> None:
    update()
    train.write_text(BROKEN + BROKEN.partition("\n\n")[2].replace("grads", "others").replace("  # noqa: TL201", ""))
    assert found() == [("train.py", "TL101")]
    Path("more.py").write_text(BROKEN)
    assert found("more.py") == [("more.py", "TL101"), ("more.py", "TL002")]


def test_findings_alike_are_counted(train: Path) -> None:
    twice = BROKEN + BROKEN.partition("\n\n")[2]
    train.write_text(twice)
    update("--select", "TL101")
    assert [count for *_, count in known()] == [2]
    assert found("--select", "TL101") == []
    train.write_text(twice + BROKEN.partition("\n\n")[2])
    assert found("--select", "TL101") == [("train.py", "TL101")]


def test_paths_count_from_the_file(train: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("ci").mkdir()
    assert tapelint("--baseline", "ci/known.json", "--update-baseline").status == 0
    assert json.loads(Path("ci/known.json").read_text())["findings"][0]["path"] == "../train.py"
    monkeypatch.chdir(train.parent / "ci")
    assert tapelint("..", "--baseline", "known.json").status == 0


class TestStale:
    def test_what_is_gone_is_told_and_costs_nothing(self, train: Path) -> None:
        update()
        train.write_text(BROKEN.replace("  # noqa: TL201", ""))
        told = tapelint("--baseline", "known.json")
        assert told.status == 0
        assert told.err == (
            "warning: known.json: a known finding is no longer there; `--update-baseline` takes that out\n"
            "  train.py: unused-suppression: TL201\n"
        )
        assert update() == "known.json: 1 known, 0 of them new; 1 removed\n"
        assert [rule for _, rule, *_ in known()] == ["gradients-not-applied"]
        assert tapelint("--baseline", "known.json").err == ""

    def test_many_are_not_all_listed(self) -> None:
        for number in range(4):
            Path(f"more{number}.py").write_text(BROKEN)
        update()
        for path in Path().glob("*.py"):
            path.write_text("import tensorflow\n")
        told = tapelint("--baseline", "known.json")
        assert "10 known findings are no longer there" in told.err
        assert told.err.endswith("  and 5 more\n")

    def test_what_was_not_linted_stays(self) -> None:
        Path("other.py").write_text(BROKEN)
        update()
        before = known()
        assert tapelint("train.py", "--baseline", "known.json").err == ""
        assert update("train.py") == "known.json: 4 known, 0 of them new; 0 removed\n"
        assert known() == before

    def test_what_the_rules_of_the_run_could_not_find_stays(self) -> None:
        update()
        before = known()
        assert tapelint("--baseline", "known.json", "--select", "TL7").err == ""
        update("--select", "TL7")
        assert known() == before

    def test_what_a_file_hides_that_cannot_be_read_stays(self, train: Path) -> None:
        update()
        train.write_text("import tensorflow as tf\nwith tf.GradientTape(:\n")
        told = tapelint("--baseline", "known.json", "--output-format", "concise")
        assert (told.status, told.err) == (1, "")
        assert "TL001" in told.out
        train.write_bytes(b"import tensorflow\0")
        assert tapelint("--baseline", "known.json").err == ""
        update()
        assert [rule for _, rule, *_ in known()] == ["gradients-not-applied", "unparsable-source", "unused-suppression"]

    def test_a_file_that_is_gone(self, train: Path) -> None:
        Path("other.py").write_text(BROKEN)
        update()
        train.unlink()
        assert "2 known findings are no longer there" in tapelint("other.py", "--baseline", "known.json").err
        update("other.py")
        assert {path for path, *_ in known()} == {"other.py"}

    def test_what_only_running_finds_stays(self) -> None:
        update()
        tree = json.loads(Path("known.json").read_text())
        tree["findings"].append({"path": "train.py", "rule": "TL551", "code": "model.fit()", "count": 1})
        Path("known.json").write_text(json.dumps(tree))
        assert tapelint("--baseline", "known.json").err == ""
        update()
        assert len(known()) == 3


class TestWithOtherOptions:
    def test_the_configuration_may_name_it(self, train: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("tapelint.toml").write_text('baseline = "known.json"\n')
        assert tapelint("--update-baseline").status == 0
        Path("inside").mkdir()
        monkeypatch.chdir(train.parent / "inside")
        assert tapelint("..").status == 0
        assert tapelint("..", "--isolated").status == 1

    def test_standard_input(self) -> None:
        update()
        assert found("-", "--stdin-filename", "train.py", stdin=BROKEN) == []
        assert ("new.py", "TL101") in found("-", "--stdin-filename", "new.py", stdin=BROKEN)
        told = tapelint("-", "--baseline", "known.json", "--update-baseline", stdin=BROKEN)
        assert (told.status, "--stdin-filename" in told.err) == (2, True)

    def test_notebooks(self) -> None:
        Path("train.py").unlink()
        Path("train.ipynb").write_text(notebook("# Title", BROKEN, prose=[1]))
        update()
        Path("train.ipynb").write_text(notebook("# Title", "x = 1", BROKEN, prose=[1]))
        assert found() == []

    def test_what_is_known_is_not_mended(self, train: Path) -> None:
        update()
        told = tapelint("--baseline", "known.json", "--fix")
        assert (told.status, train.read_text()) == (0, BROKEN)
        train.write_text(BROKEN + "x = 1  # tapelint: ignore[TL301]\n")
        assert "fixed 1 finding" in tapelint("--baseline", "known.json", "--fix").err
        assert train.read_text() == BROKEN + "x = 1\n"

    def test_what_is_left_after_fixes_is_what_is_written_down(self, train: Path) -> None:
        update("--fix")
        assert train.read_text() == BROKEN.replace("  # noqa: TL201", "")
        assert [rule for _, rule, *_ in known()] == ["gradients-not-applied"]

    def test_every_format(self) -> None:
        update()
        for form in OUTPUT_FORMATS:
            told = tapelint("--baseline", "known.json", "--output-format", form)
            assert told.status == 0
            assert CALL not in told.out

    def test_only_new_findings_are_silenced_by_comments(self, train: Path) -> None:
        update()
        train.write_text(BROKEN + BROKEN.partition("\n\n")[2].replace("loss", "penalty").replace("  # noqa: TL201", ""))
        assert tapelint("--baseline", "known.json", "--add-ignore").err == "added 1 comment in 1 file\n"
        assert found() == []
        assert train.read_text().startswith(BROKEN)


class TestTrouble:
    @pytest.mark.parametrize(
        ("contents", "words"),
        [
            (b"", "its JSON is not valid at line 1"),
            (b"<<<<<<< HEAD\n{}", "its JSON is not valid at line 1"),
            (b"\xff\xfe", "it is not UTF-8"),
            (b"[]", "it has no `version` and no list of `findings`; name another file"),
            (b'{"name": "a package"}', "it has no `version`"),
            (b'{"version": 7, "findings": []}', "a baseline of version 7, and this tapelint reads version 1"),
            (b'{"version": 1, "findings": ["x"]}', "finding 1 has no text under `path`"),
            (b'{"version": 1, "findings": [{"path": "a", "rule": "b", "code": "c"}]}', "finding 1 has no number"),
            (
                b'{"version": 1, "findings": [{"path": "a", "rule": "b", "code": "c", "count": true}]}',
                "finding 1 has no number above 0 under `count`",
            ),
        ],
    )
    @pytest.mark.parametrize("option", ["--update-baseline", "--quiet"])
    def test_a_file_that_is_no_baseline_is_told_and_kept(self, contents: bytes, words: str, option: str) -> None:
        Path("known.json").write_bytes(contents)
        told = tapelint("--baseline", "known.json", option)
        assert told.status == 2
        assert told.err.startswith("error: known.json: ")
        assert words in told.err
        assert Path("known.json").read_bytes() == contents

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ("--baseline none.json", "none.json: there is no such baseline; `--update-baseline` writes it"),
            ("--baseline . --update-baseline", "the baseline cannot be read: Is a directory"),
            ("--baseline train.py/x --update-baseline", "the baseline cannot be read: Not a directory"),
            ("--baseline no/known.json --update-baseline", "cannot write `no/known.json`: No such file or directory"),
            ("--update-baseline", "`--update-baseline` needs `--baseline FILE`, or `baseline` in the configuration"),
            ("--baseline a --update-baseline --diff", "`--diff` changes nothing"),
            ("--baseline a --update-baseline --diff-base HEAD", "`--diff-base` leaves some out"),
            ("--baseline a --update-baseline --add-ignore", "one of them is enough"),
        ],
    )
    def test_wishes_that_cannot_be_granted(self, arguments: str, words: str) -> None:
        told = tapelint(*arguments.split())
        assert (told.status, words in told.err) == (2, True), told.err
