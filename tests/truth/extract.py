#!/usr/bin/env python3
"""Makes rows.jsonl from the full record of the measurements: python3 extract.py truth.jsonl rows.jsonl left-out.jsonl

Kept are the runs that the simulator can express: real clients and servers (or nobody), IPv4, no TLS. The others are
named in left-out.jsonl, each with the reason.
Of each run: the rules in our format, what the client was told to do, the dialogue of all control connections on the
client's side (with NAT or a helper on the server's side too), the packets that a firewall stopped, every connection
attempt as its own side saw it and as it arrived, the addresses and ports that commands and replies named, which rule
decided on the packets that open and close connections, and who ended each connection. Clocks and stopwatches are taken
out of replies. A run that did not end with QUIT ends when the client did.
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
# How nft lists what the runs' configurations write in other words.
SPELLINGS = {
    "tcp flags != syn / syn,ack": "tcp flags & (syn|ack) != syn",
    "icmpx admin-prohibited": "icmpx type admin-prohibited",
}
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


def obstacle(row, base):
    """Why the simulator cannot express a run, or None."""
    config = row["config"]
    server = config["server"]
    known = {name.split(" ")[0] for name in OPTIONS}
    if config["client"]["kind"] not in CLIENTS:
        return f"the client is `{config['client']['kind']}`, a script of the laboratory and no program"
    if server["software"] not in ("vsftpd", "pure-ftpd", "proftpd", "none", None):
        return f"the server is `{server['software']}`"
    if network(config["topology"], base) is None:
        return "another network"
    if config["sysctl"]:
        return f"kernel settings: {config['sysctl']}"
    unknown = sorted(set(options(server)) - known)
    return f"settings of the server: {', '.join(unknown)}" if unknown else None


def network(topology, base):
    """`routed`, `silent` where inet drops what is for private addresses, `hidden` where the server's is one, or None."""
    differs = {key for key in base if topology[key] != base[key]}
    if differs <= {"routes"}:
        silent = any("blackhole" in route for routes in topology["routes"].values() for route in routes)
        return "silent" if silent else "routed"
    at_home = topology["links"][-1] == ["fw2", "lan", "10.20.0.1/24", "server", "eth0", "10.20.0.10/24"]
    return "hidden" if differs <= {"routes", "links"} and at_home else None


def renamed(node, rule):
    """A rule with our names."""
    for old, new in NAMES[node].items():
        rule = rule.replace(f'"{old}"', f'"{new}"')
    return rule.strip().replace('helper set "ftp-std"', 'helper set "ftp"')


def chains(node, text):
    """nft text to {hook: {policy, rules}}; a hook's NAT and helper chains become one with its filter."""
    found = {}
    for body in re.findall(r"chain \w+ \{(.*?)\n  \}", text, re.S):
        head, *lines = body.strip().split("\n")
        hook = re.search(r"hook (\w+)", head).group(1)
        policy = re.search(r"policy (\w+);", head)
        lines = [renamed(node, line) for line in lines]
        chain = found.setdefault(hook, {"policy": "accept", "rules": []})
        chain["rules"] += lines
        if policy:
            chain["policy"] = policy.group(1)
    return found


def number(row, port):
    """A port, which the record may call C1, S1 or N1."""
    return int(row["ports"].get(port, port))


def split(address):
    ip, _, port = address.rpartition(":")
    return ip, port


def kind(row, port, end):
    """What kind of port: below 1024 its number; of the client's, even or odd, which tells who chose it: connect() or
    bind(); `range+N` of the set range, `range` of a server's, which chooses at random."""
    value = number(row, port)
    if value < 1024:
        return str(value)
    if end == "client":
        low, high = active_range(row) or (1, 0)
        return f"range+{value - low}" if low <= value <= high else ("even", "odd")[value % 2]
    given = settings(row["config"]["server"])
    given = given["passive_ports"] if given else None
    low, high = map(int, given.split("-")) if given else (1, 0)
    return "range" if low <= value <= high else "any"


def active_range(row):
    announced = re.search(r"-P (?:-|[\d.]*):(\d+)-(\d+)", " ".join(row["config"]["client"]["argv"]))
    return tuple(map(int, announced.groups())) if announced else None


def named(row, line):
    """Address and port that a command or reply names; an address of None is the speaker's own. None if it names none."""
    found = re.match(r"(?:PORT |227 .*?\(?)(\d+),(\d+),(\d+),(\d+),(?:<([CSN]\d+)>|(\d+),(\d+))", line)
    if found:
        *ip, port, high, low = found.groups()
        return ".".join(ip), port or str(int(high) * 256 + int(low))
    found = re.match(r"LPRT 4,4,(\d+),(\d+),(\d+),(\d+),2,(?:<([CSN]\d+)>|(\d+),(\d+))", line)
    if found:
        *ip, port, high, low = found.groups()
        return ".".join(ip), port or str(int(high) * 256 + int(low))
    found = re.match(r"EPRT \|1\|([\d.]+)\|<?([CSN]?\d+)>?\|", line)
    if found:
        return found.groups()
    found = re.match(r"229 .*\|\|\|<?([CSN]?\d+)>?\|", line)
    return (None, found.group(1)) if found else None


def doors(row, until):
    """What commands and replies named, where they were said: who, address, port: `as N` if the client's door N had it,
    too. Servers choose at random and may well choose again."""
    said = [x for side, who in (("client_side", "C"), ("server_side", "S"))
            for x in row["dialogue"][side] if x["who"] == who and x["t"] < until]
    found = []
    for x in sorted(said, key=lambda x: x["t"]):
        door = named(row, x["line"])
        if door is None:
            continue
        ip, port = door
        value = number(row, port)
        end = "client" if x["who"] == "C" else "server"
        same = [at for at, (who, _, _, known, _) in enumerate(found) if (who, known) == (x["who"], value)]
        same = same if end == "client" else []
        found.append((x["who"], ip, f"as {same[0]}" if same else kind(row, port, end), value, x["t"]))
    return found


def arrival(row, src, dst, far):
    """How a SYN, which left as src > dst, looks at the far end: each end's address, and whether its port was kept."""
    if far is None:
        return None
    ends = []
    for ours, theirs in zip((src, dst), far.split(" > ")):
        same = number(row, split(ours)[1]) == number(row, split(theirs)[1])
        ends.append(f"{split(theirs)[0]}:{'kept' if same else 'new'}")
    return " > ".join(ends)


def attempts(row, until, known):
    """Connection attempts: who, from which kind of port to which, when the SYNs left, what came back, how they looked
    at the other end (None: none came), the kind of port that they came from, and the door they knocked at."""
    found = {}
    packets = [packet for packet in row["ladder"]["client.eth0"] if "flags" in packet]
    at_server = [p for p in row["ladder"]["server.eth0"] if p.get("flags") == "S" and p["dst"].endswith(":21")]
    for packet in packets:
        if packet["flags"] == "S" and packet["dst"].endswith(":21") and packet["t"] < until:
            found.setdefault(packet["src"], [packet["dst"], []])[1].append(round(packet["t"], 4))
    # Control connections begin one after the other.
    arrived = list(dict.fromkeys((p["src"], p["dst"]) for p in at_server))
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
        came = any(times[0] <= p["t"] <= times[-1] + 1 for p in at_server)
        far = " > ".join(arrived.pop(0)) if came and arrived else None
        yield {"channel": "control", "ports": "C > 21", "syns": times, "answer": answer,
               "arrives": arrival(row, src, dst, far), "from": kind(row, split(src)[1], "client"), "door": None}
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
            far = data["seen_at"].get("server.eth0" if end == "client" else "client.eth0")
            from_port = number(row, split(src)[1])
            from_kind = str(from_port) if from_port < 1024 else ("even", "odd")[from_port % 2]
            yield {"channel": "data", "ports": ports, "syns": times, "answer": answer,
                   "arrives": arrival(row, src, dst, far), "from": from_kind,
                   "door": door_of(row, known, times[0], split(dst)[1], "S" if end == "client" else "C")}


def door_of(row, known, time, port, who):
    """The last door with this port that this side had named by then."""
    ours = [at for at, (by, _, _, value, when) in enumerate(known) if (by, value) == (who, number(row, port)) and when <= time]
    return ours[-1] if ours else None


def endings(row, until):
    """Of each connection, as it passed each end's interface: who sent FIN and RST, each for the first time, in order."""
    found = {}
    for end in ("client", "server"):
        found[end] = []
        connections = {}
        for p in row["ladder"][f"{end}.eth0"]:
            if "flags" not in p or p["t"] >= until:
                continue
            pair = frozenset((p["src"], p["dst"]))
            if pair not in connections or (p["flags"] == "S" and connections[pair][1]):
                control = any(address.endswith(":21") for address in pair)
                connections[pair] = ("control" if control else "data", [])
                found[end].append(connections[pair])
            said = connections[pair][1]
            who = "C" if end == "client" and p["src"].startswith(own_address(row, end) + ":") else None
            if end == "server":
                who = None if p["src"].startswith(own_address(row, end) + ":") else "C"
            for flag, name in (("F", "FIN"), ("R", "RST")):
                word = f"{who or 'S'} {name}"
                if flag in p["flags"] and word not in said:
                    said.append(word)
        found[end] = [[channel, *said] for channel, said in found[end]]
    return found


def as_written(device, rule):
    """A rule in the words of the run's configuration: nft lists some in others."""
    for listed, written in SPELLINGS.items():
        rule = rule.replace(listed, written)
    return renamed(device, rule)


def decisions(row, until):
    """Which rule decided, where rules were traced: device, which packet, its state, the verdict, hook and rule; for
    packets that open and reset connections and for ICMP errors. Then all rules that matched, with those of NAT."""
    found = []
    for device, traced in sorted(row["trace"].items()):
        for p in traced["packets"]:
            if p["chain"] is None or p["t"] >= until:
                continue
            flags = re.search(r"\[(.*)\]", p["pkt"])
            hook = p["chain"].removeprefix("lab/")
            mine = [rule.split(": ", 1)[1] for rule in p.get("rules", [])]
            rules = [as_written(device, rule) for rule in mine or [p["rule"] or "policy"]]
            found.append([device, flags.group(1) if flags else "ICMP", p["ct"] or "", p["verdict"], hook,
                          as_written(device, p["rule"] or "policy"), rules])
    return found


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
    known = doors(row, end)
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
        "attempts": sorted(attempts(row, end, known), key=lambda attempt: attempt["syns"][0]),
        "doors": [door[:3] for door in known],
        "endings": endings(row, end),
        "decisions": decisions(row, end),
    }


def main():
    record, kept, left_out = sys.argv[1:]
    with open(record, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    base = next(row for row in rows if row["id"] == "A01")["config"]["topology"]
    with open(kept, "w", encoding="utf-8") as kept, open(left_out, "w", encoding="utf-8") as left_out:
        for row in rows:
            why = obstacle(row, base)
            if why is None:
                print(json.dumps(extract(row, base), separators=(",", ":")), file=kept)
            else:
                print(json.dumps({"id": row["id"], "title": row["title"], "why": why}), file=left_out)


main()
