"""What is lost or doubled when commands are killed, when the power goes, or when two run at once.

    python experiments/studies/survival/measure.py --work /somewhere --kills 100 --pairs 20 --malformed 1000000

`--kills`: SIGKILL at a moment drawn by lot, over classify, import, migrate, retrain and train in turn. What was stopped is
given again, half of the time to be stopped again; at the end every byte must be as if it had not been. `--pairs`: two
commands at once must leave what they leave one after the other, in one order or the other. `--malformed`: so many broken
records through classify. Power cuts are in cuts.py. Every failure is a line; the last line of each campaign counts. POSIX only.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # a fork must not lose threads

from world import BROKEN, JOBS, PAIRED, REFUSED, Job, State, make_world, preload, run_command, view  # noqa: E402


def main() -> None:
    """Run the campaigns that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    for campaign in ("kills", "pairs", "malformed"):
        parser.add_argument(f"--{campaign}", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    base = options.work.resolve() / "base"
    preload()
    fork(lambda: make_world(base))
    if options.kills:
        stop_jobs(base, options.kills, random.Random(options.seed))
    if options.pairs:
        pair_jobs(base, options.pairs, random.Random(options.seed))
    if options.malformed:
        read_malformed(base, options.malformed)


def stop_jobs(base: Path, count: int, rng: random.Random) -> None:
    """Stop each job in turn until there were `count` stops; count the jobs whose end is not as it should be."""
    stops, whole, failures = Counter[str](), Counter[str](), list[str]()
    goals = {job.name: learn(base, job) for job in JOBS}
    turn = 0
    while stops.total() < count:
        job = JOBS[turn % len(JOBS)]
        turn += 1
        goal, seconds = goals[job.name]
        root = copy(base)
        before = view(root, job)
        number = rng.randint(1, 2)
        for _ in range(number):
            status = fork(partial(job.act, root), seconds=rng.uniform(0, seconds))
            if status != -signal.SIGKILL:
                break
            stops[job.name] += 1
            fork(partial(run_command, root, "labels", "check"))  # the next command, whatever it is
            state = view(root, job)
            if not job.repeats and state not in (before, goal):
                failures.append(f"{job.name}: neither as before nor done: {differ(state, before)} / {differ(state, goal)}")
            if not job.repeats and state == goal:
                break
        else:
            if job.repeats or view(root, job) == before:
                fork(partial(job.act, root))
        state = view(root, job)
        whole[job.name] += state == goal
        if state != goal:
            failures.append(f"{job.name}: not the same bytes: {differ(state, goal)}")
    for failure in failures:
        print(failure)
    done = ", ".join(f"{name} {stops[name]}" for name in goals)
    print(f"kills: {stops.total()} ({done}); jobs stopped {turn}, ended with the same bytes {whole.total()}", flush=True)


def learn(base: Path, job: Job) -> tuple[State, float]:
    """What a job leaves when nobody stops it, and the seconds that it takes."""
    root, start = copy(base), time.monotonic()
    fork(partial(job.act, root))
    seconds, goal = time.monotonic() - start, view(root, job)
    root = copy(base)
    fork(partial(job.act, root))
    if view(root, job) != goal:
        raise SystemExit(f"{job.name} does not do the same twice: {differ(view(root, job), goal)}")
    return goal, seconds


def pair_jobs(base: Path, count: int, rng: random.Random) -> None:
    """Two jobs at once, `count` times: what is left must be what they leave in one order or the other."""
    pairs = [*combinations(PAIRED, 2), *((job, job) for job in PAIRED)]
    good = 0
    for first, second in rng.sample(pairs, count):
        allowed = [run_after(base, first, second), run_after(base, second, first)]
        root = copy(base)
        children = [start(partial(job.act, root)) for job in (first, second)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        state = view(root)
        allowed += [run_after(base, job) for job, code in ((second, codes[0]), (first, codes[1])) if code == REFUSED]
        good += state in allowed
        if state not in allowed:
            ways = " / ".join(differ(state, other) for other in allowed)
            print(f"{first.name} ({codes[0]}) and {second.name} ({codes[1]}) at once: {ways}")
    print(f"pairs at once: {count}, as one after the other {good}", flush=True)


def run_after(base: Path, *jobs: Job) -> State:
    """What jobs leave, one after the other."""
    root = copy(base)
    for job in jobs:
        fork(partial(job.act, root))
    return view(root)


def read_malformed(base: Path, count: int) -> None:
    """So many broken records of every kind through classify, one good one at the end."""
    root = copy(base)
    with (root / "broken.jsonl").open("wb") as stream:
        for number in range(count):
            stream.write(BROKEN[number % len(BROKEN)] + b"\n")
        stream.write(b'{"id": "good", "text": "the toll bites"}\n')
    begin = time.monotonic()
    words = ("--model", "base", "--output", str(root / "broken"), "--format", "jsonl", "--jobs", "1", "--json")
    fork(lambda: run_command(root, "classify", str(root / "broken.jsonl"), *words))
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = json.loads((root / "broken.run" / "summary.json").read_text())
    rejects = sum(1 for _ in (root / "broken.run" / "rejects.jsonl").open())
    figures = f"{summary['rejects']} told, {rejects} listed, {summary['texts']} texts answered"
    spent = f"{time.monotonic() - begin:.0f} s, {usage.ru_maxrss / 1024:.0f} MB"
    print(f"malformed records: {count}, {figures}, {spent}", flush=True)


def copy(base: Path) -> Path:
    """The project anew, where it always stands."""
    root = base.with_name("project")
    shutil.rmtree(root, ignore_errors=True)
    return Path(shutil.copytree(base, root))


def start(act: Callable[[], object]) -> int:
    """Let a process of its own do something; its number."""
    if child := os.fork():
        return child
    code = act()
    os._exit(code if isinstance(code, int) else 0)


def fork(act: Callable[[], object], seconds: float | None = None) -> int:
    """Do something in a process of its own, which is killed after so many seconds; its exit code, negative for a signal."""
    child = start(act)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def differ(state: State, other: State) -> str:
    """Where two states differ."""
    return ", ".join(sorted(name for name in state.keys() | other.keys() if state.get(name) != other.get(name))) or "nothing"


if __name__ == "__main__":
    main()
