"""The models behind the gateway that somebody else serves, each through its vendor's own SDK.

`messages` and `completions` put `wire` records into a vendor's JSON and back: pure functions.
`anthropic` and `openai` hold the SDK's client; `failures` says what an error means, `clouds` what
those of Amazon's and Google's own packages do.
"""

from dgm.gateway.providers.anthropic import AnthropicProvider
from dgm.gateway.providers.openai import OpenAIProvider
from dgm.gateway.providers.upstream import Upstream

__all__ = ["AnthropicProvider", "OpenAIProvider", "Upstream"]
