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
