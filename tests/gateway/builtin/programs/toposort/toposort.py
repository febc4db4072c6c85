"""Order tasks so that each comes after what it needs."""

from collections import deque


class Cycle(Exception):
    pass


def order(needs):
    nodes = set(needs)
    for names in needs.values():
        nodes.update(names)
    missing = {node: len(set(needs.get(node, ()))) for node in nodes}
    users = {node: [] for node in nodes}
    for node, names in needs.items():
        for name in set(names):
            users[name].append(node)
    ready = deque(sorted(node for node in nodes if missing[node] == 0))
    result = []
    while ready:
        node = ready.popleft()
        result.append(node)
        for user in sorted(users[node]):
            missing[user] -= 1
            if missing[user] == 0:
                ready.append(user)
    if not result:
        raise Cycle()
    return result


def order_or_none(needs):
    try:
        return order(needs)
    except Cycle:
        return None
