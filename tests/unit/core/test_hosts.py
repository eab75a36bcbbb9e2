import pytest

from app.core.errors import PfldLiveError
from app.core.hosts import plain_host


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        (" studio-pc ", "studio-pc"),
        ("my_pc.local.", "my_pc.local."),
        ("münchen.example", "münchen.example"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("[FE80::1%eth0]", "fe80::1%eth0"),
    ],
)
def test_names_and_addresses_are_taken_as_people_write_them(text: str, host: str) -> None:
    assert plain_host(text) == host


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a..b", "can be no name"),
        ("", "can be no name"),
        ("a b", "can be no name"),
        ("-pc", "can be no name"),
        ("\udcff", "can be no name"),
        ("x" * 64, "can be no name"),
        ("ä" * 64, "can be no name"),
        ("ab." * 90, "can be no name"),
        ("256.1.1.1", "four numbers"),
        ("1.2.3", "four numbers"),
        ("[::1", "IPv6"),
        ("[::1]:80", "without a port"),
        ("1:2:3", "IPv6"),
        ("studio-pc:80", "leave ':80' out"),
        ("http://studio-pc", "leave '://studio-pc' out"),
    ],
)
def test_what_can_be_no_machine_is_said_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(PfldLiveError, match=r"\.$") as refused:
        plain_host(text)
    assert words in str(refused.value)
