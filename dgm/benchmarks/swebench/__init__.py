"""SWE-bench: repositories at the commit before a fix, graded by the tests that came with it.

Rows, log parsers and reports are those of the package `swebench` (the extra `dgm[swebench]`);
images, sandboxes and what is believed of a log are ours. Source: SWE-bench (arXiv 2310.06770).
"""
