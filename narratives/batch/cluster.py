"""Many machines: the parts of a plan mapped over a Ray cluster by Ray Data. Needs the extra `cluster`.

Every machine must see the inputs and the output folder under the same names, and have this package installed. The model
travels by itself. (Between its own processes Ray pickles; no file of ours is ever pickled.)
"""

import io
import logging
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from narratives.batch.parts import Cursor
from narratives.batch.plan import PLAN, Plan, differ_in_model
from narratives.batch.plan_file import read_plan
from narratives.batch.storage import OutputFolder
from narratives.batch.work import answer_part
from narratives.errors import UserError, at
from narratives.models import Model, load_model

Watch = Callable[[int, int], None]  # part, texts of it that are done; -1 for all
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def use_ray(address: str | None = None) -> Callable[[Plan, str, Path, list[int], int | None, Watch, Collection[str]], None]:
    """An engine for `classify_files`: the cluster at `address`, or a Ray of this machine alone that ends with the run."""
    if find_spec("ray") is None or find_spec("pandas") is None:  # Ray Data needs pandas
        raise UserError("--engine ray: Ray Data is not installed; install narratives with its extra: cluster")
    if address and "://" in address:  # Ray Client, over which Ray Data has its limits
        raise UserError(f"--address {address}: run this command on a machine of the cluster, with --address auto")
    return partial(run_ray, address)


def run_ray(
    address: str | None,
    plan: Plan,
    output: str,
    model_folder: Path,
    pending: list[int],
    jobs: int | None,
    tell: Watch,
    trust: Collection[str] = (),
) -> None:
    """Classify the pending parts in actors, at most `jobs`; by default one for each processor that the cluster has or gets.

    Where a machine dies, its actors begin again elsewhere, and so do the parts that they were at; a part that is written
    twice gets the same bytes. `UserError` is what an actor says of the user's input.
    """
    import ray
    import ray.data

    with redirect_stdout(_Notices()):
        connect(address, jobs)
        try:
            work = Work(
                plan=str(OutputFolder(output).read(PLAN)),
                output=output,
                place=str(Path.cwd()),
                host=platform.node(),
                model=ray.put(_read(model_folder)),
                trust=tuple(trust),
            )
            most = min(jobs or len(pending), len(pending))
            initial = min(most, max(1, int(ray.cluster_resources().get("CPU", 1))))
            pool = ray.data.ActorPoolStrategy(min_size=1, max_size=most, initial_size=initial, max_tasks_in_flight_per_actor=2)
            # Ray Data's own rule is what we need: actors and their tasks are tried again for ever.
            answers = ray.data.from_items(pending, override_num_blocks=len(pending)).map(
                Worker,
                fn_constructor_args=(work,),
                compute=pool,
                num_cpus=1,
                runtime_env={"env_vars": _ONE_THREAD},
            )
            for answer in answers.iter_rows():
                if answer["problems"]:
                    raise UserError(*answer["problems"].split("\n"))
                tell(answer["part"], -1)
        except ray.exceptions.RayError as error:
            if missing := re.search(r"No module named '[\w.]+'", str(error)):
                raise UserError(f"a machine of the cluster: {missing[0]}; install the same on every machine") from None
            raise
        finally:
            ray.shutdown()


def connect(address: str | None, jobs: int | None = None) -> None:
    """Reach the cluster at `address`, or start one here of `jobs` processors; `UserError` where there is none."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray
    from ray.data import DataContext

    try:
        with _silence():
            if address:
                ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
            else:
                ray.init("local", num_cpus=jobs, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        if not address:
            raise
        raise UserError(f"--address {address}: {str(error).splitlines()[0]}") from None
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what fails is raised too
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False


@dataclass(frozen=True, slots=True)
class Work:
    """What every actor is told."""

    plan: str = field(repr=False)  # as the file has it
    output: str
    place: str  # the folder that relative paths start from
    host: str  # where the command was given
    model: Any  # reference to the model's files: name -> bytes
    trust: tuple[str, ...]  # classes of other packages that it may name


class Worker:
    """An actor: it makes itself ready once, then classifies each part that it is handed."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.output = OutputFolder(work.output)
        self.cursor = Cursor()
        with suppress(OSError):  # no such folder here: all paths may be absolute or URLs
            os.chdir(work.place)

    def __call__(self, row: dict[str, int]) -> dict[str, Any]:
        """Classify a part; `problems` are those of a `UserError`, one a line, or empty."""
        part, problems = int(row["item"]), ""
        try:
            answer_part(self.plan, part, self.model, self.output, self.cursor)()
        except UserError as error:
            host = platform.node()
            problems = "\n".join(line if host == self.work.host else f"{host}: {line}" for line in error.problems)
        return {"part": part, "problems": problems}

    @cached_property
    def plan(self) -> Plan:
        """Read here, to see that the output folder is the one that the command writes to."""
        if self.output.read(PLAN) != self.work.plan:
            raise UserError(
                at(self.work.output, None, "not the same folder on every machine; name one on a shared disk, or a URL")
            )
        return read_plan(self.output)

    @cached_property
    def model(self) -> Model:
        """Loaded from a copy, since a machine need not see the model's folder. Its digests tell whether the copy is true."""
        import ray

        with tempfile.TemporaryDirectory() as folder:
            for name, data in ray.get(self.work.model).items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            model = load_model(Path(folder), self.work.trust)
        if reason := differ_in_model(self.plan, model):
            raise UserError(f"this machine has {reason}; install the same on every machine")
        return model


def _read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class _Notices(io.TextIOBase):
    """Takes what Ray prints on standard output, which a program may read. What fails is raised too; a death is none."""

    def write(self, text: str) -> int:
        """Pass on that a machine died; nothing else."""
        if "has been marked dead" in text:
            print("a machine of the cluster died; its parts are done again elsewhere", file=sys.stderr)
        return len(text)


@contextmanager
def _silence() -> Iterator[None]:
    # Ray's native code writes straight to the descriptor; what goes wrong is raised all the same.
    descriptor, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(descriptor, 2)
        os.close(descriptor)
        os.close(nowhere)
