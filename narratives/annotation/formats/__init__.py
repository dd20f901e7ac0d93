"""Label files of other tools, a module for each; `choice` finds the right one."""
