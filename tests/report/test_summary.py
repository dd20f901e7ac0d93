"""What a report shows: rows of several runs side by side, sorted by what to worry about."""

from dataclasses import replace

from helpers.reported import fill, two_runs

from narratives.evaluation.evaluation import Evaluation, NarrativeScore
from narratives.evaluation.figures import Figure, make_figure, make_share
from narratives.labels.checks import FamilyResult
from narratives.report import summary, weakest

FIRST, SECOND = (fill(run) for run in two_runs()[0])


def labels(groups: list[summary.Group]) -> dict[str, list[str]]:
    return {group.title: [row.label for row in group.rows] for group in groups}


def test_narratives_that_are_equally_good_stand_in_the_order_of_their_ids() -> None:
    row = FIRST.narratives[0]
    assert [r.id for r in summary.sort_rows([replace(row, id=id_) for id_ in "bca"])] == ["a", "b", "c"]


def test_the_weakest_are_named_among_many_that_have_enough_support() -> None:
    rows = [count(f"n{k}", hits=5 * k, support=30) for k in range(7)]
    thin = count("thin", hits=0, support=9)
    named = weakest.find_weakest([thin, *reversed(rows)])
    assert [row.id for row, _ in named] == ["n0", "n1"]  # the interval of n2 holds what is usual
    assert [f1 > (row.f1.value or 0) for row, f1 in named] == [True, True]  # drawn towards the others
    assert weakest.find_weakest([thin, *rows[:6]]) == []


def test_where_chance_explains_the_differences_none_is_called_weak() -> None:
    assert weakest.find_weakest([count(f"n{k}", hits=7 + k % 3, support=12) for k in range(9)]) == []


def count(id_: str, hits: int, support: int) -> NarrativeScore:
    """A row without a false alarm."""
    share = make_share([[1, 1]] * hits + [[0, 1]] * (support - hits))
    low, high = (2 * (side or 0) / (1 + (side or 0)) for side in (share.low, share.high))
    f1 = make_figure(2 * hits / (hits + support), low, high, support)
    return replace(FIRST.narratives[0], id=id_, support=support, raised=hits, hits=hits, f1=f1)


def test_the_counts_are_those_of_the_decisions() -> None:
    run = two_runs()[0][1]
    missed = raised = 0
    for row in run.narratives:
        found = round((row.recall.value or 0) * row.support)
        missed, raised = missed + row.support - found, raised + row.raised - found
    counts = weakest.count_hits(run.narratives)
    assert counts["carried"] - counts["found"] == missed
    assert counts["wrong"] == raised
    precision, recall = counts["found"] / counts["raised"], counts["found"] / counts["carried"]
    assert round(2 * precision * recall / (precision + recall), 4) == run.overall["micro_f1"].value


def test_rows_of_several_runs_are_aligned_and_one_that_lacks_a_row_leaves_a_gap() -> None:
    assert summary.align([["a1", "b1"], ["c2", "a2"]], lambda word: word[0]) == [["a1", "a2"], ["b1", None], [None, "c2"]]
    assert summary.align([[], []], str) == []


def test_overall_figures_that_an_evaluation_lacks_are_left_out() -> None:
    bare = replace(FIRST, overall={"micro_f1": Figure(0.5, 0.4, 0.6)})
    assert list(summary.gather_overall([bare])) == ["micro_f1"]
    assert summary.gather_overall([bare, SECOND])["coverage"].figures[0] == summary.UNDEFINED


def test_curves_come_in_the_order_of_the_table_and_only_for_narratives_that_have_one() -> None:
    ids = [row.id for row in summary.sort_rows(FIRST.narratives) if row.support]
    assert [rows[0].id for rows in summary.gather_curves([FIRST, SECOND]) if rows[0]] == ids


def test_a_level_begins_with_its_lowest_f1() -> None:
    [group] = summary.gather_levels([FIRST, SECOND])
    lowest = [min(figure.value for figure in row.figures if figure.value is not None) for row in group.rows]
    assert lowest == sorted(lowest)


def test_a_slice_in_which_nothing_is_carried_shows_what_was_rightly_left_alone() -> None:
    some, quiet = summary.gather_slices([FIRST])
    assert labels([some, quiet]) == {"some": ["some 1", "some 2"], summary.QUIET: ["some 0"]}
    assert quiet.rows[0].figures == [Figure(0.8, 0.7, 0.9)]


def test_an_axis_with_one_value_is_left_out() -> None:
    assert summary.gather_slices([replace(FIRST, slices=FIRST.slices[1:2])]) == []


def test_the_same_slice_of_two_runs_is_one_row() -> None:
    group, _ = summary.gather_slices([FIRST, replace(SECOND, slices=SECOND.slices[1:2])])
    assert group.rows[0].figures == [Figure(0.25, 0.2, 0.3), Figure(0.25, 0.2, 0.3)]
    assert group.rows[1].figures == [Figure(0.5, 0.4, 0.6), summary.UNDEFINED]


def test_each_stance_has_its_figures() -> None:
    assert labels(summary.gather_stances([FIRST, SECOND])) == {
        "asserts: 30 and 30 found": ["F1", "precision", "recall", "F1 end to end"],
        "rebuts: 10 and 10 found": ["F1", "precision", "recall", "F1 end to end"],
    }


def test_checks_are_shares_that_fail_by_what_should_happen() -> None:
    groups = summary.gather_checks([FIRST])
    assert labels(groups) == {"should not be raised": ["topic"], "should be raised": ["some"]}
    assert [row.figures[0].value for group in groups for row in group.rows] == [0.25, 0.0]


def test_checks_of_a_narrative_that_fail_together_make_their_share_less_sure() -> None:
    counts = {f"n{k}": [2 if k < 2 else 0, 2] for k in range(4)}
    alike = replace(FIRST, behaviour=[FamilyResult("topic", "not raised", 8, 4, [], counts)])
    alone = replace(FIRST, behaviour=[FamilyResult("topic", "not raised", 8, 4, [])])
    [wide, narrow] = [summary.gather_checks([run])[0].rows[0].figures[0] for run in (alike, alone)]
    assert (wide.value, narrow.value) == (0.5, 0.5)
    assert (wide.low or 0) < (narrow.low or 0)


def test_robustness_is_told_for_both_averages() -> None:
    micro, macro = summary.gather_robustness([FIRST])
    assert [row.figures[0] for row in micro.rows] == [Figure(0.8, 0.7, 0.9), Figure(0.6, 0.5, 0.7)]
    assert [row.figures[0].value for row in macro.rows] == [0.75, 0.5]


def test_figures_of_shared_tasks_stand_side_by_side() -> None:
    other = replace(SECOND, shared_tasks={"some": {"f1_macro": 0.5}, "other": {"x": 1.0}})
    assert summary.gather_shared_tasks([FIRST, other]) == {
        "some": [("documents", [40, None]), ("F1 macro", [0.625, 0.5]), ("F1 rare", [None, None])],
        "other": [("x", [None, 1.0])],
    }


def test_errors_keep_their_order_and_know_their_run() -> None:
    errors = summary.gather_errors([FIRST, SECOND])
    assert [error["run"] for error in errors] == [0] * len(FIRST.worst) + [1] * len(SECOND.worst)
    assert [error["miss"] for error in errors] == [*FIRST.worst, *SECOND.worst]
    assert all(error["row"].id == error["miss"].narrative for error in errors)


def test_an_evaluation_without_the_parts_gathers_nothing() -> None:
    bare: Evaluation = replace(
        FIRST, levels=[], slices=[], stances=[], behaviour=[], robustness=[], shared_tasks={}, worst=[], narratives=[]
    )
    for gather in (
        summary.gather_levels,
        summary.gather_slices,
        summary.gather_stances,
        summary.gather_checks,
        summary.gather_robustness,
        summary.gather_shared_tasks,
        summary.gather_errors,
        summary.gather_curves,
    ):
        assert not gather([bare, bare])
