"""Finding faces: YuNet, tilted and rotated photos, overlap."""
