"""Where frames come from: cameras, clips, images and streams."""
