"""The parts of `assets/make_demo_clip.py`: a portrait that turns, blinks, yawns and smiles."""
