"""The browser in which pages are tried."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

MODULES = Path(__file__).parents[2] / ".browser" / "node_modules"  # .ci/run fills it


def find_browser() -> tuple[str, str, Path]:
    """The programs `node` and `chromium`, and the folder of packages; skips where one of them is missing."""
    node, chromium = shutil.which("node"), shutil.which("chromium") or shutil.which("chromium-browser")
    if not node:
        pytest.skip("node is not installed")
    if not chromium:
        pytest.skip("chromium is not installed")
    for package in ("playwright-core", "axe-core"):
        if not (MODULES / package).is_dir():
            pytest.skip(f"{package} is not there: npm install --prefix .browser playwright-core axe-core")
    return node, chromium, MODULES


def browse(script: Path, *arguments: object, seconds: int) -> Any:
    """What a script that begins with launch.mjs saw, from the JSON that it prints; skips where the browser does not start."""
    node, chromium, modules = find_browser()
    command = [node, str(script), str(modules), chromium, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    if done.returncode == 3:
        pytest.skip(f"chromium does not start: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
