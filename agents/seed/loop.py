"""The loop: ask the model, run the tools it calls, tell it the results, until it is done."""

import tools
from model import BudgetSpentError, ModelError


def run(model, toolbox, context, system, prompt):
    """Work on a problem; return the turns used and why it stopped."""
    specs = [tool.SPEC for tool in toolbox.values()]
    messages = [{"role": "user", "content": prompt}]
    max_turns = context.settings["max_turns"]
    for turn in range(1, max_turns + 1):
        try:
            content = model.ask(system, messages, specs)
        except BudgetSpentError:
            return turn - 1, "budget"
        except ModelError as error:
            print(f"model error: {error}")
            return turn - 1, "model_error"
        calls = [block for block in content if block["type"] == "tool_use"]
        if not calls:
            return turn, "finished"
        messages.append({"role": "assistant", "content": content})
        results = [answer(call, toolbox, context) for call in calls]
        messages.append({"role": "user", "content": results})
    return max_turns, "turn_limit"


def answer(call, toolbox, context):
    """Run one tool call and wrap what came out of it for the model."""
    text, is_error = tools.call(toolbox, call["name"], call["input"], context)
    print(f"{call['name']}: {'error: ' if is_error else ''}{last_line(text)}")
    limit = context.settings["answer_chars"]
    if len(text) > limit:
        text = f"{text[:limit]}\n[clipped: {limit} of {len(text)} characters shown]"
    return {
        "type": "tool_result",
        "tool_use_id": call["id"],
        "content": text,
        "is_error": is_error,
    }


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else ""
