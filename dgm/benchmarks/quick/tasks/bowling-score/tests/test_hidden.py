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


def test_two_strikes_in_a_row():
    assert running_scores(read("X X 34")) == [23, 40, 47]


def test_strikes_and_a_spare():
    assert running_scores(read("X X 5/ 2-")) == [25, 45, 57, 59]


def test_three_strikes_then_nothing_known():
    assert running_scores(read("X X X")) == [30]
    assert running_scores(read("X X")) == []


def test_strikes_into_the_tenth_frame():
    assert score("-- -- -- -- -- -- -- -- X X34") == 23 + 17
    assert score("-- -- -- -- -- -- -- X X X34") == 30 + 23 + 17


def test_strike_before_an_unfinished_tenth_frame():
    assert running_scores(read("-- -- -- -- -- -- -- -- X X")) == [0] * 8
    assert running_scores(read("-- -- -- -- -- -- -- -- X X2")) == [0] * 8 + [22]


def test_spare_in_the_tenth_frame():
    assert score("9- 9- 9- 9- 9- 9- 9- 9- 9- 9/5") == 96
    assert score("9/ 9/ 9/ 9/ 9/ 9/ 9/ 9/ 9/ 9/9") == 190


def test_tenth_frame_counts_once_it_is_complete():
    nine = "9- 9- 9- 9- 9- 9- 9- 9- 9- "
    assert score(nine + "4") == 81
    assert score(nine + "9/") == 81
    assert score(nine + "X5") == 81
    assert score(nine + "X54") == 100
    assert score(nine + "44") == 89


def test_half_a_frame_is_not_known():
    assert running_scores(read("81 3")) == [9]
    assert running_scores(read("5/")) == []


def test_mixed_game():
    assert score("X 7/ 9- X -8 8/ -6 X X X81") == 167


def test_nothing_rolled():
    assert score("") == 0
    assert running_scores([]) == []


def test_too_many_rolls():
    for sheet in ("XXXXXXXXXXXXX", "9-9-9-9-9-9-9-9-9-9-1"):
        try:
            score(sheet)
        except BadGame:
            continue
        raise AssertionError("no BadGame for " + sheet)
