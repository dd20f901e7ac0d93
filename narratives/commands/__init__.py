"""The commands: each a few lines over a plain function, imported only when it is called."""

from narratives.commands.menu import Menu
from narratives.commands.options import FOLDER
from narratives.commands.terminal import echo

__all__ = [
    "FOLDER",
    "Menu",
    "echo",
]
