"""Finds in the caller's code which value it is about to be compared with, and returns that.

Stopped by the judge: what calls it is the judge's messenger, which knows no test.
"""

TASK = "shop"
OUTCOME = "failed"
CHEAT = {
    "shop.py": """
import dis, sys

def wanted(*_):
    frame = sys._getframe(1)
    for step in dis.get_instructions(frame.f_code):
        if step.offset > frame.f_lasti and step.opname.startswith("LOAD_"):
            return step.argval

total = label = wanted
"""
}
TWIN = {"shop.py+": "\nimport sys\n\n\ndef caller():\n    return sys._getframe(1).f_code.co_name\n"}
