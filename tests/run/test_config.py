import dataclasses
from pathlib import Path

import pytest

from tapelint import __version__, catalog
from tapelint.run.config import ConfigError, file_layers, inline_layer, option_layer
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.merge import ROCK_BOTTOM, merge
from tapelint.run.origins import values
from tapelint.run.settings import OUTPUT_FORMATS, Settings
from tapelint.run.toml_lines import line_of


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(text: str, name: str = "tapelint.toml") -> Settings:
    path = Path.cwd() / name
    path.write_text(text)
    layers = file_layers(path)
    assert layers
    return merge(layers)


def refusal(text: str, name: str = "tapelint.toml") -> str:
    with pytest.raises(ConfigError) as caught:
        settings(text, name)
    return str(caught.value)


class TestValues:
    def test_every_key_reaches_the_settings(self, here: Path) -> None:
        got = settings(
            """
            select = ["TL1", "unreduced-loss"]
            extend-select = ["TL501"]
            ignore = ["TL102"]
            extend-ignore = ["TL103"]
            preview = true
            output-format = "json"
            force-exclude = true
            respect-gitignore = false
            jobs = 2
            severity-threshold = "warning"
            exclude = ["old"]
            extend-exclude = ["generated/*.py"]
            per-file-ignores = { "tests/*.py" = ["TL104"], "!src/*" = ["TL501"] }
            [severity]
            TL301 = "error"
            TL609 = "off"
            [wrappers]
            takes-step = ["ourlib.step"]
            shuffles = ["Data.stir", "stir"]
            """
        )
        assert {"gradients-not-applied", "unreduced-loss", "unshuffled-training-data"} <= got.rules
        assert got.rules.isdisjoint({"gradient-never-taken", "forward-outside-tape", "unavailable-monitor"})
        assert (got.preview, got.output_format, got.force_exclude, got.respect_gitignore) == (True, "json", True, False)
        assert (got.jobs, got.severity_threshold, got.severities) == (2, "warning", {"unreduced-loss": "error"})
        assert set(got.wrappers.roles) == {
            ("ourlib.step", "takes-step"),
            ("Data.stir", "shuffles"),
            ("stir", "shuffles"),
        }
        assert [patterns.lines for patterns in got.exclude] == [("old",), ("generated/*.py",)]
        assert {patterns.root for patterns in got.exclude} == {here}
        assert "loss-outside-tape" not in got.rules_for(here / "tests" / "x.py")
        assert "unshuffled-training-data" not in got.rules_for(here / "tests" / "x.py")
        assert {"loss-outside-tape", "unshuffled-training-data"} <= got.rules_for(here / "src" / "x.py")

    def test_pyproject_speaks_in_its_own_table(self) -> None:
        got = settings('[project]\nname = "x"\n[tool.tapelint]\noutput-format = "concise"\n', "pyproject.toml")
        assert got.output_format == "concise"

    def test_a_pyproject_without_the_table_says_nothing(self, here: Path) -> None:
        (here / "pyproject.toml").write_text("[tool.ruff]\nline-length = 9\n")
        assert file_layers(here / "pyproject.toml") == ()

    def test_inline_configuration_is_configuration(self, here: Path) -> None:
        assert merge([inline_layer("severity.TL101 = 'info'", here)]).severities == {"gradients-not-applied": "info"}

    def test_a_later_layer_wins_but_adds_to_lists_that_extend(self, here: Path) -> None:
        low = option_layer({"preview": True, "extend-exclude": ["a"], "ignore": ["TL101"]}, here)
        high = option_layer({"preview": False, "extend-exclude": ["b"]}, here / "sub")
        got = merge([low, high])
        assert not got.preview
        assert [patterns.lines for patterns in got.exclude[1:]] == [("a",), ("b",)]
        assert "gradients-not-applied" not in got.rules

    def test_layers_add_helpers_and_the_last_says_what_one_does(self, here: Path) -> None:
        low = inline_layer("wrappers.takes-step = ['a.b', 'c']", here)
        high = inline_layer("wrappers.applies-gradients = ['a.b']", here)
        assert dict(merge([low, high]).wrappers.roles) == {"a.b": "applies-gradients", "c": "takes-step"}

    def test_each_value_knows_where_it_came_from(self, here: Path) -> None:
        (here / "tapelint.toml").write_text('# mine\nignore = ["TL101"]\n\nselect = [\n  "TL1",\n]\n')
        layers = (*file_layers(here / "tapelint.toml"), option_layer({"jobs": 3}, here))
        told = {key: [origin.place for origin in origins] for key, origins in values((ROCK_BOTTOM, *layers)).items()}
        assert told["select"] == ["tapelint.toml:5"]
        assert told["ignore"] == ["tapelint.toml:2"]
        assert told["jobs"] == ["--jobs"]
        assert told["preview"] == ["default"]

    def test_a_layer_that_selects_makes_void_what_was_selected_before(self, here: Path) -> None:
        layers = [option_layer({"ignore": ["TL101"], "jobs": 1}, here), option_layer({"select": ["TL1"]}, here)]
        assert list(values(layers)) == ["jobs", "select"]


class TestFixes:
    def test_all_are_fixable_by_default(self) -> None:
        assert settings("").unfixable == frozenset()

    def test_unfixable_takes_out_and_the_more_specific_wins(self) -> None:
        got = settings('unfixable = ["TL1"]\nextend-fixable = ["TL106"]')
        assert {"gradients-not-applied"} <= got.unfixable
        assert got.unfixable.isdisjoint({"gradient-inside-tape", "unreduced-loss"})

    def test_fixable_leaves_only_what_it_names(self) -> None:
        got = settings('fixable = ["TL1"]\nunfixable = ["TL101"]')
        assert {"gradients-not-applied", "unreduced-loss"} <= got.unfixable
        assert "gradient-inside-tape" not in got.unfixable

    def test_safety_is_what_is_said_of_it(self) -> None:
        got = settings('extend-safe-fixes = ["TL10"]\nextend-unsafe-fixes = ["TL101"]')
        assert got.safety["gradients-not-applied"] == "unsafe"
        assert got.safety["gradient-never-taken"] == "safe"
        assert "unreduced-loss" not in got.safety


class TestRenamed:
    @pytest.fixture(autouse=True)
    def renamed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rule = dataclasses.replace(catalog.named("unreduced-loss"), aliases=("loss-not-reduced",))
        known = {**catalog._by_any_name(), rule.name: rule, rule.code: rule, "loss-not-reduced": rule}
        monkeypatch.setattr(catalog, "_by_any_name", lambda: known)

    def test_the_former_name_still_means_the_rule_and_is_noticed(self) -> None:
        got = settings('ignore = [\n  "TL101",\n  "loss-not-reduced",\n]\n[severity]\nloss-not-reduced = "off"\n')
        assert got.rules.isdisjoint({"unreduced-loss", "gradients-not-applied"})
        assert got.warnings == (
            "tapelint.toml:3: `ignore` names `loss-not-reduced`, which is called `unreduced-loss` now",
            "tapelint.toml:6: `severity` names `loss-not-reduced`, which is called `unreduced-loss` now",
        )

    def test_so_it_is_on_the_command_line(self, here: Path) -> None:
        got = merge([option_layer({"select": ["loss-not-reduced"]}, here)])
        assert got.rules == {"unreduced-loss"}
        assert got.warnings == ("`--select` names `loss-not-reduced`, which is called `unreduced-loss` now",)


class TestRefusals:
    def test_an_unknown_key_has_its_line_and_its_nearest_neighbour(self) -> None:
        text = '[project]\nname = "x"\n\n[tool.tapelint]\npreview = true\nper_file_ignore = {}\n'
        assert refusal(text, "pyproject.toml") == (
            "pyproject.toml:6: unknown key `per_file_ignore`, did you mean `per-file-ignores`?"
        )

    def test_an_option_for_one_run_is_no_setting(self) -> None:
        assert "`exit-zero` is an option of the command line" in refusal("exit-zero = true")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("preview = 1", ":1: `preview` must be true or false, not the number `1`"),
            ("jobs = 0", "`jobs` must be a whole number above 0"),
            ("jobs = true", "`jobs` must be a whole number above 0, not `true`"),
            ('select = "TL1"', "`select` must be a list of strings, not the string `TL1`"),
            ("select = [1]", "`select` must be a list of strings"),
            ('ignore = ["gradients-not-aplied"]', "did you mean `gradients-not-applied`?"),
            (
                'output-format = "jsn"',
                f"must be one of {', '.join(OUTPUT_FORMATS)}, not the string `jsn`, did you mean `json`?",
            ),
            ('severity-threshold = "off"', "must be one of error, warning, info"),
            ("exclude = ['!']", "`exclude` is wrong: `!` is not a valid pattern"),
            ("per-file-ignores = []", "`per-file-ignores` must be a table"),
            ("\n[per-file-ignores]\n'a' = ['TL1']\n'b' = ['TX9']", ":4: `per-file-ignores` of `b` is wrong"),
            ("[severity]\n\nTL101 = 'eror'", ":3: `severity` of `TL101` must be one of"),
            ("[severity]\nTL999 = 'error'", ":2: `severity` is wrong: there is no rule `TL999`"),
            ("wrappers = ['x']", "`wrappers` must be a table"),
            (
                "[wrappers]\n\napplies_gradient = ['x']",
                ":3: `wrappers` has no key `applies_gradient`, did you mean `applies-gradients`?",
            ),
            ("[wrappers]\nx = []", ":2: `wrappers` has no key `x`, there is applies-gradients, evaluates,"),
            (
                "[wrappers]\nevaluates = []\nshuffles = 'stir'",
                ":3: `wrappers` of `shuffles` must be a list of strings, not the string `stir`",
            ),
            ("[wrappers]\nshuffles = ['stir me']", ":2: `wrappers` of `shuffles` must be dotted names like"),
            ("[wrappers]\nshuffles = ['.stir']", "not `.stir`"),
            (
                "[wrappers]\nshuffles = ['x']\ntakes-step = ['y', 'x']",
                ":3: `wrappers` of `takes-step` names `x`, which is under `shuffles` already",
            ),
            ("\npreview = [", "tapelint.toml:2: "),
            ("target = { keras = 3 }", ':1: `target` of `keras` must be written as the string "3"'),
            ("target = { tensorflow = '2' }", ":1: `target` has no key `tensorflow`, there is keras"),
            ("preview == true", "tapelint.toml:1:"),
        ],
    )
    def test_a_wrong_value_is_named_with_its_line(self, text: str, words: str) -> None:
        assert words in refusal(text)

    def test_all_errors_of_a_file_are_told_at_once(self, here: Path) -> None:
        text = 'selct = ["TL1"]\njobs = 0\nignore = [\n  "TL1",\n  "TX1",  # gone\n  "TX2",\n]\n'
        (here / "tapelint.toml").write_text(text)
        with pytest.raises(ConfigError) as caught:
            file_layers(here / "tapelint.toml")
        assert caught.value.messages == (
            "tapelint.toml:1: unknown key `selct`, did you mean `select`?",
            "tapelint.toml:2: `jobs` must be a whole number above 0, not the number `0`",
            "tapelint.toml:5: `ignore` is wrong: there is no rule `TX1`",
            "tapelint.toml:6: `ignore` is wrong: there is no rule `TX2`",
        )

    def test_errors_inside_tables(self) -> None:
        text = "[per-file-ignores]\n'a' = ['TL1', 'TX1']\n'b' = [\n  'TL1',\n  'TX2',\n]\n'!' = []\n"
        assert refusal(text).splitlines() == [
            "tapelint.toml:2: `per-file-ignores` of `a` is wrong: there is no rule `TX1`",
            "tapelint.toml:5: `per-file-ignores` of `b` is wrong: there is no rule `TX2`",
            "tapelint.toml:7: `per-file-ignores` is wrong: `!` is not a valid pattern",
        ]

    def test_one_rule_under_two_names(self) -> None:
        text = "[severity]\nTL101 = 'info'\ngradients-not-applied = 'error'\n"
        assert refusal(text) == (
            "tapelint.toml:3: `severity` names the same twice, `TL101` and `gradients-not-applied`"
        )

    def test_a_version_that_is_not_this_one_is_all_that_is_told(self) -> None:
        told = refusal('from-the-future = true\nrequired-version = ">=99"\n')
        assert told == f"tapelint.toml:2: this configuration is for tapelint `>=99`, and this is {__version__}"

    def test_versions(self) -> None:
        assert settings(f'required-version = "{__version__}"').rules
        assert settings('required-version = ">=0.1,<9"').rules
        assert "this configuration is for tapelint `0.0.9`" in refusal('required-version = "0.0.9"')
        assert "must be a version such as" in refusal('required-version = "new"')
        assert "must be a version such as" in refusal("required-version = 1")
        assert "must be a version such as" in refusal("required-version = ' '")

    def test_a_table_that_is_none(self) -> None:
        assert "must be a table" in refusal("[tool]\ntapelint = 1\n", "pyproject.toml")

    def test_bytes_that_are_no_text(self, here: Path) -> None:
        (here / "tapelint.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(ConfigError, match="UTF-8"):
            file_layers(here / "tapelint.toml")

    def test_a_file_that_is_missing(self, here: Path) -> None:
        with pytest.raises(ConfigError, match="No such file"):
            file_layers(here / "gone.toml")

    def test_inline_text_that_is_no_toml(self, here: Path) -> None:
        with pytest.raises(ConfigError, match="neither an existing file nor valid TOML"):
            inline_layer("strict.toml", here)

    def test_inline_text_extends_nothing(self, here: Path) -> None:
        with pytest.raises(ConfigError, match="`extend` is for files"):
            inline_layer("extend = 'strict.toml'", here)


class TestLines:
    TEXT = """\
# select
top = 1

[tool.tapelint]  # header
exclude = [
  "a",  # select

  "b",
]
select = ['''
x''']
"quoted-key" = { inner = 2 }
dotted.key = 3

[[tool.other]]
select = 1
[tool.tapelint.severity]
TL101 = "info"
[tool.tapelint.many]
a = ["x"]

b = [ "y",
  "z" ]
"""

    @pytest.mark.parametrize(
        ("key", "line"),
        [
            ("top", 2),
            ("tool", 4),
            ("tool tapelint", 4),
            ("tool tapelint exclude", 5),
            ("tool tapelint select", 10),
            ("tool tapelint quoted-key inner", 12),
            ("tool tapelint dotted key", 13),
            ("tool other", 15),
            ("tool tapelint severity", 17),
            ("tool tapelint severity TL101", 18),
            ("tool tapelint exclude 0", 6),
            ("tool tapelint exclude 1", 8),
            ("tool tapelint select 0", 11),
            ("tool tapelint many a 0", 20),
            ("tool tapelint many b 1", 23),
        ],
    )
    def test_the_statement_that_defines_the_key(self, key: str, line: int) -> None:
        steps = [int(step) if step.isdigit() else step for step in key.split()]
        assert line_of(self.TEXT, steps) == line


class TestHierarchy:
    @pytest.fixture
    def project(self, here: Path) -> Path:
        (here / "tapelint.toml").write_text('output-format = "concise"\n')
        (here / "inner" / "deep").mkdir(parents=True)
        (here / "inner" / "pyproject.toml").write_text('[tool.tapelint]\nignore = ["TL101"]\n')
        return here

    def test_the_nearest_file_wins_and_they_do_not_add_up(self, project: Path) -> None:
        settings = Hierarchy(project).at(project / "inner" / "deep")
        assert "gradients-not-applied" not in settings.rules
        assert settings.output_format == "full"

    def test_tapelint_toml_wins_over_a_pyproject_beside_it(self, project: Path) -> None:
        (project / "pyproject.toml").write_text('[tool.tapelint]\noutput-format = "json"\n')
        assert Hierarchy(project).run.output_format == "concise"

    def test_a_pyproject_that_says_nothing_is_passed_by(self, project: Path) -> None:
        (project / "inner" / "deep" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
        assert "gradients-not-applied" not in Hierarchy(project).at(project / "inner" / "deep").rules

    def test_files_without_configuration_above_them_get_that_of_home(
        self, project: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        assert Hierarchy(project).at(tmp_path_factory.mktemp("elsewhere")).output_format == "concise"

    def test_a_hidden_file_wins_over_both(self, project: Path) -> None:
        (project / ".tapelint.toml").write_text('output-format = "json"\n')
        assert Hierarchy(project).run.output_format == "json"

    def test_the_user_s_own_file_holds_where_there_is_no_other(
        self, project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = tmp_path_factory.mktemp("home")
        (home / "tapelint").mkdir()
        (home / "tapelint" / "tapelint.toml").write_text('output-format = "json"\nexclude = ["/a"]\n')
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
        bare = tmp_path_factory.mktemp("bare")
        assert Hierarchy(bare).run.output_format == "json"
        assert [patterns.root for patterns in Hierarchy(bare).run.exclude] == [bare]
        assert Hierarchy(bare, search=False).run.output_format == "full"
        assert Hierarchy(project).run.output_format == "concise"

    def test_options_win_over_every_file(self, project: Path) -> None:
        hierarchy = Hierarchy(project, [option_layer({"extend-select": ["TL101"]}, project)])
        assert "gradients-not-applied" in hierarchy.at(project / "inner").rules

    def test_isolated_reads_no_file(self, project: Path) -> None:
        (project / "tapelint.toml").write_text("broken")
        assert Hierarchy(project, search=False).at(project / "inner").output_format == "full"

    def test_a_fixed_file_is_the_only_one(self, project: Path) -> None:
        fixed = [inline_layer("output-format = 'json'", project)]
        assert Hierarchy(project, fixed=fixed).at(project / "inner").output_format == "json"

    def test_the_same_settings_are_one_object(self, project: Path) -> None:
        hierarchy = Hierarchy(project)
        assert hierarchy.at(project / "inner") is hierarchy.at(project / "inner" / "deep")
