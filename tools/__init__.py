"""Developer commands: Lambda's runtime on this machine, locks and environments, the template."""
