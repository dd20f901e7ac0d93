"""A project with the jobs that the command line has: train, evaluate, suggest."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from narratives.annotation import Suggestion, check_output, choose_format, suggest_texts, write_suggestions
from narratives.batch import Columns
from narratives.door.result import Result
from narratives.errors import UserError
from narratives.files import finish_changes
from narratives.models import Model, load_model
from narratives.progress import Progress, Say, print_line, show_progress
from narratives.project import Project as ProjectFolder
from narratives.runs import evaluate_model, read_answers, train_run


class Project(ProjectFolder):
    """A project's folder, with `labels/`, `experiments/` and `models/`; nothing is read before it is asked for.

    `root` is a path. `trust` names classes of other packages, `package.module:Class`, that its models may be read by, besides
    those that its configs name. What the command line says on standard error is said where `verbose` is set.

    >>> project = narratives.Project("trams")
    >>> project.corpus.codebook.name
    'harrow-ferry-tram'
    >>> project.train("tfidf").run
    'tfidf'
    """

    def __init__(self, root: str | Path, *, trust: Collection[str] = ()) -> None:
        super().__init__(root=Path(root), trust=(trust,) if isinstance(trust, str) else tuple(trust))
        finish_changes(self.root)  # a change of several files that was stopped half-way is completed first

    def load_model(self, run: str) -> Model:
        """The model of a run; `UserError` where it has not been trained."""
        return load_model(self.model(run), self.trusted)

    def train(self, run: str, *, verbose: bool = False) -> Model:
        """Train a run as `experiments/<run>/config.toml` asks, save it to `models/<run>`, and return it.

        New documents get a split, which is written down; a training that was stopped goes on. `UserError` lists what is
        wrong with the labels or the config.
        """
        with _listen(f"train {run}", verbose) as (say, progress):
            return train_run(self, run, say, progress)

    def evaluate(self, run: str, *, split: str | None = None, robustness: bool = False, verbose: bool = False) -> Result:
        """Classify the test passages with a run's model and score them; the predictions and figures are written down.

        They stand in `experiments/<run>/`. `split` names another split than test; `robustness` trains three more times to
        tell what is owed to the split. `UserError` where the run has no model, or one of another codebook.
        """
        with _listen(f"evaluate {run}", verbose) as (say, progress), self.lock(say, run):
            config, corpus = self.read_config(run), self.read_corpus()
            evaluation = evaluate_model(self, config, corpus, split, progress, robustness)
            joined = read_answers(self, evaluation, corpus.part(evaluation.split), corpus.codebook)
        return Result(evaluation, joined, corpus.codebook)

    def suggest(
        self,
        inputs: str | Path | Sequence[str | Path],
        n: int = 50,
        *,
        run: str | None = None,
        output: str | Path | None = None,
        text_column: str = "text",
        id_column: str = "id",
        seed: int = 0,
        verbose: bool = False,
    ) -> list[Suggestion]:
        """The `n` texts of files, folders or patterns whose labels would teach a model most; fewer where there are no more.

        `inputs` are paths as seen from the current folder, or URLs, and their texts stand in `text_column`.
        `run` names the model; a project with one model needs no name. `output` is a file to write: `.json` for Label Studio,
        its labelling interface beside it, or `.jsonl`. `seed` draws one text in twenty by lot. `UserError` where an input
        cannot be read.
        """
        inputs = [inputs] if isinstance(inputs, str | Path) else inputs
        folder = self.model(run or self._find_only_model())
        if output is not None:
            check_output(Path(output), choose_format(Path(output)), self)
        columns = Columns(text_column, id_column)
        with _listen("suggest", verbose) as (say, progress):
            suggestions, _ = suggest_texts(self, folder, list(map(str, inputs)), n, columns, seed, progress, say)
        if output is not None:
            write_suggestions(Path(output), choose_format(Path(output)), suggestions, self.read_codebook(), folder.name)
        return suggestions

    def _find_only_model(self) -> str:
        runs = [path.parent.name for path in sorted(self.root.glob("models/*/model.json"))]
        if len(runs) != 1:
            reason = f"there are several models: {', '.join(runs)}" if runs else "there is no model yet; train one"
            raise UserError(f"{self.root / 'models'}: {reason}; say which: suggest(..., run=...)")
        return runs[0]


@contextmanager
def _listen(title: str, verbose: bool) -> Iterator[tuple[Say, Progress | None]]:
    """Where to speak and to show progress: on standard error, or nowhere."""
    if not verbose:
        yield (lambda _: None), None
        return
    with show_progress(title) as progress:
        yield print_line, progress
