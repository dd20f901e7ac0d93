"""`narratives labels`: look after the labelled passages."""

import json
from pathlib import Path

import click

from narratives.commands.options import JSON, open_project


@click.group()
def labels() -> None:
    """Look after the labelled passages."""


@labels.command()
@JSON
@click.pass_obj
def check(root: Path, as_json: bool) -> None:
    """Validate all labels: broken lines, near-duplicates across splits, support of each narrative.

    Exit code 2: something cannot be read, every problem is listed. 1: it can, but something needs a decision.
    """
    from narratives.check import check_labels, describe

    report = check_labels(open_project(root))
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=1))
    else:
        click.echo("\n".join(describe(report)))
    for finding in () if as_json else report.findings:
        click.echo(finding, err=True)
    if report.findings:
        raise SystemExit(1)
