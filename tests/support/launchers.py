"""Command prefixes that start a command as certain parents do."""

# Like a background job of a non-interactive shell: the command starts with SIGINT ignored.
SIGINT_IGNORED = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")
