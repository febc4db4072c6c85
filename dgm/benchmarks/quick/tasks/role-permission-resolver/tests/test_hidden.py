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


def test_asking_twice_gives_the_same_answer():
    roles = company()
    first = set(roles.permissions("writer"))
    roles.define("reader", grants=["page:list"])
    assert first == {"page:read", "page:edit"}
    assert roles.permissions("writer") == {"page:list", "page:edit"}


def test_answer_belongs_to_the_caller():
    roles = company()
    roles.permissions("reader").add("page:delete")
    assert not roles.allows(["reader"], "page:delete")


def test_asking_for_one_role_leaves_the_others_alone():
    roles = company()
    roles.permissions("guest")
    roles.permissions("writer")
    roles.define("editor", grants=["page:publish"], inherits=["guest"])
    assert roles.permissions("editor") == {"page:publish", "page:read"}
    assert roles.holders("page:edit") == ["writer"]


def test_stars():
    roles = Roles()
    roles.define("admin", grants=["page:*"])
    assert roles.allows(["admin"], "page:delete")
    assert not roles.allows(["admin"], "user:delete")


def test_one_of_several_roles_is_enough():
    assert company().allows(["guest", "writer"], "page:edit")
    assert not company().allows(["guest", "reader"], "page:edit")
    assert not company().allows([], "page:read")


def test_ring_of_roles():
    roles = Roles()
    roles.define("a", grants=["1"], inherits=["b"])
    roles.define("b", grants=["2"], inherits=["a"])
    assert roles.permissions("a") == {"1", "2"}
    roles.define("a", grants=["3"])
    assert roles.permissions("b") == {"2", "3"}
    assert roles.permissions("a") == {"3"}


def test_unknown_role():
    try:
        company().permissions("boss")
    except KeyError as error:
        assert "boss" in str(error)
        return
    raise AssertionError("no KeyError")


def test_unknown_parent():
    roles = Roles()
    roles.define("a", inherits=["ghost"])
    try:
        roles.permissions("a")
    except KeyError:
        return
    raise AssertionError("no KeyError")


def test_holders_and_unused():
    roles = company()
    assert roles.holders("page:read") == ["guest", "reader", "writer"]
    assert roles.unused() == ["guest"]
