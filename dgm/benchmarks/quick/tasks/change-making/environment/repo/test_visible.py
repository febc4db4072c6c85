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
