"""A model that waits takes the place of the one that stands, whatever its verdict: asked twice, done once."""

import threading
from contextlib import nullcontext
from dataclasses import dataclass
from os.path import isdir

from narratives.errors import UserError
from narratives.project import Project
from narratives.runs import RetrainRequest, retrain_run


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of a promotion."""

    run: str
    state: str  # under way, done, not needed, failed
    outcome: str = ""


class Promotions:
    """Runs promotions one at a time beside the answers, and remembers the last of each run."""

    def __init__(self, project: Project) -> None:
        """Nothing is under way."""
        self._project = project
        self._lock = threading.Lock()
        self._states: dict[str, Progress] = {}

    def list_states(self) -> list[Progress]:
        """The last promotion of each run."""
        with self._lock:
            return list(self._states.values())

    def waits(self, run: str) -> bool:
        """Whether a model waits for a run."""
        plain = bool(run) and not run.startswith(".") and "/" not in run and "\\" not in run and "\0" not in run
        return plain and isdir(self._project.challenger(run))  # noqa: PTH112  # a name may be too long for a path

    def begin(self, run: str) -> bool:
        """Promote the model that waits; `False` where that is under way or there is none."""
        with self._lock:
            if any(state.state == "under way" for state in self._states.values()) or not self.waits(run):
                return False
            self._states[run] = Progress(run, "under way")
        threading.Thread(target=self._promote, args=(run,), name=f"promote {run}", daemon=False).start()
        return True

    def _promote(self, run: str) -> None:
        state = Progress(run, "failed", "an error of the program; its traceback is where the server was started")
        try:
            outcome = retrain_run(
                self._project, run, RetrainRequest(promote=True), lambda _: None, lambda _: nullcontext(lambda *_: None)
            )
            result = f"version {outcome.version} stands" if outcome.promoted else "; ".join(outcome.reasons)
            state = Progress(run, "done" if outcome.promoted else "not needed", result)
        except UserError as error:
            state = Progress(run, "failed", error.problems[0])
        finally:
            with self._lock:
                self._states[run] = state
