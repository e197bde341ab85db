"""The bench's results: collected, and printed as one Markdown table."""

import statistics
from collections import defaultdict

from contestants import (
    AHCI, AHCI_IPXE, AHCI_IPXE_NO_PMM, AHCI_LUNBOOT, AHCI_LUNBOOT_NO_PMM, BUILD, IPXE,
    IPXE_ROM, LUNBOOT, OTHER, OTHER_WAYS, SLOWER, VIRTIO, WATCHED,
)
from rows import DELAYS, ROWS

COLUMNS = [LUNBOOT.name, IPXE.name, VIRTIO.name, AHCI.name]
MARKS = ("<!-- bench: made by make bench -->", "<!-- end of bench -->")
LOCAL = "local"  # the "delay" of those that have no network
ROM_COST = {
    "post": {LUNBOOT.name: AHCI_LUNBOOT, IPXE.name: AHCI_IPXE},
    "nopmm": {LUNBOOT.name: AHCI_LUNBOOT_NO_PMM, IPXE.name: AHCI_IPXE_NO_PMM},
}


class Results:
    """figures[delay][contestant][what]: a list with one for each run."""

    def __init__(self):
        self.figures = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        self.estimated, self.late, self.troubles = set(), set(), []

    def add(self, delay, contestant, boot):
        for what, figure in boot.values.items():
            self.figures[delay][contestant][what].append(figure)
        self.estimated |= {(delay, contestant, what) for what in boot.estimated}
        if boot.trouble:
            self.late |= {(delay, contestant, what) for what in boot.missing()}
            self.troubles.append(f"{contestant}, {delay}: {boot.trouble}")

    def median(self, delay, contestant, what):
        found = self.figures[delay][contestant][what]
        return statistics.median(found) if found else None

    def row(self, row, delay):
        """The row's figures: contestant -> number."""
        return {name: value for name in COLUMNS
                if (value := self.figure(row, delay, name)) is not None}

    def figure(self, row, delay, name):
        delay = delay if name in (LUNBOOT.name, IPXE.name) else LOCAL
        get = self.median
        if row.name in OTHER_WAYS:
            return get(delay, OTHER_WAYS[row.name].name, "boot") if name == LUNBOOT.name else None
        if row.name == "accesses":
            return get(delay, WATCHED[name].name, "accesses") if name in WATCHED else None
        if row.name in SLOWER:
            (step,) = row.steps
            fast, slow = get(delay, name, step), get(delay, SLOWER[row.name].name, step)
            return 100 * (1 - slow / fast) if name == LUNBOOT.name and fast and slow else None
        if row.name == "fetched":
            asked = get(LOCAL, AHCI.name, "grub-bytes")
            fetched = get(delay, name, "grub-bytes")
            return fetched / asked if asked and fetched and delay != LOCAL else None
        if row.name == "extra":
            return get(delay, name, "rand4-fetched") if delay != LOCAL else None
        if row.name == "rom":
            files = {LUNBOOT.name: BUILD / "e1000/boot/rom.bin", IPXE.name: IPXE_ROM}
            return files[name].stat().st_size if name in files else None
        if row.name in ("base", "hidden"):
            what = "base" if row.name == "base" else "usable"
            without, with_it = get(LOCAL, AHCI.name, what), get(delay, name, what)
            return without - with_it if without and with_it and delay != LOCAL else None
        if row.name in ROM_COST:
            with_rom = ROM_COST[row.name].get(name)
            times = [get(LOCAL, c.name, "boot") for c in (with_rom, AHCI) if c]
            return (times[0] - times[1]) * 1000 if len(times) == 2 and all(times) else None
        return get(delay, name, row.name)

    def markdown(self, rows, delays):
        head = ["", "delay", *COLUMNS, "to iPXE", "to virtio", "to reach"]
        lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        for row in ROWS:
            if row.name not in rows:
                continue
            for delay in delays if row.with_delays else delays[:1]:
                figures = self.row(row, delay)
                if figures:
                    lines.append(self.line(row, delay, figures))
        return "\n".join(lines)

    def beside(self, rows, delays):
        """Another build's figures beside this one's."""
        lines = [f"| | delay | lunboot | {OTHER} | to it |", "|---|---|---|---|---|"]
        for row in ROWS:
            for delay in delays if row.name in rows else ():
                ours, theirs = (self.median(delay, who, row.name) for who in (LUNBOOT.name, OTHER))
                if ours and theirs:
                    lines.append(f"| {row.title}, {row.unit} | {describe(delay)} | {short(ours)} |"
                                 f" {short(theirs)} | {row.ratio(ours, theirs):.3f}x |")
        return "\n".join(lines)

    def line(self, row, delay, figures):
        cells = [f"{row.title}, {row.unit}" if row.unit else row.title]
        cells.append(describe(delay) if row.with_delays else "")
        cells += [self.cell(row, delay, name, figures.get(name)) for name in COLUMNS]
        for other in (IPXE.name, VIRTIO.name):
            ours, theirs = figures.get(LUNBOOT.name, 0), figures.get(other, 0)
            both = ours > 0 and theirs > 0  # the cost of a ROM may come out below zero
            cells.append(f"{short(row.ratio(ours, theirs))}x" if both else "")
        goals = []
        for goal in row.to_reach.get(delay if row.with_delays else "0", ()):
            reached = goal.reached(row, figures)
            verdict = {True: "reached", False: "**not reached**", None: "?"}[reached]
            goals.append(f"{goal.text(row)}: {verdict}")
        cells.append(", ".join(goals))
        return "| " + " | ".join(cells) + " |"

    def cell(self, row, delay, name, figure):
        if figure is None:
            return "too slow" if (delay, name, row.name) in self.late else ""
        return ("~" if (delay, name, row.name) in self.estimated else "") + short(figure)


def describe(delay):
    ms, lost = DELAYS[delay]
    return f"{ms} ms" + (f", {lost:.0%} lost" if lost else "")


def short(figure):
    """Three digits are all that such figures are worth."""
    if abs(figure) >= 1000:
        return f"{figure:,.0f}"
    return f"{figure:.3g}"


def put_into(document, text):
    """The text takes the place of what stands between the document's marks."""
    before, rest = document.read_text().split(MARKS[0])
    _, after = rest.split(MARKS[1])
    document.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}")
