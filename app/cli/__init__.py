"""The command line: one command with sub-commands, whose heavy imports happen inside them."""
