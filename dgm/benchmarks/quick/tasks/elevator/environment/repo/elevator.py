"""An elevator as a state machine."""

UP, DOWN, IDLE = 1, -1, 0


class Elevator:
    """A cabin between floor 0 and the top floor; `step` does one thing at a time."""

    def __init__(self, top, floor=0):
        if not 0 <= floor <= top:
            raise ValueError("no such floor: %d" % floor)
        self.top = top
        self.floor = floor
        self.direction = IDLE
        self.doors_open = False
        self.log = []
        self._wanted = set()

    def request(self, floor):
        """Ask for a stop at a floor; asking twice is the same as once."""
        if not 0 <= floor <= self.top:
            raise ValueError("no such floor: %d" % floor)
        self._wanted.add(floor)

    def requests(self):
        """Return the floors where the elevator is still wanted, sorted."""
        return sorted(self._wanted)

    def _wanted_towards(self, direction):
        """Tell whether there is a request in a direction from here."""
        return any((floor - self.floor) * direction > 0 for floor in self._wanted)

    def _choose_direction(self):
        """Keep the direction if there is a reason, else turn round or become idle.

        An idle elevator goes to the nearest request, upwards if two are equally near.
        """
        if not self._wanted:
            self.direction = IDLE
        elif self.direction == IDLE:
            nearest = min(self._wanted, key=lambda floor: (abs(floor - self.floor), -floor))
            self.direction = UP if nearest > self.floor else DOWN
        elif not self._wanted_towards(self.direction):
            self.direction = -self.direction

    def _record(self, action):
        self.log.append("%s %d" % (action, self.floor))

    def step(self):
        """Do one thing; tell whether there was anything to do."""
        if self.doors_open:
            self.doors_open = False
            self._record("close")
            return True
        if self.floor in self._wanted:
            self._wanted.remove(self.floor)
            self.doors_open = True
            self._record("open")
        self._choose_direction()
        if self.direction == IDLE:
            return False
        self.floor += self.direction
        self._record("move")
        return True

    def run(self, limit=1000):
        """Step until there is nothing to do; return the log as one line."""
        for _ in range(limit):
            if not self.step():
                break
        return ", ".join(self.log)
