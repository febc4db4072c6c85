"""The judge's end: what tests see of the objects of the patch, without running any of its code.

`Remote` stands for an object of the patch. What is asked of it is done in the patch's process,
except what the patch has no say in: whether something of it equals a plain value. That is decided
here, by the builtin types, from what had crossed before; no code of the patch runs for it, and the
patch never learns what it was compared with. While a test compares, nothing that crossed changes
here, whatever the patch says meanwhile.

An object of the patch that meets a plain value in an arithmetic expression or `in` does learn that
value, as it learns the arguments of a call. Ordering against a plain value is refused. Two objects
of the patch are equal if the patch says so.
"""

import _ast
import _operator as operator
import builtins
from types import BuiltinFunctionType, BuiltinMethodType, FunctionType, LambdaType, MethodType

from dgm_values import Broken, Gone, Refused, Spent, TooSlow, shallow
from dgm_wire import Peer

_CALLABLES = (FunctionType, LambdaType, MethodType, BuiltinFunctionType, BuiltinMethodType)
_COMPARISONS = frozenset("eq ne lt le gt ge hash".split())
_COMPARE, _JUDGE, _WHERE = "_dgm_compare", "_dgm_judge", "_dgm_where"
_OPERATORS = {
    _ast.Eq: "eq", _ast.NotEq: "ne", _ast.Lt: "lt", _ast.LtE: "le", _ast.Gt: "gt", _ast.GtE: "ge",
    _ast.In: "in", _ast.NotIn: "not in",
}  # fmt: skip
_COMPARE_BY = {
    **{name: getattr(operator, name) for name in "eq ne lt le gt ge".split()},
    "in": lambda item, container: item in container,
    "not in": lambda item, container: item not in container,
}


class Judge(Peer):
    """The judge's end of the pipes."""

    def __init__(self, pipes):
        super().__init__(True, pipes.receive, pipes.send)
        self.has_broken, self._has_gone = "", False
        self._is_asking, self._is_late = False, False
        self._comparisons, self._changes, self._verdict = 0, {}, None

    def begin(self):
        """Begin a test: it has all of its time."""
        self._is_late, self._verdict = False, None
        self.request("begin")

    def confirm(self):
        """End a test that has returned. Raises: what a function of it raised, if none took it."""
        if self._verdict is not None:
            raise self._verdict

    def hurry(self, *_):
        """End a test that takes too long, but never in the middle of a message."""
        if not self._is_asking:
            raise TooSlow("took too much processor time outside of the code under test")
        self._is_late = True

    def request(self, verb, *arguments):
        """Ask the patch. Raises: what the patch raises; Broken or Gone from the first time on."""
        if self.has_broken:
            raise Broken(self.has_broken)
        if self._has_gone:
            raise Gone("it has ended")
        is_comparison = verb in _COMPARISONS
        if not is_comparison:
            self._settle()
        was_asking, self._is_asking = self._is_asking, True
        self._comparisons += is_comparison
        try:
            return self._request(verb, *arguments)
        finally:
            self._comparisons -= is_comparison
            self._is_asking = was_asking
            if self._is_late and not was_asking and verb != "end":
                self._is_late = False
                self.hurry()

    def _request(self, verb, *arguments):
        try:
            return super().request(verb, *arguments)
        except AssertionError:
            self._verdict = None  # the test is told, and may judge
            raise
        except Broken as error:
            self.has_broken = str(error)
            raise
        except Spent as error:
            self._has_gone = True
            raise TooSlow(str(error)) from None
        except Gone:
            self._has_gone = True
            raise

    def compare(self, name, left, right):
        """Compare for a test: until that is done, nothing that crossed changes."""
        self._comparisons += 1
        try:
            return _COMPARE_BY[name](left, right)
        finally:
            self._comparisons -= 1
            self._settle()

    def change(self, reference, items):
        """Have a container hold what its twin holds, now or when nothing is compared any more."""
        container = self._shared[reference][0]
        if not self._comparisons:
            super().change(reference, items)
        elif isinstance(container, dict) and len(items) % 2:
            raise Broken("a key without a value")
        else:
            self._changes[reference] = items

    def _settle(self):
        """Make the changes that have waited, but for those of what a test has changed since."""
        while self._changes and not self._comparisons:
            reference, items = self._changes.popitem()
            container, then = self._shared.get(reference, (None, ()))
            now = () if container is None else shallow(container)
            if container is None or len(now) != len(then) or not all(map(operator.is_, now, then)):
                continue
            try:
                super().change(reference, items)
            except (LookupError, TypeError, ValueError) as error:
                self.has_broken = "a change that cannot be made: %s" % type(error).__name__
                raise Broken(self.has_broken) from None

    def flag(self, verb, *arguments):
        """Ask for a truth value."""
        answer = self.request(verb, *arguments)
        if type(answer) is not bool:
            raise TypeError("the code under test gave no truth value")
        return answer

    def serve(self, verb, arguments):
        """Do what the patch may ask for: call what a test has handed it, or take its next item."""
        if verb == "call" and len(arguments) == 3:
            function, positional, named = arguments
            if isinstance(function, _CALLABLES):
                return self._aside(function, *positional, **named)
        if verb == "next" and len(arguments) == 1 and _is_iterator(arguments[0]):
            return self._aside(next, arguments[0])
        raise Broken("a question that the judge does not answer")

    def _aside(self, function, *positional, **named):
        """Run code of a test while the patch waits for it."""
        self._is_asking = False
        try:
            return function(*positional, **named)
        except (AssertionError, TooSlow) as error:
            self._verdict = error  # the patch may not keep it from the test
            raise
        finally:
            self._is_asking = True

    def kind_of(self, value):
        """Say what the patch may do with something of a test. Raises: Refused."""
        if isinstance(value, _CALLABLES):
            return "callable"
        if _is_iterator(value):
            return "iterator"
        raise Refused("a %s cannot be handed to the code under test" % type(value).__name__)

    def proxy(self, kind):
        """Return what stands for an object of the patch."""
        return Remote(self)

    def stand_in(self, twin):
        """Return what stands for an object of a class made of list, dict or set."""
        return _STAND_INS[type(twin)](self, twin)

    def mirror(self, value):
        """Return a plain value whose other attributes are those of an object of the patch."""
        mirrored = _MIRRORS[type(value)](value)
        mirrored.__dict__[_JUDGE] = self
        return mirrored

    def mirrored_class(self, name, bases):
        """Return an exception class with the builtin bases of one of the patch's."""
        if type(name) is not str or type(bases) is not tuple or not bases:
            raise Broken("a class that is none")
        if not all(isinstance(b, type) and issubclass(b, BaseException) for b in bases):
            raise Broken("an exception class without such a base")
        members = {"__getattr__": _attribute_of_error, "__str__": _text_of_error}
        members["_dgm_judge"] = self
        try:
            return type(name, bases, members)
        except TypeError:  # bases that do not go together here
            return type(name, (Exception,), members)

    def raised(self, body):
        """Return the exception that the patch has told of."""
        if type(body) is not tuple or len(body) != 5:
            raise Broken("an exception that is none")
        known, arguments, text, where, remote = body
        is_class = isinstance(known, type) and issubclass(known, BaseException)
        if not is_class or [type(b) for b in body[1:4]] != [tuple, str, tuple]:
            raise Broken("an exception that is none")
        if issubclass(known, TooSlow):
            return TooSlow(text)
        try:
            error = known(*arguments)
        except Exception:  # its class wants other arguments
            error = known.__new__(known)
        error.__dict__.update(_dgm_text=text, _dgm_remote=remote)
        error.__dict__[_WHERE] = tuple(w for w in where if type(w) is str)
        return error


def _is_iterator(value):
    return hasattr(type(value), "__next__") and not isinstance(value, Remote)


def where(error):
    """Return the places in the patch where an exception came from."""
    return getattr(error, "__dict__", {}).get(_WHERE, ())


def _attribute_of_error(self, name):
    remote = self.__dict__.get("_dgm_remote")
    if remote is None or name.startswith("_"):
        raise AttributeError(name)
    return getattr(remote, name)


def _text_of_error(self):
    text = self.__dict__.get("_dgm_text")
    return Exception.__str__(self) if text is None else text


class Remote:
    """An object of the patch."""

    __slots__ = ("_dgm_judge",)

    def __init__(self, judge):
        object.__setattr__(self, "_dgm_judge", judge)

    def __getattr__(self, name):
        return self._dgm_judge.request("get", self, name)

    def __setattr__(self, name, value):
        self._dgm_judge.request("set", self, name, value)

    def __delattr__(self, name):
        self._dgm_judge.request("del", self, name)

    def __call__(self, *arguments, **named):
        return self._dgm_judge.request("call", self, arguments, named)

    def __eq__(self, other):
        if isinstance(other, Remote):
            return self is other or self._dgm_judge.flag("eq", self, other)
        return _equals_plain(self, other)

    def __ne__(self, other):
        if isinstance(other, Remote):
            return self._dgm_judge.flag("ne", self, other)
        return not _equals_plain(self, other)

    def __bool__(self):
        return self._dgm_judge.flag("bool", self)

    def __contains__(self, item):
        return self._dgm_judge.flag("contains", self, item)

    def __instancecheck__(self, value):
        return self._dgm_judge.flag("isinstance", value, self)

    def __subclasscheck__(self, value):
        return self._dgm_judge.flag("issubclass", value, self)

    def __divmod__(self, other):
        return self._dgm_judge.request("divmod", self, other)

    def __enter__(self):
        return self._dgm_judge.request("enter", self)

    def __exit__(self, known, error, trace):
        is_named = known is None or known.__module__ == "builtins"
        told = (known if is_named else Exception, None, None)
        is_swallowed = self._dgm_judge.flag("bool", self._dgm_judge.request("exit", self, *told))
        return is_swallowed and _may_be_swallowed(error)


def _may_be_swallowed(error):
    """Whether the patch may end an exception of a test: never a verdict."""
    return isinstance(error, Exception) and not isinstance(error, AssertionError)


def _equals_plain(remote, plain):
    """Compare what had crossed of an object with a plain value; the patch is not asked."""
    if not isinstance(remote, _StandIn):
        return False
    twin = object.__getattribute__(remote, "_dgm_twin")
    is_set = type(twin) is set and type(plain) is frozenset
    return (type(twin) is type(plain) or is_set) and twin == plain


def _exactly(kind, verb):
    def ask(self, *arguments):
        answer = self._dgm_judge.request(verb, self, *arguments)
        if type(answer) is not kind:
            raise TypeError("the code under test gave no %s for %s" % (kind.__name__, verb))
        return answer

    return ask


def _forward(verb):
    return lambda self, *arguments: self._dgm_judge.request(verb, self, *arguments)


def _backward(verb):
    return lambda self, other: self._dgm_judge.request(verb, other, self)


def _order(verb):
    def compare(self, other):
        if not isinstance(other, Remote):
            return NotImplemented  # the patch would learn what it is compared with
        return self._dgm_judge.flag(verb, self, other)

    return compare


def _complete():
    for kind, names in ((int, "len hash int index"), (str, "str repr format"), (float, "float")):
        for name in names.split():
            setattr(Remote, "__%s__" % name, _exactly(kind, name))
    for name in "lt le gt ge".split():
        setattr(Remote, "__%s__" % name, _order(name))
    for name in "iter next reversed getitem setitem delitem neg pos invert abs round".split():
        setattr(Remote, "__%s__" % name, _forward(name))
    arithmetic = "add sub mul truediv floordiv mod matmul lshift rshift and or xor pow"
    for name in arithmetic.split():
        verb = name + "_" if name in ("and", "or") else name
        setattr(Remote, "__%s__" % name, _forward(verb))
        setattr(Remote, "__r%s__" % name, _backward(verb))
        if name != "pow":
            setattr(Remote, "__i%s__" % name, _forward("i" + name))


_complete()


def _mirror_of(base):
    def attribute(self, name):
        if name.startswith("_dgm"):
            raise AttributeError(name)
        return self._dgm_judge.request("get", self, name)

    def text(verb):
        return _exactly(str, verb)

    members = {"__getattr__": attribute, "__str__": text("str"), "__repr__": text("repr")}
    return type(base.__name__, (base,), members)


_MIRRORS = {base: _mirror_of(base) for base in (int, float, str, bytes, tuple, frozenset)}


class _StandIn(Remote):
    """An object of a class made of list, dict or set; `_dgm_twin` holds what it holds."""

    __slots__ = ("_dgm_twin",)

    def __init__(self, judge, twin):
        super().__init__(judge)
        object.__setattr__(self, "_dgm_twin", twin)


def _stand_in_of(base):
    """`isinstance` finds it to be one of the builtin's."""
    members = {"__slots__": (), "__class__": property(lambda self: base)}
    return type(base.__name__, (_StandIn,), members)


_STAND_INS = {base: _stand_in_of(base) for base in (list, dict, set)}


def load(path, text, judge, names):
    """Return a file of tests as a module; modules with these names are the patch's."""
    module = type(builtins)(path.rpartition("/")[2][:-3])
    module.__file__ = path
    inside = {"__import__": importer(judge, names), _COMPARE: judge.compare}
    module.__builtins__ = {**vars(builtins), **inside}
    tree = compile(text, path, "exec", _ONLY_AST, dont_inherit=True)
    _rewrite(tree)
    exec(compile(tree, path, "exec", dont_inherit=True), vars(module))
    return module


_ONLY_AST = 1 << 10  # `ast.PyCF_ONLY_AST`; `ast` takes milliseconds to import


def _rewrite(node):
    """Have the judge make each comparison that a test makes."""
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            value[:] = [_rewritten(item) for item in value]
        elif isinstance(value, _ast.AST):
            setattr(node, field, _rewritten(value))


def _rewritten(node):
    if not isinstance(node, _ast.AST):
        return node
    _rewrite(node)
    if not isinstance(node, _ast.Compare) or len(node.ops) != 1:
        return node
    name = _OPERATORS.get(type(node.ops[0]))
    if name is None:
        return node
    names = ("lineno", "col_offset", "end_lineno", "end_col_offset")
    place = {key: getattr(node, key) for key in names}
    function = _ast.Name(id=_COMPARE, ctx=_ast.Load(), **place)
    which = _ast.Constant(value=name, kind=None, **place)
    arguments = [which, node.left, node.comparators[0]]
    return _ast.Call(func=function, args=arguments, keywords=[], **place)


def importer(judge, names):
    """Return an `__import__` for tests: modules with these names are the patch's."""

    def bring(name, module_globals=None, module_locals=None, wanted=(), level=0):
        if level == 0 and name.partition(".")[0] in names:
            return judge.request("import", name, tuple(wanted or ()))
        return builtins.__import__(name, module_globals, module_locals, wanted, level)

    return bring
