"""Decide what a user may do, from roles that inherit from one another."""


class UnknownRole(KeyError):
    """A role was named that nobody has defined."""


class Roles:
    """Roles with grants and denials; a permission is a text such as `page:edit`."""

    def __init__(self):
        self._grants = {}
        self._denials = {}
        self._parents = {}

    def define(self, role, grants=(), denials=(), inherits=()):
        """Define a role, or define it anew."""
        self._grants[role] = set(grants)
        self._denials[role] = set(denials)
        self._parents[role] = tuple(inherits)

    def _lineage(self, role):
        """The role and all it inherits from, each once, nearest first; rings do no harm."""
        found = []
        waiting = [role]
        while waiting:
            current = waiting.pop(0)
            if current in found:
                continue
            if current not in self._grants:
                raise UnknownRole(current)
            found.append(current)
            waiting.extend(self._parents[current])
        return found

    def permissions(self, role):
        """What a role may do: all that its lineage grants, less all that its lineage denies."""
        lineage = self._lineage(role)
        granted = set(self._grants[role])
        denied = set(self._denials[role])
        for ancestor in lineage[1:]:
            granted |= self._grants[ancestor]
            denied |= self._denials[ancestor]
        return granted - denied

    def allows(self, roles, permission):
        """Whether at least one of a user's roles gives a permission.

        A grant may end in `*`: `page:*` gives every permission that begins with `page:`.
        """
        return any(covers(grant, permission) for role in roles for grant in self.permissions(role))

    def holders(self, permission):
        """The roles that have exactly this permission, in alphabetical order."""
        return sorted(role for role in self._grants if permission in self.permissions(role))

    def unused(self):
        """Roles that no other role inherits from, in alphabetical order."""
        used = {parent for parents in self._parents.values() for parent in parents}
        return sorted(set(self._grants) - used)


def covers(grant, permission):
    """Whether a grant, perhaps with a star at its end, covers a permission."""
    if grant.endswith("*"):
        return permission.startswith(grant[:-1])
    return grant == permission
