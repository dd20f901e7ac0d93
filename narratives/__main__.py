"""`python -m narratives` is `narratives`."""

from narratives.cli import main

main()
