"""Where agents run: what every sandbox promises, and the drivers that keep it."""
