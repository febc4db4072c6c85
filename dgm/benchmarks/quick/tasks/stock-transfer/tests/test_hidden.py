from stock import Stock, StockError


def filled():
    stock = Stock()
    stock.receive("lamp", "north", 10)
    stock.receive("desk", "north", 3)
    return stock


def test_reserved_goods_are_not_available():
    stock = filled()
    stock.reserve("A1", "lamp", "north", 4)
    assert stock.on_hand("lamp", "north") == 10
    assert stock.available("lamp", "north") == 6


def test_shipping():
    stock = filled()
    stock.reserve("A1", "lamp", "north", 4)
    assert stock.ship("A1") == 4
    assert stock.on_hand("lamp", "north") == 6
    assert stock.reserved("lamp", "north") == 0


def test_transfer_to_an_empty_warehouse():
    stock = filled()
    stock.transfer("lamp", "north", "south", 4)
    assert stock.on_hand("lamp", "north") == 6
    assert stock.on_hand("lamp", "south") == 4


def test_cannot_reserve_more_than_there_is():
    try:
        filled().reserve("A1", "desk", "north", 4)
    except StockError:
        return
    assert False, "four of three desks were reserved"


def refused(function, *arguments):
    try:
        function(*arguments)
    except StockError:
        return True
    return False


def test_transfer_between_filled_warehouses():
    stock = filled()
    stock.receive("lamp", "south", 10)
    stock.transfer("lamp", "south", "north", 3)
    assert stock.on_hand("lamp", "north") == 13
    assert stock.on_hand("lamp", "south") == 7


def test_transfer_of_all():
    stock = filled()
    stock.transfer("desk", "north", "west", 3)
    assert stock.on_hand("desk", "north") == 0
    assert stock.on_hand("desk", "west") == 3
    assert stock.on_hand("lamp", "north") == 10


def test_transfer_of_too_much_changes_nothing():
    stock = filled()
    stock.receive("lamp", "south", 50)
    assert refused(stock.transfer, "lamp", "north", "south", 11)
    assert stock.on_hand("lamp", "north") == 10
    assert stock.on_hand("lamp", "south") == 50


def test_reserved_goods_stay():
    stock = filled()
    stock.receive("lamp", "south", 20)
    stock.reserve("A1", "lamp", "north", 8)
    assert refused(stock.transfer, "lamp", "north", "south", 3)
    stock.transfer("lamp", "north", "south", 2)
    assert stock.available("lamp", "north") == 0
    assert stock.ship("A1") == 8


def test_balance():
    stock = filled()
    stock.receive("lamp", "south", 3)
    stock.balance("lamp", "north", "south")
    assert [stock.on_hand("lamp", place) for place in ("north", "south")] == [7, 6]


def test_balance_the_other_way():
    stock = Stock()
    stock.receive("lamp", "south", 5)
    stock.balance("lamp", "north", "south")
    assert [stock.on_hand("lamp", place) for place in ("north", "south")] == [3, 2]
    stock.balance("lamp", "north", "south")
    assert [stock.on_hand("lamp", place) for place in ("north", "south")] == [3, 2]


def test_release():
    stock = filled()
    stock.reserve("A1", "lamp", "north", 4)
    stock.reserve("A1", "desk", "north", 1)
    stock.reserve("B2", "lamp", "north", 6)
    assert len(stock.release("A1")) == 2
    assert stock.available("lamp", "north") == 4
    assert refused(stock.ship, "A1")


def test_quantities_are_positive():
    stock = filled()
    assert refused(stock.receive, "lamp", "north", 0)
    assert refused(stock.transfer, "lamp", "north", "south", -1)
    assert refused(stock.reserve, "A1", "lamp", "north", 0)
