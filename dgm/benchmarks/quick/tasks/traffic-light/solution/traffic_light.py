"""A traffic light that is told how time passes, second by second."""

DURATIONS = {"red": 30, "green": 25, "yellow": 5}
NEXT = {"red": "green", "green": "yellow", "yellow": "red"}


class TrafficLight:
    """Starts red. Each colour lasts exactly as many seconds as DURATIONS says."""

    def __init__(self):
        self.colour = "red"
        self.elapsed = 0
        self.blinking = False

    def tick(self, seconds=1):
        """Let time pass. While the light blinks, its clock stands still."""
        for _ in range(seconds):
            if not self.blinking:
                self._second()

    def _second(self):
        self.elapsed += 1
        if self.elapsed >= DURATIONS[self.colour]:
            self.colour = NEXT[self.colour]
            self.elapsed = 0

    def remaining(self):
        """Seconds until the colour changes."""
        return DURATIONS[self.colour] - self.elapsed

    def fault(self):
        """Blink until the fault is cleared."""
        self.blinking = True

    def clear(self):
        """End a fault: the light begins again with a full red."""
        self.blinking = False
        self.colour = "red"
        self.elapsed = 0
