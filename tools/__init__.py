"""What developers run: Lambda's own runtime on this machine, and the template's translation."""
