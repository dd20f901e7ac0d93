"""A trained model: what it learned, and how it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import Classifier
from narratives.data import STANCES, UNKNOWN, Codebook, Stance, Weighted
from narratives.errors import UserError, did_you_mean
from narratives.models.answers import Answers
from narratives.models.calibration import Calibration
from narratives.models.cascade import Cascade, FirstStage
from narratives.models.inference import cut_texts, read_windows
from narratives.models.parity import Inference
from narratives.models.prior import Guided, Prior
from narratives.models.purposes import Tuning
from narratives.models.stances import tell_stances
from narratives.models.thresholds import decide
from narratives.models.twofold import Twofold
from narratives.progress import Progress
from narratives.texts import WINDOW, list_readable


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted classifier, the codebook it speaks, and for each narrative a calibration curve and a threshold.

    `classify(texts)` gives answers, `explain(text, narrative)` the words behind one.

    >>> model = narratives.load_model("trams/models/tfidf")
    >>> answers = model.classify(["The fare rises again, and for nothing."])
    >>> set(answers[0].scores) == set(model.codebook.ids)
    True
    >>> model.explain("The fare rises again.", "tole")
    Traceback (most recent call last):
    narratives.errors.UserError: unknown narrative 'tole'...
    """

    run: str
    classifier_name: str
    classifier: Classifier
    codebook: Codebook
    calibration: Calibration
    thresholds: NDArray[np.float64]  # (narratives,), in codebook order; on calibrated scores
    training: dict[str, Any] = field(default_factory=dict)  # counts and digests of the data it learned from
    window: int = WINDOW  # characters that are read at once, as many as most training passages have
    detail: int = 0  # characters of the parts in which a window is read once more; 0: as a whole only
    inference: Inference | None = None  # what computes the scores, and how that was chosen
    stances: bool = False  # whether the classifier's last three columns tell stances: where enough of them were labelled
    prior: Prior | None = None  # what the codebook says of narratives with no or few labels, where there are such
    cascade: Cascade | None = None  # what may spare the classifier texts that carry nothing; `None` where nobody asked for it
    tuning: Tuning | None = None  # what calibration and thresholds rest on; `None` for a model of before it was written down
    digest: str = ""  # of the saved model: its manifest and, through it, every file

    def classify(
        self,
        texts: Sequence[str],
        ids: Sequence[str] | None = None,
        *,
        languages: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Answers:
        """The answers to n texts, in order; `ids` name them, by default "0", "1" and so on.

        A text of any length is read window by window; a blank one carries nothing and scores 0 throughout. `languages` are
        codes such as "fa", one for each text, where known: they help to find where sentences end. With a cascade, texts that
        its first stage answers raise nothing and have that stage's calibrated scores.
        """
        if isinstance(texts, str):
            raise TypeError("classify takes a list of texts; for one text: classify([text])[0]")
        for name, values in (("ids", ids), ("languages", languages or None)):
            if values is not None and (isinstance(values, str) or len(values) != len(texts)):
                raise ValueError(f"{name}: a list is needed with one for each of the {len(texts)} texts")
        scorer = Twofold(Guided(self.classifier, self.prior), len(self.codebook.ids), self.detail)
        cuts = cut_texts(texts, self.window, languages)
        quiet = self.first.read(texts, cuts, self.prior, self.thresholds) if self.first else None
        scores, spans, stances = read_windows(scorer, texts, quiet.rest if quiet else cuts, len(self.codebook.ids), progress)
        blank = spans[:, :1, 1] == 0  # or quiet throughout
        calibrated = np.where(blank, np.float32(0), self.calibration.apply(scores))  # curves never fall: the highest stays it
        raised = decide(calibrated, self.thresholds) & ~blank
        if quiet:
            calibrated, spans = np.where(blank, quiet.scores, calibrated), np.where(blank[..., None], quiet.spans, spans)
        return Answers(
            columns=self.codebook.ids,
            ids=tuple(ids) if ids is not None else tuple(map(str, range(len(texts)))),
            scores=calibrated,
            raised=raised,
            stances=np.where(raised, stances, np.int8(UNKNOWN)),
            spans=spans,
            first=quiet.answered if quiet else None,
        )

    def explain(self, text: str, narrative: str) -> list[Weighted]:
        """The words that speak for and against a narrative: start and end in characters, and weight in log-odds."""
        from narratives.models.explanations import explain_text

        if narrative not in self.codebook.ids:
            raise UserError(f"unknown narrative '{narrative}'{did_you_mean(narrative, self.codebook.ids)}")
        column = self.codebook.ids.index(narrative)
        return explain_text(self, text, self.classify([text]).spans[0], [column], against=True)[narrative]

    @property
    def first(self) -> FirstStage | None:
        """What answers texts before the classifier does, where the model has such a stage."""
        return self.cascade.first if self.cascade else None

    @property
    def readable(self) -> frozenset[str] | None:
        """The languages that it can read; `None` where that is not known."""
        return list_readable(getattr(self.classifier, "sense", self.classifier_name), self.training)

    def tell_stances(self, texts: Sequence[str]) -> list[Stance]:
        """How each text stands to what it carries."""
        if not self.stances:
            raise ValueError("this model was taught no stances")
        return [STANCES[k] for k in tell_stances(self.classifier.predict_proba(texts)[:, len(self.codebook.ids) :])]
