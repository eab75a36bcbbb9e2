"""The course exercise of seed 003: a grey 96×96 crop to 15 keypoints."""
