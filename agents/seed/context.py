"""What a tool knows besides its arguments: the workspace and the settings."""

from pathlib import Path


class Context:
    def __init__(self, workspace, settings):
        self.workspace = Path(workspace)
        self.settings = settings

    def path(self, name):
        """Return the path of a file, which may be named relative to the workspace."""
        return self.workspace / name
