from roles import Roles


def company():
    roles = Roles()
    roles.define("reader", grants=["page:read"])
    roles.define("writer", grants=["page:edit"], inherits=["reader"])
    roles.define("guest", denials=["page:edit"], inherits=["writer"])
    return roles


def test_role_has_its_own_grants():
    assert company().permissions("reader") == {"page:read"}


def test_role_inherits():
    assert company().permissions("writer") == {"page:read", "page:edit"}


def test_denial_wins():
    assert company().permissions("guest") == {"page:read"}


def test_redefined_parent_counts_at_once():
    roles = company()
    assert roles.allows(["writer"], "page:read")
    roles.define("reader", grants=[])
    assert not roles.allows(["writer"], "page:read")
