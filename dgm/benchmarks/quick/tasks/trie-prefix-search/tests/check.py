"""Run the test functions of the test_*.py files beside this file: python3 check.py [-v]."""

import _signal as signal  # `signal` itself takes a quarter of the time of a quick run to import
import os
import resource
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CPU_SECONDS = 0.2


class TooSlow(BaseException):
    """A test used more processor time than it may."""


def load(path):
    name = os.path.splitext(os.path.basename(path))[0]
    module = type(sys)(name)
    module.__file__ = path
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), vars(module))
    return module


def tests_of(module):
    names = [n for n in vars(module) if n.startswith("test_") and callable(getattr(module, n))]
    return [(n, getattr(module, n)) for n in names]


def stop(signum, frame):
    raise TooSlow("took more than %s s of processor time" % CPU_SECONDS)


def run(function, *args):
    """Return (result, None), or (None, the lines that say why it failed)."""
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        return function(*args), None
    except (Exception, SystemExit, TooSlow) as error:
        return None, explain(error)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def explain(error):
    lines = ["%s: %s" % (type(error).__name__, str(error)[:300])]
    step = error.__traceback__
    while step is not None and len(lines) < 12:
        code = step.tb_frame.f_code
        name = os.path.relpath(code.co_filename)
        if isinstance(error, TooSlow) and len(lines) > 1:
            break  # where an endless loop was interrupted is chance
        if code.co_filename != __file__ and not code.co_filename.startswith("<"):
            lines.append("    %s:%d in %s" % (name, step.tb_lineno, code.co_name))
        step = step.tb_next
    return lines


def found_tests():
    """Yield (name, function, None) for each test, or (file, None, why) for a file that breaks."""
    for file in sorted(os.listdir(HERE)):
        if file.startswith("test_") and file.endswith(".py"):
            module, why = run(load, os.path.join(HERE, file))
            if why:
                yield file, None, why
            else:
                for name, function in tests_of(module):
                    yield name, function, None


def main():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
    signal.signal(signal.SIGVTALRM, stop)
    sys.path.insert(0, os.getcwd())
    tests = list(found_tests())
    passed = 0
    for name, function, why in tests:
        if function is not None:
            why = run(function)[1]
        if why is None:
            passed += 1
            if "-v" in sys.argv:
                print("ok   " + name)
            continue
        print("FAIL " + name + ": " + "\n".join(why))
        if why[0].startswith("TooSlow"):
            print("stopped here: a test did not end, so the rest counts as failed")
            break
    print("%d passed, %d failed" % (passed, len(tests) - passed))
    return 0 if tests and passed == len(tests) else 1


if __name__ == "__main__":
    sys.exit(main())
