"""Colours and fonts of the panorama, the same in both formats."""

from eduops.asset.rules.word import KINDS

FONTS = "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, SimSun, sans-serif"
INK, FADED = "#1e293b", "#94a3b8"
STOP, STOP_FILL = "#c81e1e", "#fee2e2"
KIND_COLOURS = {"database": "#2563eb", "middleware": "#7c3aed", "application": "#059669", "other": "#94a3b8"}
FRAME_COLOURS = {"production": ("#1d4ed8", "#eff6ff", False), "test": ("#4d7c0f", "#f7fee7", True)}
"""Environment → line, fill, whether dashed."""
BUS_COLOURS = ("#b45309", "#0369a1", "#6d28d9", "#047857", "#be185d", "#4d7c0f", "#334155", "#0e7490")
LEGEND_KINDS = tuple(KINDS.items())
