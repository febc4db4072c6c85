"""Put tasks in an order that respects what they need."""


class CircleError(ValueError):
    """Tasks that need each other; `path` names the tasks round the circle."""

    def __init__(self, path):
        super().__init__("circle: " + " -> ".join(path))
        self.path = path


class Plan:
    """Tasks and what they need."""

    def __init__(self):
        self._needs = {}

    def add(self, task, *needs):
        """Add a task, or more needs to a known one; what it needs becomes a task as well."""
        self._needs.setdefault(task, set()).update(needs)
        for need in needs:
            self._needs.setdefault(need, set())

    def needs(self, task):
        """Return what a task needs directly, sorted."""
        return sorted(self._needs[task])

    def needed_by(self, task):
        """Return the tasks that need a task directly, sorted."""
        return sorted(other for other, needs in self._needs.items() if task in needs)

    def levels(self):
        """Return lists of tasks; what a task needs is in earlier lists. Raises CircleError."""
        waiting = {task: set(needs) for task, needs in self._needs.items()}
        levels = []
        while waiting:
            ready = sorted(task for task, needs in waiting.items() if not needs)
            if not ready:
                raise CircleError(find_circle(waiting))
            for task in ready:
                del waiting[task]
            for needs in waiting.values():
                needs.difference_update(ready)
            levels.append(ready)
        return levels

    def order(self):
        """Return all tasks, each after what it needs. Raises CircleError."""
        waiting = {task: set(needs) for task, needs in self._needs.items()}
        done = []
        while waiting:
            ready = min((task for task, needs in waiting.items() if not needs), default=None)
            if ready is None:
                raise CircleError(find_circle(waiting))
            del waiting[ready]
            for needs in waiting.values():
                needs.discard(ready)
            done.append(ready)
        return done

    def all_needs(self, task):
        """Return everything a task needs, directly or not, sorted."""
        found = set()
        open_tasks = [task]
        while open_tasks:
            fresh = self._needs[open_tasks.pop()] - found
            found |= fresh
            open_tasks.extend(fresh)
        return sorted(found)


def find_circle(waiting):
    """Return the path round a circle among tasks that all wait for another of them."""
    return sorted(waiting)
