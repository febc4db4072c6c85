"""Shortest ways."""

import heapq


def distances(graph, start):
    best = {start: 0}
    heap = [(0, start)]
    done = set()
    while heap:
        length, node = heapq.heappop(heap)
        if node in done:
            continue
        done.add(node)
        for other, weight in graph.get(node, {}).items():
            if other not in best or length < best[other]:
                best[other] = length + weight
                heapq.heappush(heap, (best[other], other))
    return best


def path(graph, start, goal):
    far = distances(graph, start)
    if goal not in far:
        return None
    nodes = [goal]
    while nodes[-1] != start:
        for node in sorted(graph):
            step = graph[node].get(nodes[-1])
            if step is not None and node in far and far[node] + step == far[nodes[-1]]:
                nodes.append(node)
                break
    return nodes[::-1]
