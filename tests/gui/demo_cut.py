"""Short labelled clips, cut from the demo clip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av

from app.core.resources import asset
from app.evaluate.project_labels import read_label_file, write_label_file


def cut_demo(path: Path, frames: range) -> Path:
    """Write some frames of the demo clip as a video, and their labels beside it."""
    with av.open(str(asset("demo.mp4"))) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=30, options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for number, frame in enumerate(source.decode(video=0)):
            if number in frames:
                image = frame.to_ndarray(format="bgr24")
                target.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        target.mux(stream.encode())
    labels = read_label_file(asset("demo.labels.jsonl"))
    kept = tuple(labels.frames[number] for number in frames)
    write_label_file(
        path.with_suffix(".labels.jsonl"), replace(labels, clip=path.name, frames=kept)
    )
    return path
