"""How the work ends: some agents want a command for that, where others want silence."""

from __future__ import annotations

import re

from dgm.gateway.builtin.tools import ToolBox
from dgm.gateway.wire import Request, Text, ToolUse

_ASKED = re.compile(
    r"\b(?:end|finish|submit|complete)\w*\s+(?:your|the)\s+(?:work|task|job|changes)\b"
    r"[^`]{0,120}\bcommand\b[^`]{0,20}`([^`\n]+)`",
    re.IGNORECASE,
)


def ended(blocks: tuple[Text | ToolUse, ...], request: Request) -> tuple[Text | ToolUse, ...]:
    """Add the command that ends the work to a last reply, if the agent asked for one."""
    if any(isinstance(block, ToolUse) for block in blocks):
        return blocks
    said = [block.text for block in request.messages[0].content if isinstance(block, Text)]
    asked = _ASKED.search("\n".join((request.system, *said)))
    call = ToolBox.of(request.tools).run(asked[1].strip()) if asked else None
    return (*blocks, call) if call else blocks
