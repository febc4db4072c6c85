import pytest

from dgm.requirements import checked_names, laid_over


def test_of_a_package_named_twice_the_upper_list_holds():
    assert laid_over(["Mini_SWE==1", "b>2"], ["mini-swe==2", "c"]) == ("b>2", "mini-swe==2", "c")
    assert laid_over([], []) == ()


def test_names_are_brought_into_one_form():
    assert checked_names(["Data.Sets", "b"]) == ("data-sets", "b")


@pytest.mark.parametrize("name", ["", "a==1", "a b", "-r x", "a[b]"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(ValueError, match="is no name of a package"):
        checked_names([name])
