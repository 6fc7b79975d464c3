"""The command `face`."""
