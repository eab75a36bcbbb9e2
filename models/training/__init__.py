"""What the model families share: labels, data, loop, export, quantization, report.

Torch lives here; the program itself knows models only as ONNX files.
"""

import numpy as np

# numpy measures the limits of its numbers when they are first asked for, and warns where subnormal
# ones are taken for 0, as torch and onnxruntime have the processor do later on.
np.finfo(np.float32)
np.finfo(np.float64)
