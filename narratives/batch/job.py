"""Classify new texts: files in, a folder of answers out, part by part, so that a run can stop at any moment and go on."""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from os.path import isfile
from pathlib import Path
from typing import Any

from narratives.batch.behind import WriteBehind
from narratives.batch.languages import LANGUAGE_NOTES
from narratives.batch.parts import Cursor
from narratives.batch.plan import ANEW, REJECTS, SUMMARY, Input, Options, Plan
from narratives.batch.plan_file import read_plan
from narratives.batch.processes import run_workers
from narratives.batch.resume import Existing, list_done, open_plan, read_log, sweep
from narratives.batch.rows import check_columns
from narratives.batch.sources import describe_left_out, find_sources, has_changed
from narratives.batch.storage import OutputFolder, is_url, to_plain
from narratives.batch.work import answer_part
from narratives.errors import UserError, at
from narratives.evaluation import read_tested
from narratives.files import count_processors
from narratives.models import TESTED_FILE, load_model
from narratives.progress import Progress, Say

Watch = Callable[[int, int], None]  # part, texts of it that are done; -1 for all
Engine = Callable[[Plan, str, Path, list[int], int | None, Watch, Collection[str]], None]


@dataclass(frozen=True, slots=True)
class Workers:
    """Who does the work: processes on this machine, or an engine that has machines of its own."""

    jobs: int | None = None  # processes; by default one for each processor
    engine: Engine | None = None
    trust: Collection[str] = ()  # that of `load_model`


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What a batch run has done so far."""

    parts: int
    done: int
    texts: int = 0
    rows: int = 0  # more than texts where there is one for each window
    empty: int = 0
    none: int = 0  # rows for which no narrative was raised
    rejects: int = 0
    unsure: int = 0  # texts whose language is unsure or not known
    narratives: dict[str, int] = field(default_factory=dict)  # rows for which each was raised, most frequent first
    languages: dict[str, int] = field(default_factory=dict)  # texts in each language, most frequent first
    foreign: dict[str, int] = field(default_factory=dict)  # of these, the languages that the model cannot read
    untested: dict[str, int] = field(default_factory=dict)  # those in which it has no test
    failed: dict[str, int] = field(default_factory=dict)  # those in which it failed its test
    first: int | None = None  # rows that the first stage of a cascade answered; `None` where the model has none
    finder: str = ""  # what found the languages that records do not name; empty where nothing did

    def to_json(self) -> dict[str, Any]:
        """Plain data; of a model without a cascade nothing is said of stages."""
        return {name: value for name, value in asdict(self).items() if name != "first" or value is not None}


def classify_files(
    inputs: Sequence[str],
    model_folder: Path,
    output: str,
    options: Options,
    workers: Workers | None = None,
    *,
    existing: Existing = Existing.GO_ON,
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> BatchSummary:
    """Classify every text of `inputs` into parts in the folder `output`; what is done there already stays.

    The answers do not depend on `workers` or on how often the run was stopped. A bad record goes to `rejects.jsonl` and stops
    nothing. `UserError` where the folder holds another run, unless inputs are to be added to it (`existing`) or it is to go.
    """
    output = to_plain(output)
    if not is_url(output) and isfile(output):  # noqa: PTH113  # a name may be too long for a path
        raise UserError(at(output, None, "is a file; name a folder for the answers"))
    with OutputFolder(output).hold(say):
        try:
            return _classify(inputs, model_folder, output, options, workers or Workers(), existing, progress, say)
        finally:
            sweep(OutputFolder(output))  # a worker may have been stopped in the middle of a file


def _classify(
    inputs: Sequence[str],
    model_folder: Path,
    output: str,
    options: Options,
    workers: Workers,
    existing: Existing,
    progress: Progress | None,
    say: Say,
) -> BatchSummary:
    sources, left_out = find_sources(inputs, output, options.columns.encoding)
    if left_out:
        say(describe_left_out(left_out))
    folder = OutputFolder(output)
    model = load_model(model_folder, workers.trust)
    check_columns(options, model)
    tested = read_tested(model_folder / TESTED_FILE, model.digest)
    options = replace(options, all_languages=options.all_languages or bool(tested and tested.all_languages))
    plan = open_plan(folder, sources, options, model, existing, say, tested.passed if tested else None)
    parts = plan.parts
    finished = list_done(plan, folder, thorough=True)
    pending = [number for number in range(len(parts)) if number not in finished]
    read = {id(input_): input_ for number in pending for input_, _ in parts[number]}.values()  # what is answered may be gone
    _refuse_changed(read, "since this run was begun")
    if len(pending) < len(parts):
        say(f"{len(parts) - len(pending)} of {len(parts)} parts were done already")
    tell = (
        _add_up({number: sum(piece.lines for _, piece in parts[number]) for number in pending}, progress)
        if progress
        else lambda *_: None
    )
    processes = min(workers.jobs or count_processors(), len(pending))
    if workers.engine and pending:
        workers.engine(plan, output, model_folder, pending, workers.jobs, tell, workers.trust)
    elif processes > 1:
        run_workers(plan, output, model_folder, pending, processes, tell, workers.trust)
    else:
        with closing(Cursor()) as cursor, WriteBehind() as behind:
            for number in pending:
                write = answer_part(plan, number, model, folder, cursor, partial(tell, number))
                behind.put(write, partial(tell, number, -1))
    _refuse_changed(read, "while it was read")
    return finish(plan, folder)


def _refuse_changed(inputs: Iterable[Input], when: str) -> None:
    if changed := [input_.source for input_ in inputs if has_changed(input_.source, input_.identity)]:
        reason = f"changed {when}; bring it back as it was, or {ANEW}"
        raise UserError(*(at(source.path, None, reason) for source in changed))


def _add_up(lines: dict[int, int], progress: Progress) -> Watch:
    total, start = sum(lines.values()), time.monotonic()
    counts: dict[int, int] = {}
    so_far = 0

    def tell(number: int, texts: int) -> None:
        nonlocal so_far
        count = lines[number] if texts < 0 else min(texts, lines[number])
        so_far += count - counts.get(number, 0)
        counts[number] = count
        progress(so_far, total, f"{so_far / max(time.monotonic() - start, 1e-9):.0f} texts/s")

    return tell


def summarise(plan: Plan, folder: OutputFolder) -> BatchSummary:
    """What the logs of the parts that are done say."""
    totals: Counter[str] = Counter()
    counted: dict[str, Counter[str]] = {name: Counter() for name in ("narratives", "languages", *LANGUAGE_NOTES)}
    finished = list_done(plan, folder)
    for counts in finished.values():
        for name, counter in counted.items():
            counter.update(counts.pop(name, {}))  # older versions did not count all of them
        totals.update(counts)
    tables = {name: dict(sorted(counter.items(), key=lambda item: (-item[1], item[0]))) for name, counter in counted.items()}
    figures: dict[str, Any] = {**totals, **tables}
    return BatchSummary(len(plan.parts), len(finished), **figures, finder=plan.model["languages"])


def finish(plan: Plan, folder: OutputFolder) -> BatchSummary:
    """Gather the bad records of all parts into one file, and the counts into another."""
    summary = summarise(plan, folder)

    def gather(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            for number in range(len(plan.parts)):
                _, rejects = read_log(plan, number, folder) or ({}, [])
                stream.writelines(line + "\n" for line in rejects)

    folder.settle(name for number in range(len(plan.parts)) for name in (plan.name(number), plan.log(number)))
    if summary.rejects:
        folder.write(REJECTS, gather)
    folder.write_text(SUMMARY, json.dumps(summary.to_json(), indent=1, ensure_ascii=False) + "\n")
    return summary


def locate_rejects(output: str) -> str:
    """The file that says which records of a run could not be read, and why."""
    return OutputFolder(to_plain(output)).place(REJECTS)


def report_status(output: str) -> BatchSummary:
    """What a batch run has done so far, whether or not it is running now."""
    folder = OutputFolder(to_plain(output))
    return summarise(read_plan(folder), folder)
