"""Tell which propaganda narratives a text carries, how it stands to them, and how far to trust the answer."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("narratives")
except PackageNotFoundError:  # the source tree without an installation
    __version__ = "0+uninstalled"
