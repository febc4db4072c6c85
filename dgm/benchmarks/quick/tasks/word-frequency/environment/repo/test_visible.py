from words import frequencies, split_words, top, variety


def test_splits_words():
    assert list(split_words("Don't stop, 'Bob'!")) == ["don't", "stop", "bob"]


def test_counts_words_without_stop_words():
    assert frequencies("The river and the sea, the river") == {"river": 2, "sea": 1}


def test_words_of_the_shortest_length_count():
    assert frequencies("The cat saw a cat", shortest=3) == {"cat": 2, "saw": 1}


def test_top_words():
    assert top("pear apple pear fig apple plum", 2) == [("apple", 2), ("pear", 2)]


def test_variety():
    assert variety("to be or not to be") == 4 / 6
