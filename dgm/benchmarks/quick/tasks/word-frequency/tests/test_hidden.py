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


def test_words_of_one_letter():
    assert frequencies("I know that I know") == {"i": 2, "know": 2, "that": 1}


def test_shorter_words_are_left_out():
    assert frequencies("go gone goes", shortest=4) == {"gone": 1, "goes": 1}
    assert frequencies("go gone goes", shortest=5) == {}


def test_own_stop_words():
    assert frequencies("the red fox", stop_words={"red"}) == {"the": 1, "fox": 1}
    assert frequencies("x y x", stop_words=()) == {"x": 2, "y": 1}


def test_top_with_a_shortest_length():
    assert top("ox ox ox cow cow hen", 5, shortest=3) == [("cow", 2), ("hen", 1)]


def test_top_one():
    assert top("b b a", 1) == [("b", 2)]
    assert top("b a", 0) == []


def test_no_words():
    assert frequencies("12 + 34 !") == {}
    assert variety("...") == 0.0
    assert list(split_words("")) == []


def test_capitals_do_not_matter():
    assert frequencies("Sea SEA sea") == {"sea": 3}
