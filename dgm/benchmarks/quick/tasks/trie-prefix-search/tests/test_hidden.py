from trie import Trie

WORDS = ["car", "card", "care", "cat", "dog"]


def test_words_with_a_prefix():
    assert list(Trie(WORDS).starting_with("car")) == ["car", "card", "care"]


def test_prefix_alone_is_no_word():
    assert "ca" not in Trie(WORDS)


def test_longest_prefix():
    assert Trie(WORDS).longest_prefix_of("cardigan") == "card"


def test_remove_a_word():
    words = Trie(WORDS)
    words.remove("dog")
    assert "dog" not in words


def test_remove_keeps_longer_words():
    words = Trie(WORDS)
    words.remove("car")
    assert list(words.starting_with("c")) == ["card", "care", "cat"]


def test_remove_keeps_shorter_words():
    words = Trie(WORDS)
    words.remove("card")
    assert list(words.starting_with("c")) == ["car", "care", "cat"]
    assert len(words) == 4


def test_remove_keeps_a_shorter_word_without_branches():
    words = Trie(["do", "done"])
    words.remove("done")
    assert "do" in words
    assert words.node_count() == 2


def test_remove_frees_what_only_the_word_needed():
    words = Trie(WORDS)
    before = words.node_count()
    words.remove("dog")
    assert words.node_count() == before - 3


def test_remove_of_an_inner_word_frees_nothing():
    words = Trie(WORDS)
    before = words.node_count()
    words.remove("car")
    assert words.node_count() == before


def test_remove_everything():
    words = Trie(WORDS)
    for word in WORDS:
        words.remove(word)
    assert len(words) == 0
    assert words.node_count() == 0
    assert list(words.starting_with("")) == []


def test_remove_of_unknown_words():
    words = Trie(WORDS)
    for word in ("ca", "cards", "x"):
        try:
            words.remove(word)
        except KeyError:
            continue
        raise AssertionError("no KeyError for " + word)
    assert len(words) == 5


def test_add_tells_whether_the_word_is_new():
    words = Trie()
    assert words.add("one") is True
    assert words.add("one") is False
    assert len(words) == 1


def test_remove_and_add_again():
    words = Trie(WORDS)
    words.remove("care")
    assert words.add("care") is True
    assert list(words.starting_with("car")) == ["car", "card", "care"]


def test_no_longest_prefix():
    assert Trie(WORDS).longest_prefix_of("ca") is None
    assert Trie(WORDS).longest_prefix_of("zebra") is None


def test_unknown_prefix():
    assert list(Trie(WORDS).starting_with("carp")) == []
