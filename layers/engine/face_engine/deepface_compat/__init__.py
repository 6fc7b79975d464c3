"""Everything that exists only to give DeepFace's own vectors."""
