"""Many small input files: they share parts, and the answers are those of each by itself."""

import json
from pathlib import Path

import pytest
from helpers.batch_runs import add, number_texts, run, write_input

from narratives.batch.plan import PLAN, Plan

ENDINGS = ("jsonl", "csv", "txt", "parquet")


def write_small(folder: Path, count: int) -> list[Path]:
    """Files of three records each, in all formats."""
    rows = number_texts(5)[1:4]
    return [write_input(folder / f"f{k:03}.{ENDINGS[k % 4]}", rows) for k in range(count)]


def list_answers(output: Path) -> list[str]:
    return sorted(path.name for path in output.glob("part-*"))


def read_answers(output: Path) -> list[str]:
    return [line for name in list_answers(output) for line in (output / name).read_text(encoding="utf-8").splitlines()]


def test_small_files_share_a_part(small_model: Path, tmp_path: Path) -> None:
    write_small(tmp_path / "in", 40)
    summary = run(small_model, tmp_path / "out", tmp_path / "in")
    assert (summary.parts, summary.texts) == (1, 120)
    assert list_answers(tmp_path / "out") == ["part-00000.jsonl"]


def test_the_answers_are_those_of_each_file_by_itself(small_model: Path, tmp_path: Path) -> None:
    paths = write_small(tmp_path / "in", 12)
    run(small_model, tmp_path / "out", *paths)
    alone = []
    for k, path in enumerate(paths):
        run(small_model, tmp_path / f"alone{k}", path)
        alone += read_answers(tmp_path / f"alone{k}")
    assert read_answers(tmp_path / "out") == alone


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_bytes_do_not_depend_on_how_many_processes_there_are(small_model: Path, tmp_path: Path, jobs: int) -> None:
    paths = write_small(tmp_path / "in", 24)
    one, several = tmp_path / "one", tmp_path / "several"
    summary = run(small_model, one, *paths, part_size=800)
    assert 1 < summary.parts < 24
    run(small_model, several, *paths, part_size=800, jobs=jobs)
    assert list_answers(one) == list_answers(several)
    assert all((one / name).read_bytes() == (several / name).read_bytes() for name in list_answers(one))


def test_a_large_file_between_small_ones_keeps_its_own_parts(small_model: Path, tmp_path: Path) -> None:
    small = write_small(tmp_path / "in", 4)
    large = write_input(tmp_path / "large.jsonl", number_texts(100))
    run(small_model, tmp_path / "out", small[0], small[1], large, small[2], small[3], part_size=1000)
    plan = Plan.from_json(json.loads((tmp_path / "out.run" / Path(PLAN).name).read_text(encoding="utf-8")))
    shared = [sorted({input_.source.path for input_, _ in part}) for part in plan.parts]
    assert shared[0] == [str(small[0]), str(small[1])]
    assert all(paths == [str(large)] for paths in shared[1:-1] if str(large) in paths)
    assert not any(str(large) in paths and len(paths) > 1 for paths in shared)


def test_bad_records_of_all_files_of_a_part_are_told(small_model: Path, tmp_path: Path) -> None:
    paths = [write_input(tmp_path / f"{name}.jsonl", [{"text": "a"}, {"text": 3}]) for name in "ab"]
    assert run(small_model, tmp_path / "out", *paths).rejects == 2
    lines = (tmp_path / "out.run" / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    rejects = [json.loads(line) for line in lines]
    assert [(reject["file"], reject["line"]) for reject in rejects] == [(str(path), 2) for path in paths]


def test_small_files_that_are_added_share_no_part_with_those_before(small_model: Path, tmp_path: Path) -> None:
    run(small_model, tmp_path / "out", *write_small(tmp_path / "in", 3))
    before = (tmp_path / "out" / "part-00000.jsonl").read_bytes()
    more = [write_input(tmp_path / f"more{k}.jsonl", [{"text": f"week two {k}"}]) for k in range(3)]
    add(small_model, tmp_path / "out", *more)
    assert list_answers(tmp_path / "out") == ["part-00000.jsonl", "part-00001.jsonl"]
    assert (tmp_path / "out" / "part-00000.jsonl").read_bytes() == before
