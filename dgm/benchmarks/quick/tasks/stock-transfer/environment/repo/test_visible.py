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
