"""A queue of jobs by priority; equal ones in the order they came."""

import heapq


class Queue:
    def __init__(self):
        self._heap = []
        self._counter = 0

    def add(self, job, priority=0):
        heapq.heappush(self._heap, (-priority, -self._counter, job))
        self._counter += 1

    def next(self):
        if not self._heap:
            return None
        return heapq.heappop(self._heap)[2]

    def __len__(self):
        return len(self._heap)


def run(jobs):
    queue = Queue()
    for job, priority in jobs:
        queue.add(job, priority)
    out = []
    while len(queue):
        out.append(queue.next())
    return out
