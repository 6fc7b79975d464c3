"""Commands that run what follows them the way that some parents do."""

# As a background job of a non-interactive shell: SIGINT stays ignored in what it executes.
SIGINT_IGNORED = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")
