"""From a sample and its labels to figures: each narrative, stance, period and source by the chain rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from narratives.data import Floats, Labels
from narratives.field.chain import Cells
from narratives.field.counting import ANY, Stratum, add_up
from narratives.field.design import LOT
from narratives.field.sample import Sample, SampleText
from narratives.metrics import find_design_effect

LEAST = 30  # labels below which there is a plan, and no estimate


@dataclass(frozen=True, slots=True)
class Claim:
    """What is measured: a narrative, perhaps with one stance only, perhaps in one period or source only."""

    narrative: str
    stance: str = ""
    column: str = ""  # by which the feed is cut; empty: the whole feed
    value: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """What is known of a claim: texts of the feed, labels, and both cells of the chain rule as scalars."""

    claim: Claim
    texts: int
    raised: int
    labels: int  # drawn by lot in this part of the feed: what its prevalence rests on
    carrying: int  # labelled texts that carry it, however drawn
    raised_cells: Cells
    other_cells: Cells

    @property
    def naive(self) -> float:
        """The share of the texts for which the model raises it."""
        return self.raised / self.texts if self.texts else 0.0


@dataclass(frozen=True)
class Measured:
    """A sample with what its readers found."""

    sample: Sample
    labels: Mapping[str, Labels]

    @cached_property
    def rows(self) -> list[SampleText]:
        """The texts that somebody has read."""
        return [text for text in self.sample.texts if text.id in self.labels]

    @cached_property
    def by_lot(self) -> int:
        """How many of them were drawn by lot from the whole feed."""
        return sum(LOT in text.draws for text in self.rows)

    @cached_property
    def chances(self) -> dict[str, float]:
        """For each draw but the first, the probability of a text to come in by it and to be read."""
        drawn: dict[str, list[SampleText]] = {}
        for text in self.sample.texts:
            for name in text.draws:
                drawn.setdefault(name, []).append(text)
        read = {name: sum(text.id in self.labels for text in texts) / len(texts) for name, texts in drawn.items()}
        return {name: texts[0].draws[name] * read[name] for name, texts in drawn.items() if name != LOT}

    @cached_property
    def lots(self) -> dict[tuple[str, ...], float]:
        """For each stratum the probability of a text to come in by lot and to be read; where none was, 0."""
        read: dict[tuple[str, ...], int] = {}
        for text in self.rows:
            if LOT in text.draws:
                read[text.values] = read.get(text.values, 0) + 1
        strata = self.sample.strata
        if self.sample.design.equal:
            return {stratum.values: read.get(stratum.values, 0) / stratum.texts for stratum in strata}
        return dict.fromkeys((stratum.values for stratum in strata), self.by_lot / self.sample.size)

    def list_cuts(self) -> list[tuple[str, str]]:
        """Every part of the feed that strata tell apart: column and value."""
        names = self.sample.design.by
        return [(name, v) for k, name in enumerate(names) for v in sorted({s.values[k] for s in self.sample.strata})]

    def cut(self, pairs: Sequence[tuple[str, str]]) -> "Measured | None":
        """The part of the feed with these values of columns, as a sample of its own; `None` where the feed has none."""
        places = [(self.sample.design.by.index(column), value) for column, value in pairs]

        def is_in(values: Sequence[str]) -> bool:
            return all(values[k] == value for k, value in places)

        strata = tuple(stratum for stratum in self.sample.strata if is_in(stratum.values))
        texts = tuple(text for text in self.sample.texts if is_in(text.values))
        return Measured(replace(self.sample, strata=strata, texts=texts), self.labels) if strata else None

    def choose_strata(self, claim: Claim) -> list[Stratum]:
        """The strata of a part of the feed."""
        return [stratum for stratum in self.sample.strata if self._is_in(stratum.values, claim)]

    def tally(self, claim: Claim) -> Tally:
        """All that is known of a claim."""
        total = add_up(self.choose_strata(claim))
        raised = total.count(claim.narrative, claim.stance)
        rows = [text for text in self.rows if self._is_in(text.values, claim)]
        flags = [is_raised(text, claim) for text in rows]
        effect = self._find_effect(rows, claim) if self.sample.design.whole and rows else 1.0
        raised_texts = [text for text, yes in zip(rows, flags, strict=True) if yes]
        other_texts = [text for text, yes in zip(rows, flags, strict=True) if not yes]
        return Tally(
            claim=claim,
            texts=total.texts,
            raised=raised,
            labels=sum(LOT in text.draws for text in rows),
            carrying=sum(self.carries(text, claim) for text in rows),
            raised_cells=self._weigh(raised_texts, claim, raised, effect),
            other_cells=self._weigh(other_texts, claim, total.texts - raised, effect),
        )

    def carries(self, text: SampleText, claim: Claim) -> bool:
        """Whether its readers found the claim in a text."""
        carried = self.labels[text.id]
        if claim.narrative == ANY:
            return bool(carried)
        return claim.narrative in carried and (not claim.stance or carried[claim.narrative] == claim.stance)

    def weigh(self, text: SampleText, narrative: str) -> float:
        """For how many texts of the feed one stands when a narrative is measured; 0 where its draw says nothing of it."""
        others = [narrative] if narrative != ANY else list(text.raised)
        missed = 1 - self.lots[text.values]
        counts = LOT in text.draws
        for name in others:
            if name in text.raised and name in self.chances:
                missed *= 1 - self.chances[name]
                counts = counts or name in text.draws
        return 1 / (1 - missed) if counts and missed < 1 else 0.0

    def _weigh(self, rows: Sequence[SampleText], claim: Claim, size: int, effect: float) -> Cells:
        """The labelled texts of one cell, as many as they are worth where weights differ or whole documents were drawn."""
        weighed = [(text, weight) for text in rows if (weight := self.weigh(text, claim.narrative))]
        weights = np.array([weight for _, weight in weighed])
        hits = np.array([float(self.carries(text, claim)) for text, _ in weighed])
        worth = float(weights.sum() ** 2 / (weights**2).sum()) / effect if len(weights) else 0.0
        share = float((weights * hits).sum() / weights.sum()) if len(weights) else 0.0
        arrays = (np.array(float(x)) for x in (size, len(weighed), worth, share * worth))
        return Cells(*arrays)

    def _find_effect(self, rows: Sequence[SampleText], claim: Claim) -> float:
        """How many times fewer independent labels texts of whole documents are worth; how alike they are is pooled.

        One figure for both cells: what carries a narrative in a document lies in both, so that they are not independent.
        """
        units = {unit: k for k, unit in enumerate(dict.fromkeys(text.unit for text in rows))}
        narratives = list(dict.fromkeys(n for text in rows for n in self.labels[text.id]))
        claims = [claim, *(Claim(n) for n in narratives if n != claim.narrative)]
        hits, cases = np.zeros((2, len(units), len(claims)))
        for text in rows:
            cases[units[text.unit]] += 1
            hits[units[text.unit]] += [self.carries(text, other) for other in claims]
        return float(find_design_effect(hits, cases)[0])

    def _is_in(self, values: Sequence[str], claim: Claim) -> bool:
        return not claim.column or values[self.sample.design.by.index(claim.column)] == claim.value


def is_raised(text: SampleText, claim: Claim) -> bool:
    """Whether the model raised a claim for a text."""
    if claim.narrative == ANY:
        return bool(text.raised)
    stance = text.raised.get(claim.narrative) or "unknown"
    return claim.narrative in text.raised and claim.stance in ("", stance)


def stack(cells: Sequence[Cells]) -> Cells:
    """Cells of several claims as one record of arrays."""

    def gather(name: str) -> Floats:
        return np.array([float(getattr(cell, name)) for cell in cells])

    return Cells(*(gather(name) for name in ("size", "seen", "worth", "hits")))
