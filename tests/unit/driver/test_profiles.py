import json
import math
from pathlib import Path

import pytest

from app.core.errors import OutputError, PfldLiveError
from app.driver.baseline import Baseline
from app.driver.presets import Presets
from app.driver.profiles import Profile, Profiles
from app.driver.settings import GROUPS, QUANTITIES, DriverSettings

BASELINE = Baseline(left_open=0.33, right_open=0.32, left_shut=0.12, right_shut=0.11, mouth=0.05)


def _profile(**changes: object) -> str:
    values = {"person": "Ada", "glasses": False, "baseline": BASELINE.as_dict() | changes}
    return json.dumps({"kind": "driver profile", "values": values})


def test_a_profile_of_these_texts_is_one(tmp_path: Path) -> None:
    (tmp_path / "Ada.json").write_text("\ufeff" + _profile(), "utf-8")
    (tmp_path / "%1B%5B2J.json").write_text(_profile(), "utf-8")
    (tmp_path / "folder.json").mkdir()
    assert Profiles(tmp_path).load("Ada").baseline.mouth == BASELINE.mouth
    assert Profiles(tmp_path).names() == ("Ada", "folder")
    with pytest.raises(PfldLiveError, match="holds no driver profile"):
        Profiles(tmp_path).load("folder")


def test_a_person_has_a_profile_with_and_one_without_glasses(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path / "profiles")
    assert profiles.names() == ()
    for glasses in (False, True):
        profiles.save(Profile(person=" Zoë ", glasses=glasses, baseline=BASELINE))
    assert profiles.names() == ("Zoë", "Zoë (with glasses)")
    loaded = profiles.load("Zoë (with glasses)")
    assert (loaded.person, loaded.glasses) == ("Zoë", True)
    assert loaded.baseline.left_open == BASELINE.left_open
    assert math.isnan(loaded.baseline.yaw)
    profiles.delete("Zoë")
    assert profiles.names() == ("Zoë (with glasses)",)


@pytest.mark.parametrize("name", ["a/b", "..", "C:\\x", "con.json", "Åsa 100 %", "名" * 60])
def test_names_may_hold_what_file_names_may_not(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    path = Profiles(folder).save(Profile(person=name, glasses=False, baseline=BASELINE))
    assert path.parent == folder
    assert Profiles(folder).names() == (name,)
    assert Profiles(folder).load(name).person == name


@pytest.mark.parametrize("name", ["", "   ", "a" * 61, "a\nb"])
def test_a_name_that_can_be_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PfldLiveError, match="needs a name"):
        Profiles(tmp_path).save(Profile(person=name, glasses=False, baseline=BASELINE))


def test_a_missing_profile_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    Profiles(tmp_path).save(Profile(person="Ada", glasses=False, baseline=BASELINE))
    with pytest.raises(PfldLiveError, match=r"'Grace'.*there are: Ada"):
        Profiles(tmp_path).load("Grace")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[1]",
        '{"kind": "driver preset", "values": {}}',
        '{"kind": "driver profile", "values": {"person": "Ada", "baseline": {}}}',
        '{"kind": "driver profile", "values": {"person": "Ada", "baseline": null}}',
        "[" * 100_000,
        "1" * 5000,
        _profile(left_open=10**400),
        _profile(yaw=1e300),
        _profile(mouth="wide"),
        _profile(shut_seen=1),
        _profile(left_open="1e400"),
        _profile().replace("Ada", "\\u001b[31m"),
        _profile().replace("Ada", "\\ud800"),
    ],
    ids=lambda content: content[:20],
)
def test_a_broken_profile_is_told_in_one_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "Ada.json").write_text(content, "utf-8")
    with pytest.raises(PfldLiveError) as caught:
        Profiles(tmp_path).load("Ada")
    assert str(caught.value).endswith(".")


def test_a_profile_that_cannot_be_kept_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match="cannot be made"):
        Profiles(tmp_path / "file").save(Profile(person="A", glasses=False, baseline=BASELINE))


def test_a_preset_comes_back_as_it_was(tmp_path: Path) -> None:
    settings = DriverSettings(microsleep_s=1.5, perclos_drowsy=0.2)
    Presets(tmp_path).save("strict", settings)
    assert Presets(tmp_path).names() == ("strict",)
    assert Presets(tmp_path).load("strict") == settings


def test_a_preset_from_an_older_program_takes_defaults_for_what_it_lacks(tmp_path: Path) -> None:
    path = Presets(tmp_path).save("old", DriverSettings())
    path.write_text(json.dumps({"kind": "driver preset", "values": {"microsleep_s": 2}}))
    assert Presets(tmp_path).load("old") == DriverSettings(microsleep_s=2.0)


@pytest.mark.parametrize(
    "values",
    [{"microsleep_s": 99}, {"no_such": 1}, {"microsleep_s": "1"}, {"microsleep_s": True}],
)
def test_a_preset_out_of_range_or_of_another_kind_is_refused(
    values: dict[str, object], tmp_path: Path
) -> None:
    path = Presets(tmp_path).save("bad", DriverSettings())
    path.write_text(json.dumps({"kind": "driver preset", "values": values}))
    with pytest.raises(PfldLiveError):
        Presets(tmp_path).load("bad")


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(PfldLiveError, match="must not be above"):
        DriverSettings(long_closure_s=1.5, microsleep_s=1.0)


def test_every_setting_has_a_quantity_with_a_source_and_a_place_in_one_group() -> None:
    fields = set(DriverSettings().as_dict())
    assert fields == set(QUANTITIES)
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(fields)
    assert all(quantity.source and quantity.help for quantity in QUANTITIES.values())
    assert DriverSettings().as_dict() == {n: q.default for n, q in QUANTITIES.items()}


def test_the_folder_can_be_chosen_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PFLD_LIVE_CONFIG", str(tmp_path / "config"))
    path = Presets().save("mine", DriverSettings())
    assert path == tmp_path / "config" / "driver-presets" / "mine.json"


def test_a_name_too_long_for_a_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"too long for a file; choose a shorter one\.$"):
        Presets(tmp_path).save("\N{GRINNING FACE}" * 60, DriverSettings())
    assert Presets(tmp_path).save("\N{CJK UNIFIED IDEOGRAPH-4E2D}" * 60, DriverSettings()).is_file()
