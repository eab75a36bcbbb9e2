"""Predictions against labels: the one definition of every error and of every attribute.

- `metrics`, `attributes`: what an error is and which attributes a face has; numpy alone, shared
  with training.
- `labels`, `clip`, `find`: labelled clips, from `project_labels` (the project's own JSON Lines,
  documented there, whose values are in `label_file`), `pts` (300-VW folders, images with `.pts`
  files), `json_images`, `csv_labels` (tables) or `wflw` (its lists).
- `editing`: labels that a person corrects, with undo; `derive`: attributes that no label gives.
- `run`, `matching`, `worst`, `results`: models over a clip, to compact arrays.
- `jobs`: a folder of clips as jobs that can be stopped and go on.
- `layouts`: on which points models and labels of different layouts meet.
- `background`, `store`: an evaluation beside other work, and those that are kept.
- `reference`, `labelling`: labels for a clip that has none.
- `measures`, `summary`, `report`: from the arrays to figures, JSON, CSV and one HTML page.
"""
