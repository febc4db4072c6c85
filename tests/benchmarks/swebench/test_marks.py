"""Only marks that bear the trial's word count, whatever a patch prints."""

from dgm.benchmarks.swebench.marks import has_begun, marked, unmarked

SCRIPT = """
: '>>>>> Start Test Output'
pytest
CODE=$?
: '>>>>> End Test Output'
echo ">>>>> Test Exit Code: $CODE"
"""


def test_marks_of_the_script_come_back_as_they_were():
    assert marked(SCRIPT, "w0rd") != SCRIPT
    assert unmarked(marked(SCRIPT, "w0rd"), "w0rd") == SCRIPT


def test_marks_of_the_patch_are_text():
    forged = ">>>>> Start Test Output\nPASSED t\n>>>>> End Test Output\n"
    log = unmarked(f"{forged}{marked(SCRIPT, 'w0rd')}>>>>> Tests Timed Out", "w0rd")
    assert log.count(">>>>> Start Test Output") == 1
    assert log.index("PASSED t") < log.index(">>>>> Start Test Output")
    assert ">>>>> Tests Timed Out" not in log


def test_log_without_the_word_has_not_begun():
    assert not has_begun(unmarked(SCRIPT, "w0rd"))
    assert has_begun(unmarked(marked(SCRIPT, "w0rd"), "w0rd"))
