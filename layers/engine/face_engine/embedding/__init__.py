"""Face embedding: MobileFaceNet and its ONNX Runtime session."""
