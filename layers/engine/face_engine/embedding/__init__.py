"""Face embedding: MobileFaceNet."""
