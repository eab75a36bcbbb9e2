"""Faces over time to driver state: numbers, events and a verdict with reasons. No Qt, no cv2.

    monitor = DriverMonitor()                     # or DriverMonitor(settings, baseline=...)
    state = monitor.update(frame_result)          # each FrameResult, in order -> DriverState
    state.condition, state.level, state.reasons   # verdict; state.events: what began or ended
    monitor.main_face.choose(face_id)             # None: the largest face
    monitor.start_calibration()                   # then monitor.calibration.status per frame

- `monitor.DriverMonitor`: the one object to feed, on the thread that feeds it; `settings` may be
  replaced between two frames, `use_baseline` takes the one of a profile.
- `state`: `DriverState` (NaN is unknown), `DriverEvent` (told again under its id when it changes),
  `Condition`, `EventKind`, `BaselineSource`.
- `settings`: `QUANTITIES` declares every threshold once, `GROUPS` orders them for people,
  `DriverSettings` holds their values.
- `measures`: what one face says (`measure(face, ...) -> FaceMeasures`); `baseline`: the person's
  own open, shut and neutral (`Baseline`, `learn_baseline`); `calibration`: with guidance.
- `profiles`: baselines kept under a person's name, with and without glasses (`Profiles`,
  `Profile`); `presets`: settings kept under a name (`Presets`); both in the user's config folder.
- `session.SessionLog`: keeps a session; `report.render_session`, `summary` (`session_summary`,
  `timeline_csv`, `events_csv`, `state_record` for one frame) make files of it;
  `offline.follow_clip`: a whole clip at once.
- `eyes`, `perclos`, `mouth`, `head`: signals to events; `excursion` times movements; `rules`: the
  verdict.

Times are session seconds: 0 at the first frame. Nothing counts frames: crossings are interpolated
between them, so that 10, 15 and 30 fps give the same answer.
"""
