"""What is lost or doubled when the power goes.

    python experiments/studies/survival/cuts.py --work /somewhere --cuts 100 --again 0.3

Classify, import, migrate, retrain and train work in turn in a small project, each change that they make to the disk is
watched, and at moments drawn by lot the project is written anew as a power cut would leave it (power.py). There the next
command is given, `labels check`, then the job once more; at the end every byte must be as if the power had not gone. Where
the cut came after the job had ended, nothing may be missing even before. `--again`: in this share of the cases the power
goes a second time while the job is given again. Every failure is a line. POSIX only.
"""

import argparse
import os
import random
import shutil
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from measure import copy, differ, fork
from power import Disk
from world import JOBS, STEPS, Job, State, make_world, preload, run_command, view

AFTER = -1  # the moment at which a job has said that it is done


def main() -> None:
    """Cut each job in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--again", type=float, default=0.3)
    parser.add_argument("--deaf", action="store_true")
    parser.add_argument("--jobs", nargs="+", choices=[job.name for job in JOBS], default=[job.name for job in JOBS])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    base = options.work.resolve() / "base"
    rng = random.Random(options.seed)
    if options.deaf:
        Disk.sync = lambda self, descriptor: self.note(together=False)  # type: ignore[method-assign]
    preload()
    guarded(lambda: make_world(base))
    jobs = [job for job in JOBS if job.name in options.jobs]
    total = Counter[str]()
    for job, share in zip(jobs, _share_out(options.cuts, len(jobs)), strict=True):
        total += cut_job(base, job, share, options.again, rng)
    print(f"power cuts: {total['cuts']}, ended with the same bytes: {total['same']} of {total['ends']}", flush=True)


def cut_job(base: Path, job: Job, count: int, again: float, rng: random.Random) -> Counter[str]:
    """Let the power go `count` times in one job; how many cuts there were, how many ends, and how many were good."""
    root = copy(base)
    before = view(root, job)
    steps = count_steps(partial(job.act, root))
    goal = view(root, job)
    images = base.with_name("images")
    shutil.rmtree(images, ignore_errors=True)
    images.mkdir()
    moments = sorted([AFTER] + [rng.randrange(steps) for _ in range(count - 1 - round(again * count / (1 + again)))])
    watch(copy(base), job, moments, images, rng.random())
    result = Counter[str](cuts=len(moments))
    for number, moment in enumerate(moments):
        problems = []
        place(images / str(number), root)
        if moment == AFTER and view(root, job) != goal:
            problems.append(f"done, but then it was not: {differ(view(root, job), goal)}")
        if result["cuts"] < count and moment != AFTER:
            images_again = base.with_name("again")
            shutil.rmtree(images_again, ignore_errors=True)
            images_again.mkdir()
            watch(root, job, [rng.randrange(steps)], images_again, rng.random())
            if (images_again / "0").exists():  # else the job had ended before
                result["cuts"] += 1
                place(images_again / "0", root)
        problems += recover(root, job, before, goal)
        result += Counter(ends=1, same=not problems)
        for problem in problems:
            print(f"{job.name}, cut at {moment} of {steps} changes: {problem}", flush=True)
    print(f"{job.name}: {steps} changes, {result['cuts']} cuts, same bytes {result['same']} of {result['ends']}", flush=True)
    return result


def recover(root: Path, job: Job, before: State, goal: State) -> list[str]:
    """The next command, and the job once more; what is not as it should be."""
    problems = []
    if (code := guarded(partial(run_command, root, "labels", "check"))) not in (0, 1):
        problems.append(f"labels check ends with {code}")
    state = view(root, job)
    if not job.repeats and state not in (before, goal):
        problems.append(f"neither as before nor done: {differ(state, before)} / {differ(state, goal)}")
    if job.repeats or state == before:
        if code := guarded(partial(job.act, root)):
            problems.append(f"given again it ends with {code}")
        state = view(root, job)
    if state != goal:
        problems.append(f"not the same bytes: {differ(state, goal)}")
    return problems


def watch(root: Path, job: Job, moments: list[int], images: Path, seed: float) -> None:
    """Do a job in a process of its own; at each moment, a number of changes, write what a power cut would leave."""

    def act() -> int:
        rng, disk = random.Random(seed), Disk(root)

        def look(step: int) -> None:
            for number, moment in enumerate(moments):
                if moment == step:
                    disk.cut(images / str(number), rng)

        hook(look, disk)
        code = job.act(root)
        look(AFTER)
        return int(code) if isinstance(code, int) else 0

    guarded(act)


def count_steps(act: Callable[[], object]) -> int:
    """Do something in a process of its own; how many changes it makes to the disk."""
    read, write = os.pipe()

    def counted() -> None:
        steps = hook(lambda _: None, None)
        act()
        os.write(write, str(steps[0]).encode())

    guarded(counted)
    return int(os.read(read, 20))


def hook(look: Callable[[int], object], disk: Disk | None) -> list[int]:
    """Call `look` with the number of each change to the disk, before it; let `disk` see it. The count of changes."""
    steps, inside, lock = [0], [False], threading.RLock()  # parts are written in a thread of their own

    def wrap(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def change(*args: Any, **more: Any) -> Any:
            with lock:
                if inside[0]:
                    return original(*args, **more)
                inside[0] = True
                try:
                    if disk:
                        disk.note(together=False)
                    look(steps[0])
                    steps[0] += 1
                    result = original(*args, **more)
                    if disk and name == "fsync":
                        disk.sync(args[0])
                    elif disk:
                        disk.note(together=True)
                    return result
                finally:
                    inside[0] = False

        return change

    for owner, name in STEPS:
        setattr(owner, name, wrap(name, getattr(owner, name)))
    return steps


def guarded(act: Callable[[], object]) -> int:
    """`fork`, with a traceback and exit code 70 for what nobody expected."""

    def safe() -> object:
        try:
            return act()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(70)

    return fork(safe)


def place(image: Path, root: Path) -> None:
    """Put what a power cut left where the project stands."""
    shutil.rmtree(root)
    image.rename(root)


def _share_out(count: int, number: int) -> list[int]:
    return [count // number + (k < count % number) for k in range(number)]


if __name__ == "__main__":
    main()
