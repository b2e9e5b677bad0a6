"""A line plot as SVG, without a library: what `make bench` draws into docs/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 48, 56
COLOURS = ("#1f6f8b", "#c2571a", "#4b7f2b", "#7a4fa3")

Points = Sequence[tuple[float, float]]


def draw(path: Path, title: str, across: str, up: str, series: dict[str, Points]) -> None:
    """Writes the plot of ``series`` (name to points) to ``path``; both axes begin at nought."""
    widest = max(x for points in series.values() for x, _ in points)
    highest = _round_up(max(y for points in series.values() for _, y in points))

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + (WIDTH - LEFT - RIGHT) * x / widest,
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / highest,
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13" fill="#333">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="24" font-size="16">{_text(title)}</text>',
    ]
    for step in range(6):
        value = highest * step / 5
        x, y = place(0, value)
        parts.append(
            f'<line x1="{x}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
        )
        parts.append(f'<text x="{x - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for value in sorted({x for points in series.values() for x, _ in points}):
        x, y = place(value, 0)
        parts.append(f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle">{value:g}</text>')
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
        f"{_text(across)}</text>"
    )
    parts.append(f'<text x="12" y="{TOP - 10}">{_text(up)}</text>')
    # From the top down, so that names that would lie on each other are moved apart.
    ending = sorted(zip(series.items(), COLOURS, strict=False), key=lambda each: -each[0][1][-1][1])
    lowest_name = 0.0
    for (name, points), colour in ending:
        placed = [place(x, y) for x, y in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in placed]
        x, y = placed[-1]
        lowest_name = max(y + 4, lowest_name + 16)
        parts.append(
            f'<text x="{x + 10:.1f}" y="{lowest_name:.1f}" fill="{colour}">{_text(name)}</text>'
        )
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def _round_up(value: float) -> float:
    scale = 1.0
    while value > 10 * scale:
        scale *= 10
    while value <= scale:
        scale /= 10
    return next(step * scale for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * scale >= value)


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
