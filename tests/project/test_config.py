"""The config of a run: what reaches the classifier, and what each mistake is told as."""

from pathlib import Path

import pytest
from helpers.examples import problems_of, write_lines, write_project

from narratives.classifiers.interface import hyperparameters
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.data import Objective
from narratives.errors import UserError
from narratives.project.config import RunConfig, read_config
from narratives.project.project import Project

HELD = "'folds_held' is how many of the folds are scored: 1 to 'folds', which must stand beside it"
FOREIGN = (
    "'cascade' asks TF-IDF first, which knows no words of the languages that multilingual was not taught in; take the line out"
)


def read(folder: Path, *lines: str) -> RunConfig:
    return read_config(write_lines(folder / "config.toml", *lines))


def refusal(folder: Path, *lines: str) -> list[str]:
    """The problems of a config, without the path, which every line must begin with."""
    start = f"{folder / 'config.toml'}:"
    problems = problems_of(lambda: read(folder, *lines))
    assert all(problem.startswith(start) for problem in problems)
    return [problem.removeprefix(start) for problem in problems]


def test_a_name_is_enough(tmp_path: Path) -> None:
    assert read(tmp_path, "[classifier]", 'name = "tfidf"') == RunConfig(run=tmp_path.name, classifier="tfidf", options={})


def test_every_setting_is_read(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        'description = "words"',
        "seed = 3",
        "[classifier]",
        'name = "tfidf"',
        "C = 2.5",
        "[evaluation]",
        "resamples = 100",
        "all_languages = true",
        "[thresholds]",
        'objective = "alarms"',
        "max_alarms = 0.02",
        "folds = 3",
        "folds_held = 1",
        "rarer = 2",
    )
    assert config == RunConfig(
        run=tmp_path.name,
        classifier="tfidf",
        options={"C": 2.5},
        description="words",
        seed=3,
        resamples=100,
        all_languages=True,
        objective=Objective.ALARMS,
        max_alarms=0.02,
        folds=3,
        folds_held=1,
        rarer=2.0,
    )


@pytest.mark.parametrize("name", ["transformer", "blend"])
def test_a_cascade_is_had_for_the_asking(tmp_path: Path, name: str) -> None:
    assert not read(tmp_path, "[classifier]", f'name = "{name}"').cascade
    assert not read(tmp_path, "[classifier]", f'name = "{name}"', "[inference]", "cascade = false").cascade
    assert read(tmp_path, "[classifier]", f'name = "{name}"', "[inference]", "cascade = true").cascade


def test_seed_and_options_reach_the_classifier(tmp_path: Path) -> None:
    config = read(tmp_path, "seed = 11", "[classifier]", 'name = "tfidf"', "C = 3", "word_ngrams = [1, 3]", "min_df = 1")
    classifier = config.make_classifier()
    assert isinstance(classifier, TfidfClassifier)
    assert classifier == TfidfClassifier(word_ngrams=(1, 3), min_df=1, C=3.0, seed=11)
    assert isinstance(classifier.C, float)


def test_what_the_config_does_not_name_keeps_its_default(tmp_path: Path) -> None:
    config = read(tmp_path, "[classifier]", 'name = "tfidf"')
    assert hyperparameters(config.make_classifier()) == hyperparameters(TfidfClassifier())


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["sead = 1", "[classifier]", 'name = "tfidf"'], "1: unknown key 'sead'; did you mean 'seed'?"),
        (["[classifier]", 'name = "tfidf"', "mindf = 1"], "3: unknown key 'mindf'; did you mean 'min_df'?"),
        (
            ["[classifier]", 'name = "tfidf"', "seed = 1"],
            "3: unknown key 'seed'; known: word_ngrams, char_ngrams, min_df, C, max_class_weight, leaning",
        ),
        (
            ["[classifier]", 'name = "tfidf"', "coef_ = 1"],
            "3: unknown key 'coef_'; known: word_ngrams, char_ngrams, min_df, C, max_class_weight, leaning",
        ),
        (
            ["[classifier]", 'name = "tfidf"', "", "[evaluaton]", "resamples = 1"],
            "4: unknown key 'evaluaton'; did you mean 'evaluation'?",
        ),
        (
            ["[classifier]", 'name = "tfidf"', "[evaluation]", "samples = 1"],
            "4: unknown key 'samples'; did you mean 'resamples'?",
        ),
        (["[classifier]", 'name = "tfidff"'], "2: unknown classifier 'tfidff'; did you mean 'tfidf'?"),
        (["[classifier]", "name = 3"], "2: unknown classifier '3'; known: tfidf, transformer, multilingual, blend"),
        (["[classifier]", "C = 3"], "1: [classifier] must have a name; known: tfidf, transformer, multilingual, blend"),
        ([], "1: [classifier] must have a name; known: tfidf, transformer, multilingual, blend"),
        (["seed = '1'", "[classifier]", 'name = "tfidf"'], "1: 'seed' must be a whole number, 0 or more"),
        (["seed = -1", "[classifier]", 'name = "tfidf"'], "1: 'seed' must be a whole number, 0 or more"),
        (["seed = true", "[classifier]", 'name = "tfidf"'], "1: 'seed' must be a whole number, 0 or more"),
        (["description = 1", "[classifier]", 'name = "tfidf"'], "1: 'description' must be a text"),
        (["[classifier]", 'name = "tfidf"', "C = 'x'"], "3: 'C' must be a number, 0 or more"),
        (["[classifier]", 'name = "tfidf"', "C = -1.0"], "3: 'C' must be a number, 0 or more"),
        (["[classifier]", 'name = "tfidf"', "C = nan"], "3: 'C' must be a number, 0 or more"),
        (["[classifier]", 'name = "tfidf"', "min_df = 1.5"], "3: 'min_df' must be a whole number, 0 or more"),
        (["[classifier]", 'name = "tfidf"', "word_ngrams = 2"], "3: 'word_ngrams' must be two numbers in brackets"),
        (["[classifier]", 'name = "tfidf"', "word_ngrams = [1]"], "3: 'word_ngrams' must be two numbers in brackets"),
        (["[classifier]", 'name = "transformer"', "bf16 = 1"], "3: 'bf16' must be true or false"),
        (
            ["[classifier]", 'name = "tfidf"', "[evaluation]", "resamples = 'many'"],
            "4: 'resamples' must be a whole number, 0 or more",
        ),
        (["[classifier]", 'name = "tfidf"', "[evaluation]", "resamples = 0"], "4: 'resamples' must be at least 1"),
        (
            ["[classifier]", 'name = "tfidf"', "[thresholds]", 'objective = "mikro"'],
            "4: 'objective' must be narrative or micro or alarms; did you mean 'micro'?",
        ),
        (["[classifier]", 'name = "tfidf"', "[thresholds]", "objective = 1"], "4: 'objective' must be a text"),
        (
            ["[classifier]", 'name = "tfidf"', "[thresholds]", 'objective = "alarms"'],
            '4: objective = "alarms" needs max_alarms beside it, such as: max_alarms = 0.02',
        ),
        (["[classifier]", 'name = "tfidf"', "[thresholds]", "folds = 1"], "4: 'folds' must be 0, for none, or 2 to 20"),
        (["[classifier]", 'name = "tfidf"', "[thresholds]", "folds = 21"], "4: 'folds' must be 0, for none, or 2 to 20"),
        (["[classifier]", 'name = "tfidf"', "[thresholds]", "folds_held = 1"], f"4: {HELD}"),
        (["[classifier]", 'name = "tfidf"', "[thresholds]", "folds = 3", "folds_held = 4"], f"5: {HELD}"),
        (["[classifier]", 'name = "tfidf"', "[thresholds]", "folds = 3", "folds_held = 0"], f"5: {HELD}"),
        (
            ["[classifier]", 'name = "tfidf"', "[thresholds]", "rarer = 0.5"],
            "4: 'rarer' must be 1 to 1000: how many times rarer narratives are where you look for them",
        ),
        (["[classifier]", 'name = "transformer"', "[inference]", "cascade = 1"], "4: 'cascade' must be true or false"),
        (
            ["[classifier]", 'name = "transformer"', "[inference]", "cascades = true"],
            "4: unknown key 'cascades'; did you mean 'cascade'?",
        ),
        (
            ["[classifier]", 'name = "tfidf"', "[inference]", "cascade = true"],
            "4: 'cascade' lets TF-IDF spare an encoder its work, and tfidf has no encoder; take the line out",
        ),
        (["[inference]", "cascade = true", "[classifier]", 'name = "multilingual"'], f"2: {FOREIGN}"),
        (["[classifier]", 'name = "blend"', 'sense = "multilingual"', "[inference]", "cascade = true"], f"5: {FOREIGN}"),
        (["[classifier", 'name = "tfidf"'], "1: not valid TOML: Expected ']' at the end of a table declaration"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, lines: list[str], problem: str) -> None:
    assert refusal(tmp_path, *lines) == [problem]


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    [problem] = refusal(tmp_path, "[classifier]", 'name = ["tfidf"]')
    assert problem.startswith("2: unknown classifier")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    lines = ["sead = 1", "[classifier]", 'name = "tfidf"', "C = 'x'", "[evaluation]", "resamples = 1.5"]
    assert refusal(tmp_path, *lines) == [
        "1: unknown key 'sead'; did you mean 'seed'?",
        "6: 'resamples' must be a whole number, 0 or more",
        "4: 'C' must be a number, 0 or more",
    ]


def test_a_run_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    project = Project(write_project(tmp_path))
    path = tmp_path / "experiments" / "{}" / "config.toml"
    assert problems_of(lambda: project.read_config("bas")) == [
        f"{path}: no run 'bas'; did you mean 'base'?".replace("{}", "bas")
    ]
    assert problems_of(lambda: project.read_config("zoo")) == [
        f"{path}: no run 'zoo'; known: base; to start another, copy the folder of one and edit its config.toml".replace(
            "{}", "zoo"
        )
    ]


def test_a_project_without_runs_is_told_how_to_get_one(tmp_path: Path) -> None:
    path = tmp_path / "experiments" / "base" / "config.toml"
    problem = f"{path}: no run 'base'; narratives init adds the first ones"
    assert problems_of(lambda: Project(tmp_path).read_config("base")) == [problem]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("C = 0", "'C' must be at least 1e-06 and at most 1000000.0"),
        ("min_df = 0", "'min_df' must be at least 1"),
        ("word_ngrams = [3, 1]", "'word_ngrams' must be two numbers, 1 or more, the smaller first"),
    ],
)
def test_a_value_out_of_its_range_is_refused_with_its_line(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[classifier]\nname = "tfidf"\n{line}\n', encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_config(path)
    assert caught.value.problems == (f"{path}:3: {problem}",)


def test_a_classifier_whose_packages_are_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("narratives.classifiers.interface.find_spec", lambda package: None if package == "torch" else object())
    path = write_lines(tmp_path / "config.toml", "[classifier]", 'name = "transformer"')
    assert problems_of(lambda: read_config(path)) == [
        f"{path}:2: 'transformer' needs torch; install narratives with its extra: pip install '.[transformer]'"
    ]
