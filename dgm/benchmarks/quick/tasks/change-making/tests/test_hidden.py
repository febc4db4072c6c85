from change import CannotPay, change, count, describe, pay


def cannot_pay(amount, coins):
    try:
        change(amount, coins)
    except CannotPay:
        return True
    return False


def test_everyday_coins():
    assert change(68, [1, 2, 5, 10, 20, 50]) == {50: 1, 10: 1, 5: 1, 2: 1, 1: 1}


def test_description():
    assert describe(45, [5, 20]) == "2 x 20, 1 x 5"


def test_three_and_four():
    assert change(6, [1, 3, 4]) == {3: 2}


def test_number_of_coins():
    assert count(30, [1, 5, 10]) == 3


def test_pay_gives_the_rest():
    assert pay(15, 20, [1, 2]) == {2: 2, 1: 1}


def test_amount_without_small_coins():
    assert change(9, [3, 5]) == {3: 3}


def test_impossible_amount():
    assert cannot_pay(7, [3, 5])
    assert cannot_pay(1, [2])


def test_nothing():
    assert change(0, [1, 2]) == {}
    assert describe(0, [1, 2]) == "nothing"


def test_as_few_coins_as_possible():
    assert count(63, [1, 5, 10, 21, 25]) == 3
    assert count(30, [1, 10, 25]) == 3
    assert count(15, [1, 7, 8]) == 2
    assert count(12, [1, 6, 9]) == 2


def test_amounts_that_just_work():
    assert change(11, [3, 5]) == {5: 1, 3: 2}
    assert change(12, [3, 5]) == {3: 4}
    assert change(13, [4, 5]) == {5: 1, 4: 2}
    assert cannot_pay(11, [4, 5])


def test_agrees_with_trying_everything():
    coins = (4, 7, 9)
    possible = {}
    for fours in range(11):
        for sevens in range(7):
            for nines in range(6):
                total = 4 * fours + 7 * sevens + 9 * nines
                coins_used = fours + sevens + nines
                possible[total] = min(coins_used, possible.get(total, coins_used))
    for amount in range(1, 40):
        if amount in possible:
            used = change(amount, coins)
            assert sum(coin * times for coin, times in used.items()) == amount
            assert sum(used.values()) == possible[amount]
        else:
            assert cannot_pay(amount, coins)


def test_largest_coin_comes_first():
    assert list(change(40, [1, 15, 25])) == [25, 15]


def test_order_and_repetition_of_coins_do_not_matter():
    assert change(6, [4, 1, 3, 4]) == change(6, [1, 3, 4])


def test_negative_amount():
    assert cannot_pay(-1, [1])


def test_pay():
    assert pay(14, 20, [1, 3, 4]) == {3: 2}
    try:
        pay(20, 14, [1])
    except CannotPay:
        return
    raise AssertionError("no CannotPay")


def test_coins_must_be_positive():
    for coins in ([0, 1], [-1]):
        try:
            change(3, coins)
        except ValueError as error:
            assert not isinstance(error, CannotPay)
            continue
        raise AssertionError("no ValueError")
