"""python -m eduops_agent"""

import gc

# One patrol is over before anything could be collected; a loop turns it on again.
gc.disable()

from eduops_agent.cli import run  # noqa: E402

run()
