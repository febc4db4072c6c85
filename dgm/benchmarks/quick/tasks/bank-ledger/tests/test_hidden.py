from ledger import Ledger, LedgerError, NotEnough


def bank():
    ledger = Ledger()
    ledger.open("his")
    ledger.open("hers", overdraft=5000)
    ledger.deposit(1, "his", 10000)
    ledger.deposit(2, "hers", 50000)
    return ledger


def test_balance_of_a_day():
    ledger = bank()
    ledger.deposit(4, "his", 500)
    assert ledger.balance("his", 3) == 10000
    assert ledger.balance("his") == 10500


def test_withdrawal_needs_cover():
    ledger = bank()
    try:
        ledger.withdraw(3, "his", 15000)
    except NotEnough:
        assert ledger.balance("his") == 10000
        return
    assert False, "15000 of 10000 were paid out"


def test_transfer_needs_cover():
    ledger = bank()
    try:
        ledger.transfer(3, "his", "hers", 15000)
    except NotEnough:
        assert ledger.totals() == {"his": 10000, "hers": 50000}
        return
    assert False, "15000 of 10000 were moved"


def test_statement():
    ledger = bank()
    ledger.withdraw(5, "his", 2000, "rent")
    assert ledger.statement("his", 5, 9) == [(5, -2000, "rent", 8000)]


def test_unknown_account():
    try:
        bank().deposit(1, "nobody", 5)
    except LedgerError:
        return
    assert False, "nobody has an account"


def refused(function, *arguments):
    try:
        function(*arguments)
    except LedgerError:
        return True
    return False


def test_transfer_to_an_empty_account():
    ledger = bank()
    ledger.open("new")
    ledger.transfer(3, "his", "new", 8000)
    assert ledger.totals() == {"his": 2000, "hers": 50000, "new": 8000}


def test_transfer_within_the_overdraft_of_the_source():
    ledger = bank()
    ledger.transfer(3, "hers", "his", 55000)
    assert ledger.balance("hers") == -5000
    assert refused(ledger.transfer, 4, "hers", "his", 1)


def test_everything_may_be_spent():
    ledger = bank()
    ledger.transfer(3, "his", "hers", 10000)
    assert ledger.balance("his") == 0
    assert refused(ledger.withdraw, 3, "his", 1)


def test_transfer_to_an_unknown_account():
    ledger = bank()
    assert refused(ledger.transfer, 3, "his", "nobody", 5)
    assert ledger.balance("his") == 10000


def test_statement_of_all_days():
    ledger = bank()
    ledger.withdraw(5, "his", 2000)
    ledger.transfer(7, "hers", "his", 100)
    assert [line.balance for line in ledger.statement("his", 1, 9)] == [10000, 8000, 8100]
    assert ledger.statement("his", 7, 7) == [(7, 100, "from hers", 8100)]


def test_statement_with_several_entries_on_the_first_day():
    ledger = bank()
    for amount in (1, 2, 3):
        ledger.deposit(4, "his", amount)
    assert [line.balance for line in ledger.statement("his", 4, 6)] == [10001, 10003, 10006]


def test_statement_sorts_late_bookings():
    ledger = bank()
    ledger.deposit(8, "his", 20)
    ledger.deposit(3, "his", 5)
    lines = ledger.statement("his", 2, 8)
    assert [(line.day, line.balance) for line in lines] == [(3, 10005), (8, 10025)]


def test_statement_without_entries():
    assert bank().statement("his", 2, 30) == []


def test_lowest_balance():
    ledger = bank()
    ledger.withdraw(5, "his", 9000)
    ledger.deposit(6, "his", 100)
    assert ledger.lowest("his") == 1000
    ledger.open("new")
    assert ledger.lowest("new") == 0


def test_amounts_are_positive():
    ledger = bank()
    assert refused(ledger.deposit, 1, "his", 0)
    assert refused(ledger.withdraw, 1, "his", -5)
    assert refused(ledger.transfer, 1, "his", "hers", 0)
    assert refused(ledger.open, "his")
