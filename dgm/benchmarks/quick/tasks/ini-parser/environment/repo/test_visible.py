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
