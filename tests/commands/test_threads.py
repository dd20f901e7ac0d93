"""What the command line sets for the libraries that it loads later."""

import os
import subprocess
import sys

import pytest

CODE = """
import atexit, os, sys
from narratives.cli import main
sys.argv[1:] = ["--version"]
atexit.register(lambda: print(os.environ["OMP_WAIT_POLICY"], "torch" in sys.modules))
main()
"""


@pytest.mark.parametrize(("chosen", "policy"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_sleep_while_they_wait_unless_somebody_chose_otherwise(chosen: str | None, policy: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_WAIT_POLICY": chosen} if chosen else {}
    run = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == f"{policy} False"
