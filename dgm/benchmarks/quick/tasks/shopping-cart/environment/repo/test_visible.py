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
