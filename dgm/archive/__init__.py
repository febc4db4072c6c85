"""The archive: all agents of a run, their code in git, the facts about them in SQLite."""
