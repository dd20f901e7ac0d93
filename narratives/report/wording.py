"""Figures in words: how values, intervals and what they mean are written, on the page and in Markdown."""

import re

from markupsafe import Markup

from narratives.errors import show_controls
from narratives.evaluation import ALARMS, Comparison, Evaluation, Figure
from narratives.report.weakest import find_precision

_ADDRESS = re.compile(r"://|\bwww\.|@", re.IGNORECASE)  # what some readers of Markdown make a link of, unasked


def tell_noticeable(comparison: Comparison) -> str:
    """The smallest falls that this test set could have noticed."""
    micro = comparison.overall["micro_f1"].noticeable
    parts = [] if micro is None else [f"a fall of {number(micro, 3)} in micro F1 four times in five"]
    tested = [difference for difference in comparison.narratives.values() if difference.p_corrected is not None]
    if falls := sorted(score.noticeable for score in tested if score.noticeable is not None):
        parts.append(f"in F1 of a narrative one of {number(falls[0])} at best, {number(falls[len(falls) // 2])} in the middle")
    if mute := sum(score.noticeable is None for score in tested):
        parts.append(f"of {mute} of {len(tested)} narratives not even silence")
    return f"What this test set could have noticed: {'; '.join(parts)}." if parts else ""


def tell_alarms(evaluation: Evaluation) -> str:
    """False alarms on texts that carry nothing, and the mix of the test."""
    alarms = evaluation.elsewhere[ALARMS]
    carrying = percent(1 - evaluation.none / evaluation.passages)
    if alarms.value is None or alarms.low is None or alarms.high is None:
        return ""
    return (
        f"{evaluation.run} raises {alarms.value:.1f} narratives per 100 texts that carry nothing "
        f"({alarms.low:.1f}–{alarms.high:.1f}, from {alarms.cases} such passages); {carrying} of the passages here carry some"
        f"{_tell_precision(evaluation)}."
    )


def _tell_precision(evaluation: Evaluation) -> str:
    precision = find_precision(evaluation.narratives)
    return "" if precision is None else f", and {percent(precision)} of what it raises here is right"


def number(value: float | None, digits: int = 2) -> str:
    """A number, or a dash where it is undefined."""
    return "–" if value is None else f"{value:.{digits}f}"


def figure(value: Figure) -> str:
    """`0.61 (0.50–0.70)`; of fewer cases than can be read `1.00 (too few)`."""
    if value.few:
        return f"{number(value.value)} (too few)"
    return number(value.value) if value.low is None else f"{number(value.value)} ({number(value.low)}–{number(value.high)})"


def spread(value: Figure) -> Markup:
    """The same for the page: the value stands out, the interval stays behind."""
    if value.few:
        return Markup("<b>{}</b> <small>too few</small>").format(number(value.value))
    if value.low is None:
        return Markup("<b>{}</b>").format(number(value.value))
    return Markup("<b>{}</b> <small>{}–{}</small>").format(number(value.value), number(value.low), number(value.high))


def signed(value: Figure) -> str:
    """`+0.08 (-0.01 to +0.15)`."""
    if value.value is None or value.low is None or value.high is None:
        return "–"
    return f"{value.value:+.2f} ({value.low:+.2f} to {value.high:+.2f})"


def fine(value: Figure) -> str:
    """`0.061 (0.050–0.070)`: a figure that is small by nature."""
    if value.low is None or value.few:
        return number(value.value, 3) + (" (too few)" if value.few else "")
    return f"{number(value.value, 3)} ({number(value.low, 3)}–{number(value.high, 3)})"


def share(value: Figure) -> str:
    """`30 % (20–43 %)`."""
    if value.value is None or value.low is None or value.high is None or value.few:
        return percent(value.value) + (" (too few)" if value.few else "")
    return f"{percent(value.value)} ({100 * value.low:.0f}–{100 * value.high:.0f} %)"


def percent(value: float | None) -> str:
    """`30 %`."""
    return "–" if value is None else f"{100 * value:.0f} %"


def cell(text: object) -> str:
    """Text that cannot break a Markdown table or smuggle markup, links, images or control characters into one."""
    plain = show_controls(" ".join(str(text).split()))
    plain = re.sub(r"[\\|`\[\]]", r"\\\g<0>", plain).replace("<", "&lt;")
    return _ADDRESS.sub(lambda match: match[0].replace("/", "&#47;").replace(".", "&#46;").replace("@", "&#64;"), plain)
