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
