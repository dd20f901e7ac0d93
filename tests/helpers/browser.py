"""The browser in which pages are tried."""

import shutil
from pathlib import Path

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
