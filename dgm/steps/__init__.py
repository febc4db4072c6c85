"""The steps of the loop, one verb a file."""
