"""What a figure of this test means where the mix of texts is another: precision belongs to the test, its rates travel."""

from narratives.evaluation.figures import Figure, make_figure
from narratives.evaluation.joined import Joined
from narratives.metrics import Owners, find_rates, project_precision

PREVALENCES = (10, 5, 2, 1)  # percent of texts that carry anything
ALARMS = "alarms"
ELSEWHERE = (
    "precision where a share p of the texts carries anything: right / (right + wrong) of all narratives raised, with this "
    "test's rates of right and wrong ones per text that carries something and of false alarms per text that carries nothing, "
    "weighted p and 1 - p; it supposes that texts of either kind are like those of the test"
)


def find_elsewhere(answers: Joined, owners: Owners) -> dict[str, Figure]:
    """False alarms per 100 texts that carry nothing, and `precision_10` to `precision_1`: where 10 to 1 % carry anything.

    Empty unless the test holds passages that carry something and passages that carry nothing.
    """
    rates = find_rates(answers.gold, answers.predicted, owners)
    if rates is None:
        return {}
    alarms, low, high = (100 * side for side in rates.alarms)
    projected = {}
    for percent in PREVALENCES:
        precision = project_precision(rates, percent / 100)
        projected[f"precision_{percent}"] = make_figure(precision[0], precision[1], precision[2], rates.quiet)
    return {ALARMS: make_figure(alarms, low, high, rates.quiet), **projected}
