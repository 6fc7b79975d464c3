"""Runs networks: ONNX Runtime, OpenCV's DNN module and ncnn."""
