"""How the command line lists its commands: each with its first sentence, whole."""

import click


class Menu(click.Group):
    """A group whose help cuts no sentence short: what is too long for a line is continued on the next."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write every command with the first sentence of its help."""
        rows = [(name, command.get_short_help_str(limit=1000)) for name, command in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
