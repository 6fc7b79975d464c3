"""Docker on this machine: an engine, and a base image that needs no registry."""
