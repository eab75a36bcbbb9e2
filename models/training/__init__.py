"""What the model families share: labels, data, loop, export, quantization, report.

Torch lives here; the program itself knows models only as ONNX files.
"""
