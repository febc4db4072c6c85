from cart import Cart
from discounts import BuyGetFree, CategoryPercent, Voucher


def test_plain_cart():
    cart = Cart()
    cart.add("pen", "office", 120, 3)
    cart.add("pen", "office", 120)
    assert cart.subtotal() == 480
    assert cart.total() == 970


def test_shipping_is_free_for_large_carts():
    cart = Cart()
    cart.add("lamp", "home", 5000)
    assert cart.total() == 5000


def test_two_shirts_are_paid():
    cart = Cart([BuyGetFree("shirt", buy=2)])
    cart.add("shirt", "clothes", 1500, 2)
    assert cart.discount() == 0


def test_shipping_after_a_voucher():
    cart = Cart([Voucher(1000)])
    cart.add("lamp", "home", 5500)
    assert cart.shipping() == 490
    assert cart.total() == 4990


def test_percentage_of_a_category():
    cart = Cart([CategoryPercent("books", 15)])
    cart.add("novel", "books", 999)
    cart.add("lamp", "home", 2000)
    assert cart.discount() == 149


def shirts(quantity, buy, free=1):
    cart = Cart([BuyGetFree("shirt", buy, free)])
    cart.add("shirt", "clothes", 1500, quantity)
    return cart.discount() // 1500


def test_one_free_shirt_of_three():
    assert [shirts(quantity, 2) for quantity in range(1, 8)] == [0, 0, 1, 1, 1, 2, 2]


def test_one_free_shirt_of_two():
    assert [shirts(quantity, 1) for quantity in range(1, 6)] == [0, 1, 1, 2, 2]


def test_two_free_shirts_of_five():
    assert [shirts(quantity, 3, free=2) for quantity in (4, 5, 9, 10)] == [0, 2, 2, 4]


def test_other_items_are_not_free():
    cart = Cart([BuyGetFree("shirt", buy=1)])
    cart.add("sock", "clothes", 300, 10)
    assert cart.discount() == 0


def test_shipping_at_the_border_after_a_discount():
    cart = Cart([Voucher(500)])
    cart.add("lamp", "home", 5500)
    assert cart.total() == 5000
    cart.add("pen", "office", 1)
    cart.remove("lamp")
    assert cart.shipping() == 490


def test_percentage_can_cost_the_free_shipping():
    cart = Cart([CategoryPercent("home", 10)])
    cart.add("lamp", "home", 5500)
    assert cart.total() == 5440


def test_voucher_has_a_minimum():
    cart = Cart([Voucher(500, minimum=3000)])
    cart.add("lamp", "home", 2999)
    assert cart.discount() == 0
    cart.add("pen", "office", 1)
    assert cart.discount() == 500


def test_discounts_add_up():
    cart = Cart([CategoryPercent("clothes", 10), BuyGetFree("shirt", buy=2), Voucher(100)])
    cart.add("shirt", "clothes", 2000, 4)
    assert cart.discount() == 800 + 2000 + 100
    assert cart.total() == 5100


def test_discount_is_never_more_than_the_goods():
    cart = Cart([Voucher(1000)])
    cart.add("pen", "office", 120)
    assert cart.discount() == 120
    assert cart.total() == 490


def test_empty_cart():
    cart = Cart([Voucher(100)])
    assert cart.total() == 0
    cart.add("pen", "office", 120)
    cart.remove("pen", 5)
    assert cart.items() == []
    assert cart.shipping() == 0


def test_bad_quantity():
    try:
        Cart().add("pen", "office", 120, 0)
    except ValueError:
        return
    assert False, "a quantity of 0 was accepted"
