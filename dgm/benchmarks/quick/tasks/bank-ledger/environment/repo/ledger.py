"""A ledger of bank accounts; amounts are whole cents, days are numbers."""

from collections import namedtuple

Entry = namedtuple("Entry", "day account amount memo")
Line = namedtuple("Line", "day amount memo balance")


class LedgerError(Exception):
    """Something that cannot be booked."""


class NotEnough(LedgerError):
    """An account would fall below its limit."""


class Ledger:
    """Accounts and their entries, in the order of booking."""

    def __init__(self):
        self._limits = {}
        self._entries = []

    def open(self, account, overdraft=0):
        """Open an account that may go down to -overdraft."""
        if account in self._limits:
            raise LedgerError("there is an account %s already" % account)
        self._limits[account] = overdraft

    def balance(self, account, day=None):
        """Return the balance at the end of a day, of all days by default."""
        self._require_account(account)
        return sum(
            entry.amount
            for entry in self._entries
            if entry.account == account and (day is None or entry.day <= day)
        )

    def deposit(self, day, account, amount, memo="deposit"):
        """Book money that comes in."""
        self._require_account(account)
        self._require_amount(amount)
        self._entries.append(Entry(day, account, amount, memo))

    def withdraw(self, day, account, amount, memo="withdrawal"):
        """Book money that goes out; NotEnough if the account would fall below its limit."""
        self._require_amount(amount)
        self._require_cover(account, amount)
        self._entries.append(Entry(day, account, -amount, memo))

    def transfer(self, day, source, target, amount):
        """Book money from one account to another; nothing is booked if that fails."""
        self._require_amount(amount)
        self._require_account(target)
        self._require_cover(target, amount)
        self._entries.append(Entry(day, source, -amount, "to " + target))
        self._entries.append(Entry(day, target, amount, "from " + source))

    def statement(self, account, first, last):
        """Return the lines of an account from the first to the last day, by day."""
        running = self.balance(account, first)
        lines = []
        for entry in sorted(self._entries, key=lambda entry: entry.day):
            if entry.account == account and first <= entry.day <= last:
                running += entry.amount
                lines.append(Line(entry.day, entry.amount, entry.memo, running))
        return lines

    def lowest(self, account):
        """Return the lowest balance at the end of any day with entries, 0 without entries."""
        days = {entry.day for entry in self._entries if entry.account == account}
        return min((self.balance(account, day) for day in days), default=0)

    def totals(self):
        """Return {account: balance} of all accounts."""
        return {account: self.balance(account) for account in self._limits}

    def _require_account(self, account):
        if account not in self._limits:
            raise LedgerError("there is no account %s" % account)

    def _require_amount(self, amount):
        if amount <= 0:
            raise LedgerError("not an amount: %r" % amount)

    def _require_cover(self, account, amount):
        if self.balance(account) - amount < -self._limits[account]:
            raise NotEnough("not enough on %s for %d" % (account, amount))
