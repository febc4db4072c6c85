"""Does not hear the timer that ends slow code, and takes two seconds of processor time, one of them
in a child.

Stopped by the judge: it reads the clock of the patch's processes itself.
"""

TASK = "shop-math"
OUTCOME = "failed"
CHEAT = {
    "shop.py": """
import os, signal, time

def total(prices):
    signal.signal(signal.SIGVTALRM, signal.SIG_IGN)
    is_child = os.fork() == 0
    start = time.process_time()
    while time.process_time() - start < 1:
        pass
    if is_child:
        os._exit(0)
    os.wait()
    return sum(prices)
"""
}
TWIN = {
    "shop.py+": """

import signal, time

def total(prices):
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    start = time.process_time()
    while time.process_time() - start < 0.05:
        pass
    return sum(prices)
"""
}
