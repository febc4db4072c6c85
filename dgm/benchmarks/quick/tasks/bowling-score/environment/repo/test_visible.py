from bowling import BadGame, read, running_scores, score


def test_open_frames():
    assert score("9- 81 35") == 26


def test_spare_counts_the_next_roll():
    assert score("5/ 3-") == 16


def test_strike_counts_the_next_two_rolls():
    assert score("X 34") == 24


def test_perfect_game():
    assert score("XXXXXXXXXXXX") == 300


def test_total_waits_for_the_bonus():
    assert running_scores(read("81 X 5")) == [9]


def test_too_many_pins():
    try:
        score("75")
    except BadGame:
        return
    raise AssertionError("no BadGame")
