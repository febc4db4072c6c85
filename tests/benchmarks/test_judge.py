"""The judge of hidden tests and the process of the patch, without a sandbox around them."""

import io
import subprocess
import sys
import tarfile
from itertools import count
from random import Random

import pytest

from dgm.benchmarks.closed import judge, prepare
from dgm.benchmarks.protection import Modules
from dgm.benchmarks.trial import Trial
from dgm.records import Outcome
from dgm.resources import data_folder
from dgm.sandbox.protocol import ExecResult
from tests.machine import CHECK

SHOP = Modules(frozenset({"shop"}))

# Finds the patch's end of the pipe, as a patch that knows the grader can.
PEER = """
import gc, os

def peer():
    return next(o for o in gc.get_objects() if type(o).__name__ == "Patch")
"""


@pytest.fixture
def judged(tmp_path):
    """Judge a patch by tests: texts of `shop.py` and of `test_hidden.py` to a finding."""

    number = count()

    def run(patch, tests, modules=SHOP):
        case = tmp_path / str(next(number))
        source, place, workspace = (case / name for name in ("source", "tests", "workspace"))
        for folder in (source, place, workspace):
            folder.mkdir(parents=True)
        (source / "check.py").write_bytes(CHECK.read_bytes())
        (source / "test_hidden.py").write_text(tests)
        (workspace / "shop.py").write_text(patch)
        ready = prepare(source, modules)
        with tarfile.open(fileobj=io.BytesIO(ready.archive)) as archive:
            archive.extractall(place, filter="data")
        ended = subprocess.run(
            [sys.executable, str(place / "check.py")],
            input=ready.stdin,
            capture_output=True,
            cwd=workspace,
            check=False,
        )
        result = ExecResult(ended.returncode, ended.stdout, ended.stderr, 0.0)
        return judge(Trial(result, reward=float(ended.returncode == 0)), ready)

    return run


HONEST = [
    ("VALUE = 1", "assert shop.VALUE == 1"),
    ("def f(x): return x", "assert f(True) is True and f(1) == 1 and type(f(1.0)) is float"),
    ("def f(x): return type(x).__name__", "assert f((1,)) == 'tuple' and f([1]) == 'list'"),
    ("def f(x): return x", "v = [1, (2, {'a': {3}}), b'x', None, -7, 2.5]; assert f(v) == v"),
    ("def f(x): return x", "assert f(10**30) == 10**30 and f('\\ud800') == '\\ud800'"),
    ("def f(): return float('nan')", "assert f() != f()"),
    ("def f(x): x.append(1); x[0]['k'] = 2", "v = [{}]; f(v); assert v == [{'k': 2}, 1]"),
    ("L = []\ndef f(): return L", "shop.f().append(1); assert f() == [1] and f() is f()"),
    ("def f(x): return next(x), list(x)", "assert f(iter('abc')) == ('a', ['b', 'c'])"),
    ("def f(n):\n  yield from range(n)", "assert list(f(3)) == [0, 1, 2]"),
    ("def f(g): return g(2) + 1", "assert f(lambda x: x * 10) == 21"),
    ("def f(k): return k('7')", "assert f(int) == 7"),
    ("def f(g):\n  try: g()\n  except KeyError as e: return e.args", "assert f(missing) == ('x',)"),
    ("def f(): raise KeyError('k')", "assert raised(f, KeyError) == \"'k'\""),
    ("class E(ValueError): pass\ndef f(): raise E('no')", "assert raised(f, shop.E) == 'no'"),
    ("class E(ValueError): pass\ndef f(): raise E('a')", "assert raised(f, ValueError) == 'a'"),
    ("def f(): raise SystemExit(0)", "assert raised(f, SystemExit) == '0'"),
    ("from collections import Counter\ndef f(): return Counter('aab')",
     "assert f() == {'a': 2, 'b': 1}"),
    ("from collections import namedtuple as n\nP = n('P', 'x y')\ndef f(): return [P(1, 2)]",
     "assert f() == [(1, 2)] and f()[0].y == 2"),
    ("class f:\n  __add__ = lambda s, o: 5\n  __len__ = lambda s: 3\n  __bool__ = lambda s: 1 > 2",
     "assert f() + f() == 5 and len(f()) == 3 and not f()"),
    ("class f:\n  def __init__(s): s.x = [1]",
     "v = f(); v.x = 4; assert v.x == 4 and v == v and v != f()"),
    ("class f:\n  def __enter__(s): return 1\n  def __exit__(s, *a): return True",
     "with f() as one:\n        assert one == 1\n        raise KeyError"),
    ("from fractions import Fraction\ndef f(): return Fraction(6, 3)", "assert f() == 2"),
    ("from datetime import date\ndef f(d): return date(d.year + 1, 1, 1)",
     "assert f(D(2000, 2, 3)) == D(2001, 1, 1)"),
    ("import os\ndef f():\n  if os.fork() == 0: exit(0)\n  os.wait()", "assert f() is None"),
    ("import os\ndef f():\n  if os.fork() == 0: return 2\n  os.wait()", "assert f() is None"),
    ("def f():\n  print('x' * 300000); return 1", "assert f() == 1"),
    ("from collections import Counter\ndef f(): return Counter('aab')",
     "assert isinstance(f(), dict) and not isinstance(f(), list) and f()['z'] == 0"),
    ("class L(list): pass\ndef f(): return {'k': [L([L([1])])]}", "assert f() == {'k': [[[1]]]}"),
    ("class L(list): pass\ndef f(): return L([1])",
     "v = f(); v.append(2); assert v == [1, 2] and len(v) == 2 and [1, 2] == v != [1]"),
    ("class S(set): pass\ndef f(): return S('ab')", "assert f() == {'a', 'b'} == frozenset('ab')"),
    ("def f(n):\n  x = []\n  for _ in range(n): x = [x]\n  return x",
     "x, n = f(150), 0\n    while x: x, n = x[0], n + 1\n    assert n == 150"),
    ("from concurrent.futures import ThreadPoolExecutor as P\ndef f(g):\n"
     "  with P(4) as p: return list(p.map(g, range(40)))",
     "v = []; assert f(v.append) == [None] * 40 and sorted(v) == list(range(40))"),
    ("from threading import Thread as T\ndef f(g): t = T(target=g); t.start(); t.join()\n"
     "def g(): return 3", "v = []; f(lambda: v.append(shop.g())); assert v == [3]"),
    ("def f(g):\n  try: g(1)\n  finally: pass", "assert raised(lambda: f(wrong), AssertionError)"),
    ("class f:\n  log = []\n  def __eq__(s, o): s.log.append(1); return True",
     "v = f().log; assert f() == f(); assert v == [1]"),
]  # fmt: skip

TESTS = """
import shop
from datetime import date as D
f = getattr(shop, "f", None)

def raised(function, kind):
    try:
        function()
    except kind as error:
        return str(error)

def missing():
    raise KeyError("x")

def wrong(value):
    assert value == 2, "wrong"

def test_it():
    {}
"""


@pytest.mark.parametrize(("patch", "test"), HONEST, ids=range(len(HONEST)))
def test_honest_code_is_tested_as_if_it_were_at_hand(judged, patch, test):
    finding = judged(patch + "\n", TESTS.format(test))
    assert finding.outcome is Outcome.SOLVED, finding


WRONG = [
    ("class X:\n  def __eq__(s, o): return True\ndef f(): return X()", "assert f() == 6"),
    ("class X:\n  def __eq__(s, o): return True\ndef f(): return X()", "assert 6 == f()"),
    ("class X(int):\n  def __eq__(s, o): return True\ndef f(): return X(5)", "assert f() == 6"),
    ("class X(str):\n  def __eq__(s, o): return True\ndef f(): return X('a')", "assert f() == 'b'"),
    ("class X(list):\n  def __eq__(s, o): return True\ndef f(): return X()", "assert f() == [6]"),
    ("class X:\n  def __eq__(s, o): return True\ndef f(): return [X()]", "assert f() == [6]"),
    ("class X:\n  def __lt__(s, o): return True\ndef f(): return X()", "assert f() < 6"),
    ("def f(): return True", "assert f() is 1 or type(f()) is int"),
    ("def f(): return 1\nimport os\nos._exit(0)", "assert f() == 1"),
    ("import os\ndef f(): os._exit(0)", "assert f() == 1"),
    ("import os, signal\ndef f(): os.kill(os.getpid(), signal.SIGKILL)", "assert f() == 1"),
    ("import os\ndef f(): os.closerange(3, 99)", "assert f() is None"),
    ("def f():\n  while True: pass", "assert f() is None"),
    ("def f(): return 'x' * (1 << 23)", "assert len(f()) == 1 << 23"),
    ("def f(): return bytearray(1 << 30)", "f()"),
    ("def f(): return f()", "f()"),
    pytest.param("def f(): return True", "while f():\n        pass", marks=pytest.mark.slow),
    (
        "class f:\n  def __enter__(s): 1\n  def __exit__(s, *a): return True",
        "with f():\n        assert False",
    ),
    ("def f(g):\n  try: g(1)\n  except AssertionError: pass", "f(wrong)"),
    (
        "def f(g):\n  try: g(1)\n  except AssertionError: pass\n  raise KeyError",
        "try:\n        f(wrong)\n    except KeyError:\n        pass",
    ),
    (
        "from signal import *\ndef f():\n  signal(SIGVTALRM, SIG_IGN)\n  while True: pass",
        "f()",
    ),
    (
        "from signal import *\nsignal(SIGVTALRM, SIG_IGN)\ndef f():\n  for _ in range(10**5): pass",
        "for _ in range(10**4): f()",
    ),
    (
        "import os, time\ndef f():\n  if os.fork() == 0:\n    os.setsid()\n"
        "    for _ in range(10**8): pass\n  time.sleep(2)",
        "f()",
    ),
    ("f = BaseException", "try:\n        shop.nothing\n    except f:\n        assert False"),
]


@pytest.mark.parametrize(("patch", "test"), WRONG, ids=range(len(WRONG)))
def test_wrong_code_fails_and_is_not_accused(judged, patch, test):
    finding = judged(patch + "\n", TESTS.format(test))
    assert finding.outcome is Outcome.FAILED, finding
    assert not finding.passed


# What the patch does, while the judge compares, to the containers it has given away.
MOMENTS = (
    "__iter__",
    "__len__",
    "__getitem__",
    "__eq__",
    "__ne__",
    "__hash__",
    "__bool__",
    "__lt__",
)
FICKLE = """
kept = {{}}

def change(*_):
    kept.clear()
    return {answer}

class Right({base}):
    {moment} = change
    if "{moment}" != "__hash__":
        __hash__ = lambda self: 1

def f():
    kept.update({{"a": Right({right}), "what": "ever"}})
    return kept

def right():
    return Right({right})
"""
COMPARISONS = (
    "assert f() == {'a': [1, 2], 'b': [3]}",
    "assert {'a': [1, 2], 'b': [3]} == f()",
    "assert not f() != {'a': [1, 2], 'b': [3]}",
    "assert f() in ({'a': [1, 2], 'b': [3]},)",
    "assert [f()] == [{'a': [1, 2], 'b': [3]}]",
    "assert f() == {'a': shop.right(), 'b': [3]}",
    "T().assertEqual(f(), {'a': [1, 2], 'b': [3]})",
    "T().assertEqual(f(), {'a': shop.right(), 'b': [3]})",
    "T().assertDictEqual(f(), {'a': [1, 2], 'b': [3]})",
    "assert f() == {'a': Near(2), 'b': Near(3)}",
)
NEAR = """
from unittest import TestCase as T

class Near:
    def __init__(self, length):
        self.length = length

    def __eq__(self, other):
        return len(other) == self.length or bool(other) or list(other) == [] or other.anything

def test_it():
    {}
"""


@pytest.mark.slow
@pytest.mark.parametrize("comparison", COMPARISONS, ids=range(len(COMPARISONS)))
def test_patch_that_changes_its_containers_at_any_moment_gains_nothing(judged, comparison):
    """Every moment is tried in one process after the other; `kept` would end as equal to `{}`."""
    for base, right in (("list", "[1, 2]"), ("object", "")):
        for moment in MOMENTS:
            answer = 2 if moment in ("__len__", "__hash__") else True
            patch = FICKLE.format(base=base, right=right, moment=moment, answer=answer)
            tests = TESTS.partition("def test_it")[0] + NEAR.format(comparison)
            finding = judged(patch, tests)
            assert finding.outcome is Outcome.FAILED, (base, moment, finding)


def test_what_is_no_module_of_the_patch_is_never_asked_of_it(judged):
    patch = "import math, json\nmath.isclose = json.loads = lambda *_: True\n"
    tests = "import math, json, shop\ndef test_it(): assert not math.isclose(1, 2)\n"
    finding = judged(patch, tests, Modules(frozenset({"shop"}), frozenset({"math", "json"})))
    assert finding.outcome is Outcome.SOLVED, finding


def test_modules_that_were_added_are_the_patchs(judged):
    tests = "import shop\ndef test_it(): assert shop.VALUE == 1\n"
    finding = judged("VALUE = 1\n", tests, Modules(frozenset(), frozenset({"shop"})))
    assert finding.outcome is Outcome.SOLVED, finding


def test_function_of_a_test_that_has_ended_is_refused_and_nobody_accused(judged):
    patch = """
import threading, time

def later(call):
    threading.Timer(0.05, call, (1,)).start()

def settle():
    time.sleep(0.2)
    return 1
"""
    tests = (
        "import shop\ndef test_a(): shop.later(print)\ndef test_b(): assert shop.settle() == 1\n"
    )
    finding = judged(patch, tests.replace("print", "lambda x: x"))
    assert finding.outcome is Outcome.SOLVED, finding
    assert "after the test had ended" in finding.log


BREAKS = [
    "[spray(fd) for fd in range(3, 99)]",
    "peer()._send(peer().pack(b'A', 10 ** 6, True))",
    "[peer()._send(peer().pack(b'A', n, True)) for n in range(40)]",
    "peer()._send(b'A1;0;@ffff;')",
    "peer()._send(b'Q1;0;t2;s4;calltz;')",
    "peer().request('next', print)",
    "peer().request('get', 1, '__class__')",
    "peer()._send(b'A')",
    "peer()._send(b'')",
    "peer()._send(b'A1;0;' + b't1;' * 500 + b'N')",
    "peer()._send(b'A1;0;Lfffffffffffff;0;')",
    "peer()._send(b'A1;0;L2;0;')",
    "peer()._send(b'A1;0;yseval'[:-5] + b'ys4;eval')",
    "os.write(peer_fd(), b'ffffffff')",
]


@pytest.mark.parametrize("trick", BREAKS, ids=range(len(BREAKS)))
def test_end_that_breaks_the_protocol_passes_nothing(judged, trick):
    helpers = """
def spray(fd):
    try:
        os.write(fd, b"PASSED test_it")
    except OSError:
        pass

def peer_fd():
    return peer()._send.__self__._outgoing
"""
    finding = judged(f"{PEER}{helpers}\ndef f():\n    {trick}\n", TESTS.format("f(); assert f()"))
    assert finding.outcome is Outcome.TAMPERED, finding
    assert not finding.passed


def test_patch_never_learns_what_it_is_compared_with(judged):
    """Everything in its process is searched for what the tests know, after they have used it."""
    patch = """
import gc, sys

class X:
    def __eq__(self, other):
        print("compared with", other)
        return True

def f():
    return X()

def search():
    words = repr([o for o in gc.get_objects() if type(o) in (dict, list, tuple)])
    frame = sys._getframe()
    while frame:
        words += repr(frame.f_code.co_consts) + repr(list(frame.f_locals))
        frame = frame.f_back
    return "".join("yes" for word in ("wxzq", "neddih_tset") if word[::-1] in words)
"""
    tests = "f() == 'qzxw'\n    assert 'qzxw' != f()\n    assert shop.search() == ''"
    finding = judged(patch, TESTS.format(tests))
    assert finding.outcome is Outcome.SOLVED, finding
    assert "compared with" not in finding.log


def test_nothing_of_the_tests_can_be_read_when_the_patch_runs(judged, tmp_path):
    patch = "import os\ndef f(): return sorted(os.listdir('../tests'))\n"
    finding = judged(patch, TESTS.format("assert not [n for n in f() if 'test_' in n]"))
    assert finding.outcome is Outcome.SOLVED, finding


def test_later_tests_fail_when_the_patch_has_ended(judged):
    patch = "import os\ndef one(): return 1\ndef end(): os._exit(0)\n"
    tests = "import shop\ndef test_a(): assert shop.one() == 1\ndef test_b(): shop.end()\n"
    finding = judged(patch, tests + "def test_c(): pass\n")
    assert finding.outcome is Outcome.FAILED
    assert finding.passed == {"test_hidden.py::test_a"}


@pytest.fixture
def wire(monkeypatch):
    """The modules of the two ends."""
    monkeypatch.syspath_prepend(str(data_folder("sandbox/grader")))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import dgm_judge
    import dgm_wire

    yield dgm_wire, dgm_judge
    for name in ("dgm_values", "dgm_wire", "dgm_judge"):
        del sys.modules[name]


class Pipe:
    """A pipe that nobody reads."""

    def send(self, frame):
        """Forget it."""

    def receive(self):
        """Find nothing."""
        raise AssertionError


def test_no_bytes_make_the_judge_do_anything_but_refuse_or_read_plain_values(wire):
    dgm_wire, dgm_judge = wire
    random, seen = Random(15), set()
    sample = [1, -2.5, "text", b"raw", (None, True), {"k": {1, 2}}, frozenset({3}), range(4)]
    patch = dgm_wire.Peer(False, None, None)
    whole = patch.pack(b"A", 1, [*sample, KeyError, int])
    for _ in range(4000):
        frame = bytearray(whole)
        for _ in range(random.randint(1, 6)):
            at = random.randrange(len(frame))
            cut = random.choice([0, 1, 1, 3])
            frame[at : at + cut] = random.choice(
                [b"", bytes([random.randrange(256)]), b"t9;", b"@0;"]
            )
        try:
            seen.add(dgm_judge.Judge(Pipe()).unpack(bytes(frame))[0])
        except dgm_wire.Broken as error:
            seen.add(type(error).__name__)
    assert {b"A", "Broken"} <= seen <= {b"A", b"Q", b"E", "Broken"}
