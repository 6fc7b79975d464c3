"""Developer tools: the local Lambda runtime, image builds and template translation."""
