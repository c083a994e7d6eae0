#!/usr/bin/env python3
"""Makes rows.jsonl from the full record of the measurements: python3 extract.py truth.jsonl > rows.jsonl

Kept are the runs that the simulator can express: real clients and servers (or nobody), IPv4, no TLS.
Of each run: the rules in our format, what the client was told to do, the dialogue of all control connections on the
client's side (with NAT or a helper on the server's side too), the packets that a firewall stopped, and every connection
attempt as its own side saw it. Clocks and stopwatches are taken out of replies. A run that did not end with QUIT ends
when the client did.
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
CLIENTS = {"curl": "curl", "lftp": "lftp", "tnftp": "tnftp", "inetutils-ftp": "ftp"}
# Settings of the server that the scenario format has.
OPTIONS = {"connect_from_port_20", "pasv_min_port", "pasv_max_port", "port_enable", "pasv_enable", "connect_timeout",
           "accept_timeout", "idle_session_timeout", "cmds_denied", "RootRevoke off", "port_promiscuous", "pasv_address",
           "MasqueradeAddress", "PassivePorts", "-P", "-p"}


def options(server):
    """Names and values of the server's settings."""
    given = server["options"] or {}
    if isinstance(given, str):
        return dict((line.rsplit(" ", 1) if line in OPTIONS else line.split(" ", 1)) for line in given.split("\n"))
    return dict(zip(given[::2], given[1::2])) if isinstance(given, list) else given


def expressible(row, base):
    config = row["config"]
    server = config["server"]
    known = {name.split(" ")[0] for name in OPTIONS}
    return (
        config["client"]["kind"] in CLIENTS
        and server["software"] in ("vsftpd", "pure-ftpd", "proftpd", "none", None)
        and network(config["topology"], base) is not None
        and not config["sysctl"]
        and set(options(server)) <= known
    )


def network(topology, base):
    """`routed`, `silent` where inet drops what is for private addresses, `hidden` where the server's is one, or None."""
    differs = {key for key in base if topology[key] != base[key]}
    if differs <= {"routes"}:
        silent = any("blackhole" in route for routes in topology["routes"].values() for route in routes)
        return "silent" if silent else "routed"
    at_home = topology["links"][-1] == ["fw2", "lan", "10.20.0.1/24", "server", "eth0", "10.20.0.10/24"]
    return "hidden" if differs <= {"routes", "links"} and at_home else None


def chains(node, text):
    """nft text to {hook: {policy, rules}}; a hook's NAT and helper chains become one with its filter."""
    found = {}
    for body in re.findall(r"chain \w+ \{(.*?)\n  \}", text, re.S):
        head, *lines = body.strip().split("\n")
        hook = re.search(r"hook (\w+)", head).group(1)
        policy = re.search(r"policy (\w+);", head)
        for old, new in NAMES[node].items():
            lines = [line.replace(f'"{old}"', f'"{new}"') for line in lines]
        lines = [line.strip().replace('helper set "ftp-std"', 'helper set "ftp"') for line in lines]
        chain = found.setdefault(hook, {"policy": "accept", "rules": []})
        chain["rules"] += lines
        if policy:
            chain["policy"] = policy.group(1)
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
                if event["ev"].startswith("ICMP") and event["t"] >= times[0]:
                    _, what, route = event["ev"].split()
                    answer = f"ICMP {what} from {route.split('>')[0]}"
                    break
        yield {"channel": "control", "ports": "C > 21", "syns": times, "answer": answer}
    for data in row["data_connections"]:
        for end in ("client", "server"):
            point = f"{end}.eth0"
            src, dst = data["seen_at"].get(point, "? > ?").split(" > ")
            if not src.startswith(own_address(row, end) + ":"):
                continue
            times = [time for time in data["syn_times"][point] if time < until]
            if not times:
                continue
            # A port that a NAT chose counts as the other host's.
            sides = ("C", "S") if end == "client" else ("S", "C")
            ports = (address.rsplit(":", 1)[1] for address in (src, dst))
            ports = " > ".join(side if port[0] in "CSN" else port for port, side in zip(ports, sides))
            answer = data["answers"].get(point, ["nothing"])[0]
            yield {"channel": "data", "ports": ports, "syns": times, "answer": answer}


def own_address(row, end):
    links = row["config"]["topology"]["links"]
    return (links[0][2] if end == "client" else links[-1][5]).split("/")[0]


def mode(kind, name):
    """tnftp by itself says EPSV, and EPRT with -A."""
    if kind == "tnftp":
        return {"auto": "passive-epsv", "PORT": "active-eprt", "PASV": "passive"}[name]
    return MODES[name]


def line(text):
    """Without what depends on a clock."""
    text = re.sub(r"<[CSN]\d+>", "<P>", text.rstrip())
    text = re.sub(r"^(LPRT 4,4,\d+,\d+,\d+,\d+,2),\d+,\d+$", r"\1,<P>", text)
    text = re.sub(r"^213 \d{14}$", "213 20260101000000", text)
    text = re.sub(r"^(220-Local time is now) \d\d:\d\d", r"\1 00:00", text)
    return re.sub(r"^226 .*measured here.*", "226 <rate>", text)


def patience(kind, argv):
    if kind == "lftp":
        return int(re.search(r"net:timeout (\d+)", argv[-1]).group(1))
    if "-q" in argv:
        return int(argv[argv.index("-q") + 1])
    return int(argv[argv.index("--connect-timeout") + 1]) if "--connect-timeout" in argv else None


def settings(server):
    """What the server was set to; null is its own default."""
    if server["software"] not in ("vsftpd", "pure-ftpd", "proftpd"):
        return None
    conf = dict(re.findall(r"(\w+)=(\S+)", server.get("conf") or ""))
    given = options(server)
    ports = given.get("PassivePorts", given.get("-p", "")).replace(" ", "-").replace(":", "-")
    idle = conf.get("idle_session_timeout") or dict(re.findall(r"^(\w+) (\d+)$", server["conf"], re.M)).get("TimeoutIdle")
    port_20 = conf["connect_from_port_20"] == "YES" if "connect_from_port_20" in conf else None
    return {
        "software": server["software"],
        "connect_timeout": int(conf["connect_timeout"]) if "connect_timeout" in conf else None,
        "accept_timeout": int(conf["accept_timeout"]) if "accept_timeout" in conf else None,
        "idle_timeout": int(idle) if idle else None,
        # With RootRevoke off an anonymous proftpd may use port 20.
        "port_20": True if server["options"] == "RootRevoke off" else port_20,
        "passive_ports": f"{conf['pasv_min_port']}-{conf['pasv_max_port']}" if "pasv_min_port" in conf else ports or None,
        "passive_address": given.get("pasv_address") or given.get("MasqueradeAddress") or given.get("-P"),
        "promiscuous": conf.get("port_promiscuous") == "YES",
        "denied": conf["cmds_denied"].split(",") if "cmds_denied" in conf else [],
        "active": conf.get("port_enable", "YES") == "YES",
        "passive": conf.get("pasv_enable", "YES") == "YES",
    }


def extract(row, base):
    config, outcome = row["config"], row["outcome"]
    kind, argv = config["client"]["kind"], config["client"]["argv"]
    where = network(config["topology"], base)
    urls = [a for a in argv if a.startswith("ftp://")]
    # The client left without QUIT; what its kernel and the server did afterwards was not recorded to the end.
    said = row["dialogue"]["client_side"]
    until = None if said and said[-1]["line"].startswith("221") else outcome["duration_s"]
    end = float("inf") if until is None else until
    run = ["ls ." if kind in ("tnftp", "inetutils-ftp") else "ls"]
    if len(urls) > 1 or kind != "curl":
        run.append("get " + (urls[1].rsplit("/", 1)[1] if urls else "hello.txt"))
    called = "203.0.113.129" if where == "hidden" else "203.0.113.10"
    announced = re.search(r"-P (-|[\d.]+)(?::(\d+-\d+))?", " ".join(argv))
    address, ports = announced.groups() if announced and kind == "curl" else (None, None)
    sides = {side: [[x["t"], x["who"], line(x["line"])]
                    for x in row["dialogue"][side] if x["t"] < end]
             for side in ("client_side", "server_side")}
    translated = any("nat" in text or "helper" in text for text in config["rules"].values())
    verdicts = [[v["device"], v["verdict"], v["ct"], re.search(r"\[(.*)\]", v["pkt"]).group(1)]
                for v in row["verdicts"] if v["t"] < end]
    return {
        "id": row["id"],
        "title": row["title"],
        "client": CLIENTS[kind],
        "mode": mode(kind, config["mode"]),
        "target": re.match(r"ftp://([^/]+)/", urls[0]).group(1) if urls else called,
        "network": where,
        "believes": "--no-ftp-skip-pasv-ip" in argv or "fix-pasv-address no" in argv[-1],
        "connect_timeout": patience(kind, argv),
        "max_time": int(argv[argv.index("--max-time") + 1]) if "--max-time" in argv else None,
        "active_ports": ports,
        "active_address": address if address != "-" else None,
        "run": run,
        "until": until,
        "slowed": "strace" in row["title"],
        "rules": {node: chains(node, text) for node, text in config["rules"].items()},
        "server": settings(config["server"]),
        "list_ok": outcome["list_ok"],
        "retr_ok": outcome["retr_ok"] if len(run) > 1 else None,
        "retr_bytes": outcome.get("retr_bytes") if len(run) > 1 else None,
        "dialogue": sides["client_side"],
        "at_server": [words for _, *words in sides["server_side"]] if translated else None,
        "verdicts": verdicts,
        "attempts": sorted(attempts(row, end), key=lambda attempt: attempt["syns"][0]),
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    base = next(row for row in rows if row["id"] == "A01")["config"]["topology"]
    for row in rows:
        if expressible(row, base):
            print(json.dumps(extract(row, base), separators=(",", ":")))


main()
