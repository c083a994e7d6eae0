#!/usr/bin/env python3
"""Makes rows.jsonl from the full record of the measurements: python3 extract.py truth.jsonl > rows.jsonl

Kept are the runs that the simulator can express: curl against vsftpd (or against nobody), IPv4, no NAT, no helper.
Of each run: the rules in our format, what the client was told to do, the dialogue of the first control connection on
the client's side, the packets that a firewall stopped, and every connection attempt as its own side saw it.
"""
import json
import re
import sys

# Our interfaces have the neighbour's name.
NAMES = {
    "client": {"eth0": "fw1"},
    "fw1": {"lan": "client", "wan": "inet"},
    "fw2": {"lan": "server", "wan": "inet"},
    "server": {"eth0": "fw2"},
}
MODES = {"PORT": "active", "EPRT": "active-eprt", "PASV": "passive", "EPSV": "passive-epsv"}
# Settings of the server that the scenario format has.
OPTIONS = {"connect_from_port_20", "pasv_min_port", "pasv_max_port", "port_enable", "pasv_enable", "connect_timeout",
           "accept_timeout", "idle_session_timeout"}


def expressible(row, base):
    config = row["config"]
    server = config["server"]
    return (
        config["client"]["kind"] == "curl"
        and server["software"] in ("vsftpd", "none", None)
        and config["topology"] == base
        and config["mode"] in MODES
        and not config["sysctl"]
        and set(server["options"] or {}) <= OPTIONS
        and "strace" not in row["title"]
        and not any("nat" in text or "helper" in text for text in config["rules"].values())
    )


def chains(node, text):
    """nft text to {hook: {policy, rules}}."""
    found = {}
    for body in re.findall(r"chain \w+ \{(.*?)\n  \}", text, re.S):
        head, *lines = body.strip().split("\n")
        hook, policy = re.search(r"hook (\w+) .*policy (\w+);", head).groups()
        for old, new in NAMES[node].items():
            lines = [line.replace(f'ifname "{old}"', f'ifname "{new}"') for line in lines]
        found[hook] = {"policy": policy, "rules": [line.strip() for line in lines]}
    return found


def attempts(row, until):
    """Connection attempts: who, from which kind of port to which, when the SYNs left, what came back."""
    found = {}
    packets = [packet for packet in row["ladder"]["client.eth0"] if "flags" in packet]
    for packet in packets:
        if packet["flags"] == "S" and packet["dst"].endswith(":21") and packet["t"] < until:
            found.setdefault(packet["src"], [packet["dst"], []])[1].append(round(packet["t"], 4))
    for src, (dst, times) in found.items():
        answer = "nothing"
        for packet in packets:
            back = packet["src"] == dst and packet["dst"] == src and packet["flags"] in ("S.", "R.", "R")
            if back:
                answer = f"{'SYN-ACK' if packet['flags'] == 'S.' else 'RST'} ttl={packet['ttl']}"
                break
        else:
            for event in row["events_at_client"]:
                if event["ev"].startswith("ICMP"):
                    _, what, route = event["ev"].split()
                    answer = f"ICMP {what} from {route.split('>')[0]}"
                    break
        yield {"channel": "control", "ports": "C > 21", "syns": times, "answer": answer}
    for data in row["data_connections"]:
        for end in ("client", "server"):
            point = f"{end}.eth0"
            src, dst = data["seen_at"].get(point, "? > ?").split(" > ")
            if not src.startswith(ADDRESS[end] + ":"):
                continue
            times = data["syn_times"][point]
            if times[0] >= until:
                continue
            ports = " > ".join(re.sub(r"\d+$", "", p) if p[0] in "CS" else p for p in (x.rsplit(":", 1)[1] for x in (src, dst)))
            answer = data["answers"].get(point, ["nothing"])[0]
            yield {"channel": "data", "ports": ports, "syns": times, "answer": answer}


ADDRESS = {"client": "192.168.10.10", "server": "203.0.113.10"}


def extract(row):
    config, outcome = row["config"], row["outcome"]
    argv = config["client"]["argv"]
    urls = [a for a in argv if a.startswith("ftp://")]
    again = [e["t"] for e in row["events_at_client"] if re.match(r"ctl S 192.168.10.10:C", e["ev"])]
    first = [e["ev"] for e in row["events_at_client"] if re.match(r"ctl S 192.168.10.10:C", e["ev"])]
    # curl opens a second control connection after a failure to connect; what happens from there on is left out.
    second = next((t for t, ev in zip(again, first) if ev != first[0]), None)
    # The times of events are rounded, those of packets are not.
    until = float("inf") if second is None else second - 0.0001
    run = ["ls"]
    if second is None and len(urls) > 1:
        run.append("get " + urls[1].rsplit("/", 1)[1])
    conf = dict(re.findall(r"(\w+)=(\S+)", config["server"].get("conf") or ""))
    dialogue = [[x["t"], x["who"], re.sub(r"<[CS]\d+>", "<P>", x["line"])]
                for x in row["dialogue"]["client_side"] if x["conn"] == 1 and x["t"] < until]
    verdicts = [[v["device"], v["verdict"], v["ct"], re.search(r"\[(.*)\]", v["pkt"]).group(1)]
                for v in row["verdicts"] if v["t"] < until]
    return {
        "id": row["id"],
        "title": row["title"],
        "mode": MODES[config["mode"]],
        "target": re.match(r"ftp://([^/]+)/", urls[0]).group(1),
        "connect_timeout": int(argv[argv.index("--connect-timeout") + 1]) if "--connect-timeout" in argv else None,
        "run": run,
        "rules": {node: chains(node, text) for node, text in config["rules"].items()},
        "server": None if config["server"]["software"] != "vsftpd" else {
            "connect_timeout": int(conf["connect_timeout"]),
            "accept_timeout": int(conf["accept_timeout"]),
            "idle_timeout": int(conf["idle_session_timeout"]),
            "port_20": conf["connect_from_port_20"] == "YES",
            "passive_ports": f"{conf['pasv_min_port']}-{conf['pasv_max_port']}" if "pasv_min_port" in conf else None,
            "active": conf.get("port_enable", "YES") == "YES",
            "passive": conf.get("pasv_enable", "YES") == "YES",
        },
        "list_ok": outcome["list_ok"],
        "retr_ok": outcome["retr_ok"] if len(run) > 1 else None,
        "retr_bytes": outcome["retr_bytes"] if len(run) > 1 else None,
        "dialogue": dialogue,
        "verdicts": verdicts,
        "attempts": list(attempts(row, until)),
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    base = next(row for row in rows if row["id"] == "A01")["config"]["topology"]
    for row in rows:
        if expressible(row, base):
            print(json.dumps(extract(row), separators=(",", ":")))


main()
