"""The Docker driver: a sandbox is a container, and a few of them wait started."""
