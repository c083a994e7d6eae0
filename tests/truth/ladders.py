#!/usr/bin/env python3
"""Makes ladders.jsonl: python3 ladders.py truth.jsonl rows.jsonl > ladders.jsonl

Every segment of every TCP connection, as it passed the interfaces of client and server, of the runs in rows.jsonl. A
connection begins with the kinds of its ports; a segment is `>` (from who opened the connection) or `<`, its flags, its
octets (`~` where they name a port, which has more or fewer digits, or a stopwatch's reading), how far its sequence number is from what this
direction has sent so far and its acknowledgement from what the other has, its window, the options of a SYN.
"""
import json
import sys


# Three small segments or more that follow each other so closely, in seconds, are a burst.
BURST = 0.005


def without_races(packets):
    """How many acknowledgements a burst of small segments gets depends on when the reader wakes up: none is kept."""
    runs = {}
    in_burst = set()
    for at, p in enumerate(packets):
        if 0 < p["len"] < 536:
            run = runs.setdefault((p["src"], p["dst"]), [])
            if run and p["t"] - packets[run[-1]]["t"] >= BURST:
                run.clear()
            run.append(at)
            if len(run) >= 3:
                in_burst.update(run)
    last = {}
    for at, p in enumerate(packets):
        back = last.get((p["dst"], p["src"]))
        if not (p["flags"] == "." and p["len"] == 0 and back in in_burst):
            yield p
        if p["len"] > 0:
            last[p["src"], p["dst"]] = at


def ladder(packets, until):
    connections = {}
    packets = [p for p in packets if "flags" in p and p["t"] < until]
    for p in without_races(packets):
        pair = frozenset((p["src"], p["dst"]))
        opener, segments, highest = connections.setdefault(pair, (p["src"], [], [0, 0]))
        kinds = [end.rsplit(":", 1)[1] for end in (opener, p["dst"] if p["src"] == opener else p["src"])]
        kinds = [kind if kind.isdigit() else "*" for kind in kinds]
        if not segments:
            segments.append(" > ".join(kinds))
        options = p.get("opts", {}) if "S" in p["flags"] else {}
        options = "".join(f" {key}{'' if value is True else value}" for key, value in options.items())
        side = 0 if p["src"] == opener else 1
        seq = p["seq"] - highest[side]
        end = p["seq"] + p["len"] + sum(flag in p["flags"] for flag in "SF")
        highest[side] = max(highest[side], end)
        ack = "-" if p["ack"] is None else p["ack"] - highest[1 - side]
        line = p.get("ftp", "")
        octets = "~" if "<" in line or line.startswith("LPRT") or "(measured here)" in line else p["len"]
        at = f" at {seq}" if seq else ""
        segments.append(f"{'><'[side]} {p['flags']} {octets}{at} ack {ack} win {p['win']}{options}")
    return [segments for _, segments, _ in connections.values()]


def main():
    with open(sys.argv[2], encoding="utf-8") as lines:
        rows = {row["id"]: row for row in map(json.loads, lines)}
    with open(sys.argv[1], encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            row = rows.get(record["id"])
            if row is None:
                continue
            until = float("inf") if row["until"] is None else row["until"]
            points = {end: ladder(record["ladder"][f"{end}.eth0"], until) for end in ("client", "server")}
            print(json.dumps({"id": record["id"], **points}, separators=(",", ":")))


main()
