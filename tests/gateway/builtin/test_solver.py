import json
import re
import time

import pytest

from dgm.gateway.builtin import BuiltinProvider
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Message, Request, StopReason, Text, ToolResult, ToolUse

BATCH = ("bash", "files", "try_edits")
HARD = ("inventory", "bank", "diffs")


def problem(files):
    return files["README.md"]


def calls(exchanges):
    return [b for _, reply in exchanges for b in reply.content if isinstance(b, ToolUse)]


def edits_per_reply(exchanges):
    return [
        sum(b.input.get("action") == "overwrite" for b in reply.content if isinstance(b, ToolUse))
        for _, reply in exchanges
    ]


@pytest.mark.parametrize("name", ["intervals", "duration"])
def test_plain_tools_are_enough_for_a_bug_in_plain_sight(worker, program, name):
    agent = worker(program(name))
    assert not agent.passes()
    agent.work(problem(program(name)), turns=20)
    assert agent.passes()


@pytest.mark.slow
def test_many_candidates_per_turn_solve_more_than_one(worker, program):
    solved = {}
    for tools in (("bash", "files"), BATCH):
        agents = [(worker(program(name), tools=tools), problem(program(name))) for name in HARD]
        for agent, text in agents:
            agent.work(text, turns=15)
        solved[tools] = sum(agent.passes() for agent, _ in agents)
    assert solved[BATCH] >= solved["bash", "files"] + 2


def test_it_stops_with_a_text_when_the_visible_tests_pass(worker, program):
    exchanges = worker(program("primes"), tools=BATCH).work(problem(program("primes")), turns=30)
    assert exchanges[-1][1].stop_reason is StopReason.END_TURN


def test_same_request_seed_and_index_give_the_same_reply(worker, program):
    exchanges = worker(program("pages")).work(problem(program("pages")), turns=8)
    for index, (request, reply) in enumerate(exchanges):
        assert BuiltinProvider().complete(request, CallContext("0", index)) == reply


@pytest.mark.slow
def test_another_seed_tries_other_candidates(worker, program):
    first = worker(program("pages")).work(problem(program("pages")), turns=8, seed="a")
    second = worker(program("pages")).work(problem(program("pages")), turns=8, seed="b")
    assert [use.input for use in calls(first)] != [use.input for use in calls(second)]


def test_each_candidate_is_made_from_the_original(worker, program):
    files = program("pages")
    exchanges = worker(files).work(problem(files), turns=10)
    texts = [use.input["content"] for use in calls(exchanges) if "content" in use.input]
    assert len(texts) == len(set(texts)) > 2
    assert files["pages.py"] not in texts


@pytest.mark.slow
def test_one_candidate_per_reply_unless_the_prompt_allows_several(worker, program):
    files = program("pages")
    plain = worker(files).work(problem(files), turns=6)
    several = worker(files, system="You may try several candidates in one reply.")
    assert max(edits_per_reply(plain)) == 1
    assert max(edits_per_reply(several.work(problem(files), turns=6))) == 4


def test_tests_are_run_first_only_where_the_prompt_asks(worker, program):
    files = program("pages")
    asked = worker(files, system="Run the tests first.").work(problem(files), turns=4)
    plain = worker(files).work(problem(files), turns=4)
    assert any("check.py" in str(use.input) for use in calls(asked)[:3])
    assert not any("check.py" in str(use.input) for use in calls(plain)[:3])


def test_a_prompt_against_tests_leaves_one_untested_guess(worker, program):
    files = program("pages")
    exchanges = worker(files, system="Never run the tests.").work(problem(files), turns=10)
    assert not any("check.py" in str(use.input) for use in calls(exchanges))
    assert sum(edits_per_reply(exchanges)) == 1


def test_plans_cost_turns(worker, program):
    files = program("pages")
    planned = worker(files, system="Explain your plan before each step.")
    exchanges = planned.work(problem(files), turns=10)
    assert sum(use.input == {"command": "ls"} for use in calls(exchanges)) == 5


@pytest.mark.slow
def test_two_bugs_need_the_habit_of_keeping_progress(worker):
    files = {
        "sums.py": "def first(n):\n    return n - 1\n\n\ndef second(n):\n    return n - 2\n",
        "check.py": "import sums\n\nfailed = (sums.first(1) != 2) + (sums.second(1) != 3)\n"
        "print(f'{2 - failed} passed, {failed} failed')\nraise SystemExit(failed)\n",
    }
    results = []
    for system in ("", "Keep a change that makes fewer tests fail."):
        agent = worker(files, tools=BATCH, system=f"Run the tests first. {system}")
        agent.work("Sums are wrong. Run `python3 check.py`.", turns=7)
        results.append(agent.passes())
    assert results == [False, True]


def test_clipped_file_is_read_to_its_end_before_it_is_overwritten(worker, program):
    files = program("intervals")
    agent = worker(files, view_lines=8)
    exchanges = agent.work(problem(files), turns=25)
    for use in calls(exchanges):
        assert len(use.input.get("content", "x" * 400)) > 300
    assert agent.passes()


def test_overwriting_fails_when_the_reply_may_not_be_long(worker, program):
    files = program("roman")
    exchanges = worker(files, max_tokens=100).work(problem(files), turns=10)
    assert exchanges[-1][1].stop_reason is StopReason.MAX_TOKENS


def test_replacing_works_where_overwriting_is_too_long(worker, program):
    files = program("roman")
    agent = worker(files, max_tokens=100, tools=("bash", "files", "swap"))
    agent.work(problem(files), turns=25)
    assert agent.passes()


def test_traceback_leads_to_the_right_file(worker):
    files = {f"part{n}.py": f"def part{n}(x):\n    return x + {n}\n" for n in range(6)}
    files["zlast.py"] = "def last(items):\n    return items[len(items)]\n"
    files["check.py"] = "import zlast\nassert zlast.last([1, 2]) == 2\n"
    agent = worker(files, system="Run the tests first.", tools=BATCH)
    exchanges = agent.work("The last item cannot be had.", turns=10)
    viewed = [use.input["path"] for use in calls(exchanges) if use.input.get("action") == "view"]
    assert viewed == ["zlast.py"]
    assert agent.passes()


@pytest.mark.slow
def test_sixty_messages_cost_a_few_milliseconds(worker, program):
    exchanges = worker(program("tokens")).work(problem(program("tokens")), turns=35)
    request, _ = exchanges[-1]
    begin = time.process_time()
    BuiltinProvider().complete(request, CallContext("0", len(exchanges) - 1))
    assert len(request.messages) > 60
    assert time.process_time() - begin < 0.1


def test_no_command_is_a_search_script(worker, program):
    exchanges = worker(program("pages")).work(problem(program("pages")), turns=12)
    for use in calls(exchanges):
        command = use.input.get("command", "")
        assert not re.search(r"\bfor\b|python3? -c|<<|\bsed -i", command)


MESSAGES = (
    Message("user", (Text("Fix it. `python3 check.py`"),)),
    Message("assistant", (Text("hm"), ToolUse("1", "nothing", {"path": 3}))),
    Message("user", (ToolResult("1", "", is_error=True), ToolResult("9", "lost"))),
    Message("assistant", (ToolUse("2", "files", {"action": "view", "path": "a.py"}),)),
    Message("user", (ToolResult("2", "def f(:\n\x00"),)),
    Message("assistant", (ToolUse("3", "swap", {"path": "b.py", "old": "", "new": "x"}),)),
    Message("assistant", (ToolUse("4", "try_edits", {"candidates": [3], "command": "c"}),)),
    Message("user", (ToolResult("4", "candidate 7: exit x\napplied candidate 9"),)),
    Message("assistant", (ToolUse("5", "bash", {"command": "python3 check.py"}),)),
    Message("user", (ToolResult("5", "[exit code 0]"), Text("the tests still fail"))),
)


@pytest.mark.parametrize("length", range(1, len(MESSAGES) + 1))
@pytest.mark.parametrize(
    "tools", [(), ("swap",), ("files",), ("bash",), ("bash", "files", "swap", "try_edits")]
)
def test_a_confused_conversation_still_gets_an_answer(specs, length, tools):
    request = Request("m", 500, MESSAGES[:length], "Revert.", tuple(specs[t] for t in tools))
    reply = BuiltinProvider().complete(request, CallContext("0", length))
    assert reply.content


def as_json(output, code):
    """Wrap what a shell printed the way mini-swe-agent does."""
    return json.dumps({"returncode": code, "output": output}, indent=2)


def as_tags(output, code):
    return f"<returncode>{code}</returncode>\n<output>\n{output}</output>"


@pytest.mark.parametrize("wrap", [as_json, as_tags])
def test_shell_alone_is_enough_for_a_bug_in_plain_sight(worker, program, wrap):
    files = program("duration")
    agent = worker(files, tools=("bash",), wrap=wrap)
    agent.work(problem(files), turns=20)
    assert agent.passes()


END = "echo DONE_AND_DONE"


def test_work_is_ended_by_the_command_the_agent_asks_for(worker, program):
    files = program("duration")
    text = f"{problem(files)}\n\nSubmit your changes by the command `{END}`."
    for asked, said in ((text, [END]), (problem(files), [])):
        exchanges = worker(files, tools=("bash",)).work(asked, turns=20)
        finished = next(r for _, r in exchanges if "tests pass now" in str(r.content))
        uses = [block for block in finished.content if isinstance(block, ToolUse)]
        assert [use.input["command"] for use in uses] == said
