"""python -m eduops_agent"""

from eduops_agent.cli import run

run()
