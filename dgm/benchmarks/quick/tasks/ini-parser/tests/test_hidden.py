from settings import Settings, SettingsError

TEXT = """
# the base
[Server]
port = 80
query = a=b

[paths]
search =
    /usr/bin
    /bin
verbose = Yes
"""


def test_reads_values():
    settings = Settings(TEXT)
    assert settings.get("server", "PORT") == "80"
    assert settings.get("server", "query") == "a=b"
    assert settings.get("server", "host", "none") == "none"


def test_reads_types():
    settings = Settings(TEXT)
    assert settings.get_int("server", "port") == 80
    assert settings.get_flag("paths", "verbose") is True
    assert settings.get_lines("paths", "search") == ["/usr/bin", "/bin"]


def test_repeated_section_adds_to_the_first():
    settings = Settings("[server]\nport = 80\n[log]\nlevel = info\n[server]\nhost = example\n")
    assert settings.get("server", "host") == "example"
    assert settings.get("server", "port") == "80"


def test_setting_without_section():
    try:
        Settings("a = 1")
    except SettingsError:
        return
    assert False, "a setting without a section was accepted"


def refused(text):
    try:
        Settings(text)
    except SettingsError:
        return True
    return False


def test_repeated_section_in_other_letters():
    settings = Settings("[Log]\na = 1\n[LOG]\nb = 2\n[ log ]\nc = 3")
    assert [settings.get("log", key) for key in "abc"] == ["1", "2", "3"]
    assert settings.sections() == ["log"]


def test_last_value_of_a_key_wins():
    settings = Settings("[a]\nx = 1\ny = 2\n[b]\nx = 5\n[a]\nX = 3")
    assert settings.get("a", "x") == "3"
    assert settings.get("a", "y") == "2"
    assert settings.get("b", "x") == "5"


def test_order_of_sections():
    assert Settings("[b]\n[a]\nx = 1\n[b]\ny = 2").sections() == ["b", "a"]


def test_sections_do_not_share_keys():
    settings = Settings("[a]\nx = 1\n[b]\ny = 2")
    assert settings.get("b", "x") is None
    assert settings.get("a", "y") is None


def test_comments_and_empty_lines():
    settings = Settings("; note\n[a]\n# x = 1\n\n  ; more\nx = 2 # two")
    assert settings.get("a", "x") == "2 # two"


def test_flags_and_defaults():
    settings = Settings("[a]\nx = OFF\ny = maybe\nz = 1")
    assert settings.get_flag("a", "x", True) is False
    assert settings.get_flag("a", "z") is True
    assert settings.get_flag("a", "none", True) is True
    assert settings.get_int("a", "none", 7) == 7
    for read in (settings.get_flag, settings.get_int):
        try:
            read("a", "y")
        except SettingsError:
            continue
        assert False, "maybe was accepted"


def test_bad_lines():
    assert refused("[a\nx = 1")
    assert refused("[ ]")
    assert refused("[a]\nnothing here")
    assert refused("[a]\n= 1")


def test_value_goes_on_in_a_repeated_section():
    settings = Settings("[a]\nx = 1\n[a]\ny = 2\n  3")
    assert settings.get("a", "x") == "1"
    assert settings.get_lines("a", "y") == ["2", "3"]
