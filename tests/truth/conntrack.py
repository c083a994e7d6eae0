#!/usr/bin/env python3
"""Records what the kernel's connection tracking and NAT make of hand-made packets.

    sudo tests/truth/conntrack.py > tests/truth/conntrack.jsonl

A router (network namespace `ctF`) stands between two wires, C (192.168.10.0/24, 2001:db8:10::/64) and S (203.0.113.0/24,
2001:db8:113::/64), on which nobody answers: every packet is made here. After each one the router is asked how it
classified the packet (counters of `ct state`), which entries and expectations it has now with what is left of their
time, and both wires are watched for what came out. One line a sequence; `tests/conntrack.rs` plays them again.
"""
import json, re, socket, struct, subprocess, sys, time

C, S, FC, FS = '192.168.10.10', '203.0.113.10', '192.168.10.1', '203.0.113.1'
C6, S6 = '2001:db8:10::10', '2001:db8:113::10'
BITS = {'F': 1, 'S': 2, 'R': 4, 'P': 8, '.': 16, 'U': 32}

def sh(*a, text=None, check=True):
    r = subprocess.run(a, input=text, capture_output=True, text=True)
    if check and r.returncode: sys.exit(f'{a}: {r.stderr}')
    return r.stdout

def inF(*a, **k): return sh('ip', 'netns', 'exec', 'ctF', *a, **k)

def checksum(b):
    if len(b) % 2: b += b'\0'
    s = sum(struct.unpack(f'!{len(b)//2}H', b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff

def family(a): return socket.AF_INET6 if ':' in a else socket.AF_INET

def ip(src, dst, proto, body, ttl=64):
    f = family(src); s, d = socket.inet_pton(f, src), socket.inet_pton(f, dst)
    if f == socket.AF_INET:
        h = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(body), 0, 0x4000, ttl, proto, 0) + s + d
        return h[:10] + struct.pack('!H', checksum(h)) + h[12:] + body
    return struct.pack('!IHBB', 6 << 28, len(body), proto, ttl) + s + d + body

def pseudo(src, dst, proto, n):
    f = family(src); s, d = socket.inet_pton(f, src), socket.inet_pton(f, dst)
    return s + d + (struct.pack('!BBH', 0, proto, n) if f == socket.AF_INET else struct.pack('!IHBB', n, 0, 0, proto))

def build(p):
    """A packet as it is written in the record, as bytes."""
    if 'icmp' in p:
        q = build(p['quoted'])
        codes = {'net-unreachable': (3, 0), 'host-unreachable': (3, 1), 'port-unreachable': (3, 3), 'admin-prohibited': (3, 13), 'time-exceeded': (11, 0)}
        codes6 = {'no-route': (1, 0), 'addr-unreachable': (1, 3), 'port-unreachable': (1, 4), 'admin-prohibited': (1, 1), 'time-exceeded': (3, 0)}
        v6 = ':' in p['src']; t, c = (codes6 if v6 else codes)[p['icmp']]
        m = struct.pack('!BBHI', t, c, 0, 0) + q
        ck = checksum((pseudo(p['src'], p['dst'], 58, len(m)) if v6 else b'') + m)
        return ip(p['src'], p['dst'], 58 if v6 else 1, m[:2] + struct.pack('!H', ck) + m[4:])
    o = b''
    if 'mss' in p: o += struct.pack('!BBH', 2, 4, p['mss'])
    if p.get('sack_ok'): o += b'\1\1\4\2'
    if 'wscale' in p: o += b'\1\3\3' + bytes([p['wscale']])
    if 'sack' in p:
        o += b'\1\1\5' + bytes([2 + 8 * len(p['sack'])]) + b''.join(struct.pack('!II', *b) for b in p['sack'])
    fl = sum(BITS[c] for c in p['flags']); data = p.get('data', '').encode()
    h = struct.pack('!HHIIBBHHH', p['sport'], p['dport'], p['seq'], p['ack'], (20 + len(o)) // 4 << 4, fl, p['win'], 0, 0) + o + data
    ck = checksum(pseudo(p['src'], p['dst'], 6, len(h)) + h)
    return ip(p['src'], p['dst'], 6, h[:16] + struct.pack('!H', ck) + h[18:], p.get('ttl', 64))

def parse(b, quoted=False):
    """Bytes as a packet of the record; its checksums are right, or it says so."""
    v = b[0] >> 4; r = {}
    if v == 4:
        n = (b[0] & 15) * 4; r['src'], r['dst'] = (socket.inet_ntoa(b[i:i+4]) for i in (12, 16)); proto = b[9]
        if checksum(b[:n]): r['bad'] = 'ip'
        if not quoted: r['ttl'] = b[8]
        body = b[n:struct.unpack('!H', b[2:4])[0]]
    elif v == 6:
        r['src'], r['dst'] = (socket.inet_ntop(socket.AF_INET6, b[i:i+16]) for i in (8, 24)); proto = b[6]
        if not quoted: r['ttl'] = b[7]
        body = b[40:40 + struct.unpack('!H', b[4:6])[0]]
    else: return None
    if proto in (1, 58):
        t, c = body[0], body[1]
        if checksum((pseudo(r['src'], r['dst'], 58, len(body)) if proto == 58 else b'') + body): r['bad'] = 'icmp'
        names = {(3, 0): 'net-unreachable', (3, 1): 'host-unreachable', (3, 3): 'port-unreachable', (3, 13): 'admin-prohibited', (11, 0): 'time-exceeded', (3, 4): 'frag-needed', (3, 9): 'net-prohibited', (3, 10): 'host-prohibited'} if proto == 1 else {(1, 0): 'no-route', (1, 1): 'admin-prohibited', (1, 3): 'addr-unreachable', (1, 4): 'port-unreachable', (3, 0): 'time-exceeded', (2, 0): 'packet-too-big'}
        if (t, c) not in names: return None
        r['icmp'] = names[t, c]; r['quoted'] = parse(body[8:], True)
        return r
    if proto != 6: return None
    sp, dp, seq, ack, off, fl, win = struct.unpack('!HHIIBBH', body[:16])
    r.update(sport=sp, dport=dp, seq=seq, ack=ack, flags=''.join(l for l in 'FSRPU.' if fl & BITS[l]), win=win)
    if not quoted:
        if checksum(pseudo(r['src'], r['dst'], 6, len(body)) + body): r['bad'] = 'tcp'
        o = body[20:(off >> 4) * 4]; sack = []
        while o:
            if o[0] == 0: break
            if o[0] == 1: o = o[1:]; continue
            if o[0] == 5: sack = [list(struct.unpack('!II', o[i:i+8])) for i in range(2, o[1], 8)]
            o = o[o[1]:]
        if sack: r['sack'] = sack
        data = body[(off >> 4) * 4:].decode('latin1')
        if data: r['data'] = data
    return r

class Lab:
    def __init__(self):
        for w, nets in (('C', ('192.168.10.', '2001:db8:10::')), ('S', ('203.0.113.', '2001:db8:113::'))):
            sh('ip', 'link', 'add', w, 'netns', 'ctF', 'type', 'veth', 'peer', 'name', w, 'netns', 'ctP')
            for n in ('ctF', 'ctP'):
                sh('ip', 'netns', 'exec', n, 'sysctl', '-qw', f'net.ipv6.conf.{w}.accept_dad=0')
                sh('ip', 'netns', 'exec', n, 'ethtool', '-K', w, 'tx', 'off', 'rx', 'off', 'gro', 'off', 'tso', 'off', check=False)
                sh('ip', 'netns', 'exec', n, 'ip', 'link', 'set', w, 'up')
            inF('ip', 'addr', 'add', nets[0] + '1/24', 'dev', w); inF('ip', '-6', 'addr', 'add', nets[1] + '1/64', 'dev', w, 'nodad')
        inF('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0')
        mac = lambda n, w: json.loads(sh('ip', '-n', n, '-j', 'link', 'show', w))[0]['address']
        self.mac = {w: (mac('ctF', w), mac('ctP', w)) for w in 'CS'}
        for w, nets in (('C', ('192.168.10.', '2001:db8:10::')), ('S', ('203.0.113.', '2001:db8:113::'))):
            for h in (10, 20, 77, 99):
                for a in nets: inF('ip', 'neigh', 'replace', f'{a}{h}', 'lladdr', self.mac[w][1], 'dev', w, 'nud', 'permanent')
        inF('ip', 'route', 'add', 'default', 'via', '203.0.113.99'); inF('ip', '-6', 'route', 'add', 'default', 'via', '2001:db8:113::99')
        self.sock = {}
        for w in 'CS':
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind((w, 0)); self.sock[w] = s

    def routes(self, routes):
        """`blackhole`, `unreachable`, `prohibit`, `throw`, or the wire whose host .10 is the next hop."""
        for net, to in getattr(self, 'made', {}).items(): inF('ip', 'route', 'del', *([to] if to not in 'CS' else []), net, check=False)
        self.made = routes
        for net, to in routes.items():
            hop = {'C': (C, C6), 'S': (S, S6)}[to][':' in net] if to in 'CS' else None
            inF('ip', 'route', 'add', *([net, 'via', hop] if hop else [to, net]))

    def rules(self, rules, loose):
        inF('sysctl', '-qw', f'net.netfilter.nf_conntrack_tcp_loose={loose}')
        # A key that is no hook is a chain to jump to; nft wants it before those that do.
        named = [k for k in rules if k not in ('prerouting', 'input', 'forward', 'output', 'postrouting')]
        chains = ''.join(f'chain {k} {{ ' + '; '.join(rules[k]) + '; }\n' for k in named)
        prio = {'prerouting': 'dstnat', 'output': '-100', 'postrouting': 'srcnat', 'input': '100'}
        for hook in ('prerouting', 'input', 'forward', 'output', 'postrouting'):
            lines = rules.get(hook, [])
            nat = [l for l in lines if re.search(r'\b(snat|dnat|masquerade|redirect)\b', l)]
            raw = [l for l in lines if 'notrack' in l]
            filt = [l for l in lines if l not in nat and l not in raw]
            if raw: chains += f'chain raw_{hook} {{ type filter hook {hook} priority raw; ' + '; '.join(raw) + '; }\n'
            if nat: chains += f'chain nat_{hook} {{ type nat hook {hook} priority {prio[hook]}; ' + '; '.join(nat) + '; }\n'
            if filt: chains += f'chain {hook} {{ type filter hook {hook} priority {"-150" if any("helper" in l for l in filt) else 0}; ' + '; '.join(filt) + '; }\n'
        states = ('invalid', 'new', 'established', 'related', 'untracked')
        text = 'flush ruleset\ntable inet t {\n ct helper ftp { type "ftp" protocol tcp; }\n' + ''.join(f'counter {s} {{ }}\n' for s in states)
        text += 'chain seen { type filter hook prerouting priority -140; ' + ''.join(f'ct state {s} counter name {s}; ' for s in states) + '}\n' + chains + '}\n'
        inF('nft', '-f', '-', text=text)
        sh('ip', 'netns', 'exec', 'ctF', 'conntrack', '-F', check=False)
        sh('ip', 'netns', 'exec', 'ctF', 'conntrack', '-F', 'expect', check=False)

    def entries(self):
        found = []
        for fam in ('ipv4', 'ipv6'):
            for l in sh('ip', 'netns', 'exec', 'ctF', 'conntrack', '-L', '-f', fam, '-p', 'tcp', check=False).splitlines():
                m = re.match(r'tcp\s+6 (\d+) (\w+) src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) (\[UNREPLIED\] )?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)( \[ASSURED\])?', l)
                if m:
                    g = m.groups()
                    found.append({'state': g[1], 'left': int(g[0]), 'flags': 'unreplied' if g[6] else 'assured' if g[11] else '',
                                  'original': f'{g[2]} {g[4]} {g[3]} {g[5]}', 'reply': f'{g[7]} {g[9]} {g[8]} {g[10]}'})
        return sorted(found, key=lambda e: e['original'])

    def expectations(self):
        found = []
        for fam in ('ipv4', 'ipv6'):
            for l in sh('ip', 'netns', 'exec', 'ctF', 'conntrack', '-L', 'expect', '-f', fam, check=False).splitlines():
                m = re.match(r'(\d+) (?:l3proto = \d+ )?proto=6 src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)', l)
                if m: found.append({'left': int(m[1]), 'from': m[2], 'to': f'{m[3]} {m[5]}'})
        return found

    def inject(self, wire, packet):
        for s in self.sock.values():
            s.setblocking(False)
            try:
                while True: s.recv(4096)
            except BlockingIOError: pass
        inF('nft', 'reset', 'counters')
        f, p = (bytes.fromhex(m.replace(':', '')) for m in self.mac[wire])
        raw = build(packet)
        self.sock[wire].send(f + p + (b'\x86\xdd' if raw[0] >> 4 == 6 else b'\x08\0') + raw)
        out = []; end = time.time() + 0.03
        while time.time() < end:
            for w, s in self.sock.items():
                try: b, (_, proto, kind, *_) = s.recvfrom(4096)
                except BlockingIOError: continue
                if kind == 4 or proto not in (0x800, 0x86dd): continue
                r = parse(b[14:])
                if r: out.append({'wire': w, **r})
            time.sleep(0.001)
        counters = inF('nft', 'list', 'counters')
        hit = [s for s, n in re.findall(r'counter (\w+) \{\s+packets (\d+)', counters) if int(n) > 0]
        return hit[0] if hit else None, out

def tcp(wire, src, sport, dst, dport, flags, seq=0, ack=0, win=65535, **more):
    return {'wire': wire, 'src': src, 'sport': sport, 'dst': dst, 'dport': dport, 'flags': flags, 'seq': seq, 'ack': ack, 'win': win, **more}

class Talk:
    """A connection of hand-made packets; sequence numbers are relative to 1000 (client) and 5000 (server)."""
    def __init__(self, sport=40000, dport=2100, c=C, s=S, s_seen=None, c_seen=None):
        # `s_seen`: the address that the client calls; `c_seen`: that by which the server knows the client.
        self.c, self.s, self.sp, self.dp = c, s, sport, dport
        self.s_seen, self.c_seen = s_seen or (s, dport), c_seen or (c, sport)
    def C(self, flags, seq, ack=0, **m):
        return tcp('C', self.c, self.sp, *self.s_seen, flags, 1000 + seq, 5000 + ack if '.' in flags else 0, **m)
    def S(self, flags, seq, ack=0, **m):
        return tcp('S', self.s, self.dp, *self.c_seen, flags, 5000 + seq, 1000 + ack if '.' in flags else 0, **m)
    def shake(self, scale=None):
        o = {'mss': 1460, 'sack_ok': True, **({} if scale is None else {'wscale': scale})}
        return [('C SYN', self.C('S', 0, **o)), ('S SYN-ACK', self.S('S.', 0, 1, **o)), ('C ACK', self.C('.', 1, 1))]
    def login(self):
        d = 'USER anonymous\r\n'; g = '220 (vsFTPd 3.0.3)\r\n'
        self.cs, self.ss = 1 + len(d), 1 + len(g)
        return self.shake() + [('220', self.S('P.', 1, 1, data=g)), ('C ACK', self.C('.', 1, self.ss)), ('USER', self.C('P.', 1, self.ss, data=d))]
    def say(self, line):
        p = self.C('P.', self.cs, self.ss, data=line); self.cs += len(line); return (line.strip(), p)
    def reply(self, line):
        p = self.S('P.', self.ss, self.cs, data=line); self.ss += len(line); return (line.strip(), p)

def icmp(wire, src, dst, kind, quoted):
    q = {k: v for k, v in quoted.items() if k in ('src', 'dst', 'sport', 'dport', 'seq', 'ack', 'flags', 'win')}
    return {'wire': wire, 'src': src, 'dst': dst, 'icmp': kind, 'quoted': q}

def sequences():
    HELPER = {'prerouting': ['tcp dport 21 ct helper set "ftp"']}
    def seq(name, steps, rules=None, loose=1, routes=None, believes=False):
        return {'name': name, 'rules': rules or {}, 'loose': loose, 'routes': routes or {}, 'believes': believes, 'steps': steps}
    t = Talk()
    shake = t.shake
    data = ('C data', t.C('P.', 1, 1, data='0123456789'))
    yield seq('handshake, data, close', shake() + [data, ('S ACK', t.S('.', 1, 11)), ('S FIN', t.S('F.', 1, 11)), ('C ACK', t.C('.', 11, 2)), ('C FIN', t.C('F.', 11, 2)), ('S last ACK', t.S('.', 2, 12)), ('C SYN again', t.C('S', 90000))])
    yield seq('reset', shake() + [('S RST', t.S('R.', 1, 1)), ('C ACK after', t.C('.', 1, 1)), ('S ACK after', t.S('.', 1, 1)), ('C SYN again', t.C('S', 90000))])
    yield seq('a closed port', [('C SYN', t.C('S', 0)), ('C SYN repeated', t.C('S', 0)), ('S RST', t.S('R.', -5000, 1)), ('C SYN', t.C('S', 0))])
    strays = [('stray ACK', Talk(41000).C('.', 1, 1)), ('stray data', Talk(41001).C('P.', 1, 1, data='x')), ('stray FIN', Talk(41002).C('F.', 1, 1)), ('stray RST', Talk(41003).C('R', 1)), ('stray SYN-ACK', Talk(41004).C('S.', 1, 1))]
    yield seq('strays, loose', strays)
    yield seq('strays, not loose', strays, loose=0)
    yield seq('malformed', [(f, Talk(42000 + i).C(f, 0)) for i, f in enumerate(['', 'FPU', 'SF', 'SR', 'RU', 'S.U', 'SU', 'F', 'F.U', 'R.U', '.U', 'SP', 'FR'])])
    yield seq('picked up in the middle', [data, ('S ACK', t.S('.', 1, 11)), ('C far ahead', t.C('P.', 900000, 1, data='x')), ('S RST', t.S('R', 1))])
    yield seq('picked up by the server', [('S data', t.S('P.', 1, 1, data='hello')), ('C ACK', t.C('.', 1, 6)), ('C data', t.C('P.', 1, 6, data='x')), ('C FIN', t.C('F.', 2, 6))])
    yield seq('windows', shake() + [('S far ahead', t.S('P.', 900000, 1, data='x')), ('S RST far ahead', t.S('R', 900000)), ('C new SYN', t.C('S', 500)), ('C ACK', t.C('.', 1, 1))])
    small = lambda: [('C SYN', t.C('S', 0, win=1000)), ('S SYN-ACK', t.S('S.', 0, 1, win=1000)), ('C ACK', t.C('.', 1, 1, win=1000))]
    yield seq('the edge of a small window', small() + [('S up to the edge', t.S('P.', 1, 1, win=1000, data='x' * 1000)), ('C ACK', t.C('.', 1, 1001, win=1000)), ('S at the edge', t.S('P.', 2001, 1, win=1000, data='x')), ('S within, end beyond', t.S('P.', 1995, 1, win=1000, data='x' * 10)), ('S begins beyond', t.S('P.', 2010, 1, win=1000, data='x' * 10))])
    yield seq('a little more than allowed', small() + [('S 1 beyond', t.S('P.', 1002, 1, win=1000, data='x' * 10)), ('C ACKs it', t.C('.', 1, 1012, win=1000)), ('S goes on', t.S('P.', 1012, 1, win=1000, data='x'))])
    yield seq('acknowledging what nobody sent', shake() + [('C ACK ahead', t.C('.', 1, 2)), ('S ACK ahead', t.S('.', 1, 500)), ('C old ACK', t.C('.', 1, -70000)), ('C ACK', t.C('.', 1, 1))])
    yield seq('old data again', shake() + [('S data', t.S('P.', 1, 1, data='x' * 1000)), ('C ACK', t.C('.', 1, 1001)), ('S again', t.S('P.', 1, 1, data='x' * 1000)), ('S below', t.S('P.', -66000, 1, data='x' * 10)), ('S keep-alive', t.S('.', 1000, 1)), ('C answer', t.C('.', 1, 1001))])
    yield seq('window scaling', t.shake(7) + [('C opens', t.C('.', 1, 1, win=1000)), ('S 100000 ahead', t.S('P.', 100001, 1, win=1000, data='x')), ('S 128000 ahead', t.S('P.', 128001, 1, win=1000, data='x')), ('S far', t.S('P.', 300000, 1, win=1000, data='x'))])
    one = [('C SYN', t.C('S', 0, wscale=7)), ('S SYN-ACK', t.S('S.', 0, 1)), ('C ACK', t.C('.', 1, 1, win=1000))]
    yield seq('window scaling of one side only', one + [('S 70000 ahead', t.S('P.', 70001, 1, data='x')), ('S 60000 ahead', t.S('P.', 60001, 1, data='x'))])
    yield seq('selective acknowledgement', t.shake() + [('S 1', t.S('.', 1, 1, data='x' * 100)), ('S 3', t.S('.', 201, 1, data='x' * 100)), ('C SACK', t.C('.', 1, 101, sack=[[5201, 5301]])), ('C SACK of nothing', t.C('.', 1, 101, sack=[[9201, 9301]])), ('S 2', t.S('.', 101, 1, data='x' * 100)), ('C ACK', t.C('.', 1, 301))])
    yield seq('SACK without permission', [('C SYN', t.C('S', 0)), ('S SYN-ACK', t.S('S.', 0, 1)), ('C ACK', t.C('.', 1, 1)), ('C SACK of nothing', t.C('.', 1, 1, sack=[[9201, 9301]]))])
    yield seq('RSTs on an established connection', shake() + [('S data', t.S('P.', 1, 1, data='x' * 100)), ('C ACK', t.C('.', 1, 101)), ('S RST old', t.S('R', 50)), ('S RST in the window', t.S('R', 150)), ('C RST in the window', t.C('R', 50)), ('S RST exact', t.S('R', 101))])
    yield seq('a RST behind unacknowledged data', shake() + [('S data', t.S('P.', 1, 1, data='x' * 100)), ('S RST', t.S('R', 101))])
    yield seq('a RST behind a lost segment', shake() + [('C data', t.C('P.', 1, 1, data='x')), ('S RST', t.S('R', 201))])
    yield seq('a RST before anything', [('C SYN', t.C('S', 0)), ('C RST', t.C('R', 1))])
    yield seq('a RST in the handshake', [('C SYN', t.C('S', 0)), ('S SYN-ACK', t.S('S.', 0, 1)), ('C RST', t.C('R', 1)), ('C SYN', t.C('S', 0))])
    yield seq('RSTs while closing', shake() + [('C FIN', t.C('F.', 1, 1)), ('S RST far ahead', t.S('R', 900000)), ('C RST old', t.C('R', -500))])
    yield seq('SYN on an established connection, challenge', shake() + [('C SYN', t.C('S', 700)), ('S challenge ACK', t.S('.', 1, 1)), ('C RST', t.C('R', 1)), ('C SYN', t.C('S', 700))])
    yield seq('SYN on an established connection, answered', shake() + [('C SYN', t.C('S', 700)), ('S SYN-ACK', t.S('S.', 3000, 701)), ('C ACK', t.C('.', 701, 3001)), ('C data', t.C('P.', 701, 3001, data='abc'))])
    yield seq('SYN of the server on an established connection', shake() + [('S SYN', t.S('S', 700)), ('S data', t.S('P.', 1, 1, data='x'))])
    yield seq('SYN while closing', shake() + [('S FIN', t.S('F.', 1, 1)), ('C ACK', t.C('.', 1, 2)), ('C FIN', t.C('F.', 1, 2)), ('C SYN', t.C('S', 700)), ('S challenge ACK', t.S('.', 2, 2)), ('S last ACK', t.S('.', 2, 2))])
    yield seq('asymmetric: the answer goes another way', [('C SYN', t.C('S', 0)), ('C ACK', t.C('.', 1, 1)), ('C data', data[1])])
    yield seq('asymmetric: only the answers come here', [('S SYN-ACK', t.S('S.', 0, 1)), ('S data', t.S('P.', 1, 1, data='x')), ('S more', t.S('P.', 2, 1, data='x' * 1000)), ('S FIN', t.S('F.', 1002, 1))])
    yield seq('SYN with another number', [('C SYN', t.C('S', 0)), ('C SYN', t.C('S', 77777)), ('S SYN-ACK', t.S('S.', 0, 77778)), ('C ACK', t.C('.', 77778, 1)), ('C data', t.C('P.', 77778, 1, data='x'))])
    yield seq('SYN-ACK twice, old ACK', [('C SYN', t.C('S', 0)), ('S SYN-ACK', t.S('S.', 0, 1)), ('S SYN-ACK', t.S('S.', 0, 1)), ('C ACK', t.C('.', 1, 1)), ('S SYN-ACK', t.S('S.', 0, 1)), ('C ACK', t.C('.', 1, 1)), ('C SYN', t.C('S', 0))])
    yield seq('a challenge in the handshake', [('C SYN', t.C('S', 0)), ('S ACK of old', t.S('.', 300, -400)), ('C RST', t.C('R', -400)), ('C SYN', t.C('S', 0))])
    yield seq('simultaneous open', [('C SYN', t.C('S', 0)), ('S SYN', t.S('S', 0)), ('C SYN-ACK', t.C('S.', 0, 1)), ('S SYN-ACK', t.S('S.', 0, 1)), ('C ACK', t.C('.', 1, 1)), ('S ACK', t.S('.', 1, 1)), ('C data', data[1])])
    yield seq('another port, another host', [('C SYN', t.C('S', 0)), ('SYN-ACK from another port', tcp('S', S, 2101, C, 40000, 'S.', 5000, 1001)), ('SYN-ACK from another host', tcp('S', '203.0.113.20', 2100, C, 40000, 'S.', 5000, 1001)), ('S SYN-ACK', t.S('S.', 0, 1))])
    yield seq('repetitions', shake() + [('C data', data[1])] * 1 + [('C data', data[1])] * 4 + [('S ACK', t.S('.', 1, 11)), ('S data', t.S('P.', 1, 11, data='x')), ('C ACK', t.C('.', 11, 2))])
    yield seq('a window of zero', shake() + [('S closes the window', t.S('.', 1, 1, win=0)), ('C probe', t.C('.', 0, 1)), ('S still', t.S('.', 1, 1, win=0)), ('C probe with data', t.C('P.', 1, 1, data='x')), ('S opens', t.S('.', 1, 2))])
    yield seq('both close at once', shake() + [('C FIN', t.C('F.', 1, 1)), ('S FIN', t.S('F.', 1, 1)), ('C ACK', t.C('.', 2, 2)), ('S ACK', t.S('.', 2, 2)), ('C data late', t.C('P.', 2, 2, data='x'))])
    yield seq('half closed', shake() + [('C FIN', t.C('F.', 1, 1)), ('S ACK', t.S('.', 1, 2)), ('S data', t.S('P.', 1, 2, data='x' * 500)), ('C ACK', t.C('.', 2, 501)), ('S FIN', t.S('F.', 501, 2)), ('C ACK', t.C('.', 2, 502)), ('C FIN again', t.C('F.', 1, 502)), ('S SYN', t.S('S', 90000))])
    yield seq('FIN far outside', shake() + [('S FIN far ahead', t.S('F.', 900000, 1)), ('C RST far ahead', t.C('R', 900000)), ('C ACK', t.C('.', 1, 1))])
    # ICMP errors
    syn = t.C('S', 0)
    yield seq('ICMP errors', [('C SYN', syn), ('about it', icmp('S', S, C, 'admin-prohibited', syn)), ('from another', icmp('S', '203.0.113.20', C, 'time-exceeded', syn)), ('about an unknown one', icmp('S', S, C, 'port-unreachable', Talk(43000).C('S', 0))), ('to somebody else', icmp('S', S, '192.168.10.99', 'admin-prohibited', syn)), ('C SYN', syn)])
    t6 = Talk(c=C6, s=S6)
    yield seq('IPv6', t6.shake() + [('C data', t6.C('P.', 1, 1, data='x')), ('error', icmp('S', S6, C6, 'port-unreachable', t6.C('P.', 1, 1))), ('S RST', t6.S('R', 1))])
    # routes that lead nowhere
    kinds = ['blackhole', 'unreachable', 'prohibit', 'throw', 'C']
    for fam, nets in ((C, '198.51.10{}.0/24'), (C6, '2001:db8:f{}::/64')):
        routes = {nets.format(i): kind for i, kind in enumerate(kinds)}
        hosts = [net.split('/')[0] + '7' if ':' in net else net.replace('.0/24', '.7') for net in routes]
        yield seq('routes, ' + ('IPv6' if ':' in fam else 'IPv4'), [(kind, tcp('S' if kind == 'C' else 'C', {C: S, C6: S6}[fam] if kind == 'C' else fam, 40000, host, 2100, 'S', 1)) for kind, host in zip(kinds, hosts)], routes=routes)
    # what the router says itself
    for hook in ('prerouting', 'input', 'forward'):
        for how in ('reject', 'reject with tcp reset', 'reject with icmpx type admin-prohibited'):
            yield seq(f'{how} in {hook}', [('C SYN', t.C('S', 0)), ('to the router by its near address', tcp('C', C, 40000, FC, 2100, 'S', 1)), ('to the router by its far address', tcp('C', C, 40000, FS, 2100, 'S', 1)), ('S SYN', tcp('S', S, 40001, FC, 2100, 'S', 1)), ('C ACK', t.C('.', 1, 1)), ('IPv6', tcp('C', C6, 40000, S6, 2100, 'S', 1)), ('IPv6, far address', tcp('C', C6, 40000, '2001:db8:113::1', 2100, 'S', 1))], {hook: [f'tcp dport 2100 {how}']})
    yield seq('the router has no such door', [('by its near address', tcp('C', C, 40000, FC, 2100, 'S', 1)), ('by its far address', tcp('C', C, 40000, FS, 2100, 'S', 1))])
    yield seq('the last hop', [('C SYN', t.C('S', 0, ttl=1)), ('C SYN', t.C('S', 0, ttl=2)), ('IPv6', tcp('C', C6, 40000, S6, 2100, 'S', 1, ttl=1))])
    yield seq('dnat, then reject', [('C SYN', t.C('S', 0)), ('C SYN', t.C('S', 0))], {'prerouting': ['tcp dport 2100 dnat ip to 203.0.113.10:2121'], 'forward': ['tcp dport 2121 reject']})
    yield seq('dnat, then reject with tcp reset', [('C SYN', t.C('S', 0)), ('C SYN', t.C('S', 0))], {'prerouting': ['tcp dport 2100 dnat ip to 203.0.113.10:2121'], 'forward': ['tcp dport 2121 reject with tcp reset']})
    yield seq('dnat to elsewhere, then reject', [('S SYN', tcp('S', S, 40000, FS, 2100, 'S', 1))], {'prerouting': ['tcp dport 2100 dnat ip to 192.168.10.10'], 'forward': ['tcp dport 2100 reject']})
    yield seq('masquerade, then the last hop', [('C SYN', t.C('S', 0, ttl=1))], {'postrouting': ['oifname "S" masquerade']})
    yield seq('an answer is rejected behind masquerade', [('C SYN', t.C('S', 0)), ('S SYN-ACK', tcp('S', S, 2100, FS, 40000, 'S.', 5000, 1001))], {'postrouting': ['oifname "S" masquerade'], 'forward': ['iifname "S" reject']})
    yield seq('notrack', shake() + [('S RST', t.S('R', 1)), ('error', icmp('S', S, C, 'port-unreachable', syn))], {'prerouting': ['tcp dport 2100 notrack', 'tcp sport 2100 notrack']})
    yield seq('notrack one way', shake(), {'prerouting': ['iifname "S" notrack']})
    # the rule language: what leaves the router shows what matched
    ports = [('2100', t.C('S', 0)), ('21', Talk(40000, 21).C('S', 0)), ('40000', Talk(40000, 40000).C('S', 0)), ('1024', Talk(40000, 1024).C('S', 0)), ('IPv6', tcp('C', C6, 40000, S6, 2100, 'S', 1))]
    back = [('S SYN', tcp('S', S, 40001, C, 2100, 'S', 1)), ('S SYN-ACK', t.S('S.', 0, 1))]
    for name, rules in {
        'tcp dport < 1024': ['tcp dport < 1024 drop'],
        'tcp dport <= 1024': ['tcp dport <= 1024 drop'],
        'tcp dport > 1024': ['tcp dport > 1024 drop'],
        'tcp dport >= 1024': ['tcp dport >= 1024 drop'],
        'tcp dport != 21': ['tcp dport != 21 drop'],
        'th dport': ['meta l4proto { tcp, udp } th dport 21 drop'],
        'udp': ['udp dport 21 drop', 'udp dport != 21 drop'],
        'meta protocol': ['meta protocol ip6 drop'],
        'log and go on': ['tcp dport 21 log prefix "seen: " level info', 'tcp dport 21 counter log drop'],
        'iif': ['iif "S" drop'],
        'ct direction': ['ct direction reply drop'],
        'ct direction != reply': ['ct direction != reply drop'],
        'ct original': ['meta l4proto tcp ct original ip saddr 192.168.10.10 ct original proto-dst 2100 drop'],
        'ct original negated': ['ct original ip saddr != 192.168.10.10 drop'],
        'ct helper': ['ct helper "ftp" drop'],
        'limit': ['tcp dport 1-65535 limit rate 1/hour burst 2 packets accept', 'drop'],
        'limit over': ['limit rate over 1/hour burst 2 packets drop'],
        'limit bytes': ['limit rate 1 bytes/hour burst 100 bytes accept', 'drop'],
    }.items():
        yield seq('rule: ' + name, ports + back, {'forward': rules})
    yield seq('rule: vmap', ports + back, {'ftp': ['tcp dport 21 drop'], 'forward': ['tcp dport vmap { 2100 : accept, 20-22 : jump ftp, 1024 : return }', 'ct state vmap { new : drop, established : accept }']})
    yield seq('rule: iifname vmap', ports + back, {'forward': ['iifname vmap { "S" : drop, lo : accept }', 'ip saddr vmap { 192.168.10.0/24 : accept }', 'drop']})
    yield seq('rule: jump and come back', ports + back, {'ftp': ['tcp dport 21 drop', 'tcp dport 1024 return', 'tcp dport 1024 drop'], 'forward': ['iifname "C" jump ftp', 'tcp dport 40000 drop']})
    yield seq('rule: goto does not come back', ports + back, {'ftp': ['tcp dport 21 drop'], 'forward': ['iifname "C" goto ftp', 'drop']})
    yield seq('rule: return ends the list', ports + back, {'forward': ['tcp dport 21 return', 'drop']})
    yield seq('rule: jump in a jump', ports + back, {'inner': ['tcp dport 21 return', 'tcp dport 2100 drop'], 'outer': ['jump inner', 'tcp dport 40000 drop'], 'forward': ['jump outer', 'tcp dport 21 drop']})
    yield seq('rule: goto in a jump', ports + back, {'inner': ['tcp dport 2100 drop'], 'outer': ['goto inner', 'drop'], 'forward': ['jump outer', 'tcp dport 21 drop']})
    yield seq('rule: icmp type', [('C SYN', syn), ('unreachable', icmp('S', S, C, 'port-unreachable', syn)), ('exceeded', icmp('S', '203.0.113.20', C, 'time-exceeded', syn)), ('IPv6', tcp('C', C6, 40000, S6, 2100, 'S', 1)), ('IPv6 unreachable', icmp('S', S6, C6, 'port-unreachable', tcp('C', C6, 40000, S6, 2100, 'S', 1)))], {'forward': ['icmp type { echo-request, destination-unreachable } drop']})
    yield seq('rule: icmp type negated', [('C SYN', syn), ('unreachable', icmp('S', S, C, 'port-unreachable', syn)), ('exceeded', icmp('S', '203.0.113.20', C, 'time-exceeded', syn)), ('IPv6', tcp('C', C6, 40000, S6, 2100, 'S', 1)), ('IPv6 unreachable', icmp('S', S6, C6, 'port-unreachable', tcp('C', C6, 40000, S6, 2100, 'S', 1)))], {'forward': ['icmp type != time-exceeded drop', 'icmpv6 type destination-unreachable drop']})
    f = Talk(40000, 21)
    yield seq('rule: ct helper sees announced connections', f.login() + [f.say('PORT 192,168,10,10,156,65\r\n'), ('S:20', tcp('S', S, 20, C, 40001, 'S', 7000)), ('again', tcp('S', S, 20, C, 40001, 'S', 7000)), f.say('PORT 192,168,10,10,156,66\r\n'), ('S:20', tcp('S', S, 20, C, 40002, 'S', 7000))], {'prerouting': ['tcp dport 21 ct helper set "ftp"'], 'forward': ['ct helper "ftp" tcp dport 40001 drop', 'ct helper != "ftp" drop']})
    # the helper
    f = Talk(40000, 21)
    SYN = lambda src, sport, dst, dport, w='S': (f'{src}:{sport}>{dst}:{dport} SYN', tcp(w, src, sport, dst, dport, 'S', 7000))
    yield seq('no helper', f.login() + [f.say('PORT 192,168,10,10,156,64\r\n'), SYN(S, 20, C, 40000)])
    yield seq('PORT', f.login() + [f.say('PORT 192,168,10,10,156,65\r\n'), SYN(S, 20, C, 40001), ('SYN-ACK', tcp('C', C, 40001, S, 20, 'S.', 9000, 7001)), ('ACK', tcp('S', S, 20, C, 40001, '.', 7001, 9001)), SYN(S, 20, C, 40002), SYN(S, 1234, C, 40001)], HELPER)
    yield seq('PORT as the first line', f.shake() + [('PORT', f.C('P.', 1, 1, data='PORT 192,168,10,10,156,65\r\n')), SYN(S, 20, C, 40001)], HELPER)
    yield seq('expected, from elsewhere', f.login() + [f.say('PORT 192,168,10,10,156,65\r\n'), SYN('203.0.113.20', 20, C, 40001), SYN(S, 55555, C, 40001)], HELPER)
    yield seq('PORT of somebody else', f.login() + [f.say('PORT 192,168,10,99,156,65\r\n'), SYN(S, 20, '192.168.10.99', 40001)], HELPER)
    yield seq('lower case, EPRT', f.login() + [f.say('port 192,168,10,10,156,65\r\n'), SYN(S, 20, C, 40001), f.say('eprt |1|192.168.10.10|40002|\r\n'), SYN(S, 20, C, 40002)], HELPER)
    yield seq('a later PORT takes the place', f.login() + [f.say('PORT 192,168,10,10,156,65\r\n'), f.say('PORT 192,168,10,10,156,66\r\n'), SYN(S, 20, C, 40001), SYN(S, 20, C, 40002)], HELPER)
    yield seq('PORT repeated', f.login() + [f.say('PORT 192,168,10,10,156,65\r\n'), ('again', f.C('P.', f.cs - 27, f.ss, data='PORT 192,168,10,10,156,65\r\n')), SYN(S, 20, C, 40001)], HELPER)
    yield seq('PORT over two segments', f.login() + [f.say('PORT 192,168,'), f.say('10,10,156,65\r\n'), SYN(S, 20, C, 40001)], HELPER)
    yield seq('pieces of words', f.login() + [f.say('PO'), ('PORT', f.C('P.', f.cs - 2, f.ss, data='PORT\r\n')), ('no address', f.C('P.', f.cs - 2, f.ss, data='PORT 1,2\r\n'))], HELPER)
    for line in ['PORT 192,168,10,10,156,65\n', 'PORT 300,168,10,10,156,65\r\n', 'PORT 192,168,10,10,156\r\n', 'PORT  192,168,10,10,156,65\r\n', 'PORT 192,168,10,10,156,65 \r\n', 'PORTX 192,168,10,10,156,65\r\n', 'PORT x\r\n', 'EPRT |2|::1|40001|\r\n', 'EPRT |1|192.168.10.10|0|\r\n', 'EPRT |1|192.168.10.10|40001\r\n', 'EPRT |3|192.168.10.10|40001|\r\n', 'LPRT 4,192,168,10,10,2,156,65\r\n', 'NOOP\r\nPORT 192,168,10,10,156,65\r\n', 'PORT 192,168,10,10,156,65\r\nLIST\r\n', 'PORT 192,168,10,10,0,0\r\n']:
        f = Talk(40000, 21)
        yield seq('says ' + line.encode().decode('unicode_escape').replace('\r', '<cr>').replace('\n', '<lf>'), f.login() + [f.say(line), SYN(S, 20, C, 40001)], HELPER)
    for line in ['227 Entering Passive Mode (203,0,113,10,195,80).\r\n', '227 Entering Passive Mode 203,0,113,10,195,80\r\n', '227 =203,0,113,10,195,80\r\n', '227-first\r\n227 (203,0,113,10,195,80)\r\n', '227 ok\r\n', '227 (10,0,0,9,195,80)\r\n', '229 Entering Extended Passive Mode (|||50000|)\r\n', '229 Extended Passive mode OK (|||50000|)\r\n', '229 (!!!50000!)\r\n', '229 (|1||50000|)\r\n', '229 no\r\n', '229 (|||50000)\r\n', '229 (|||x|)\r\n', '228 Entering Long Passive Mode (4,4,203,0,113,10,2,195,80)\r\n', 'PORT 203,0,113,10,195,80\r\n']:
        f = Talk(40000, 21)
        yield seq('answers ' + line.replace('\r\n', '<crlf>'), f.login() + [f.reply(line), SYN(C, 45000, S, 50000, 'C')], HELPER)
    f = Talk(40000, 21)
    yield seq('a stray ACK uses the expectation up', f.login() + [f.say('PORT 192,168,10,10,156,65\r\n'), ('stray RST', tcp('S', S, 20, C, 40001, 'R', 7000)), SYN(S, 20, C, 40001)], HELPER)
    f = Talk(40000, 21)
    yield seq('the control connection is reset', f.login() + [f.say('PORT 192,168,10,10,156,65\r\n'), ('S RST', f.S('R', f.ss)), SYN(S, 20, C, 40001)], HELPER)
    f = Talk(40000, 21)
    yield seq('the control connection begins anew', f.login() + [f.say('PORT 192,168,10,10,156,65\r\n'), ('S RST', f.S('R', f.ss)), ('C SYN', f.C('S', 90000)), SYN(S, 20, C, 40001)], HELPER)
    f = Talk(40000, 2121)
    yield seq('the helper at another port', f.login() + [f.say('PORT 192,168,10,10,156,65\r\n'), SYN(S, 20, C, 40001)], {'prerouting': ['tcp dport 2121 ct helper set "ftp"']})
    f = Talk(40000, 21)
    yield seq('the helper set in forward', f.login() + [f.say('PORT 192,168,10,10,156,65\r\n'), SYN(S, 20, C, 40001)], {'forward': ['tcp dport 21 ct helper set "ftp"']})
    f = Talk(40000, 21, C6, S6)
    yield seq('EPRT over IPv6', f.login() + [f.say(f'EPRT |2|{C6}|40001|\r\n'), SYN(S6, 20, C6, 40001), f.reply('229 (|||50000|)\r\n'), SYN(C6, 45000, S6, 50000, 'C'), f.say('EPRT |1|192.168.10.10|40002|\r\n'), f.reply('227 (203,0,113,10,195,80)\r\n')], HELPER)
    # NAT
    MASQ = {'postrouting': ['oifname "S" masquerade']}
    n = Talk(c_seen=(FS, 40000))
    yield seq('masquerade', n.shake() + [('C data', n.C('P.', 1, 1, data='x')), ('S FIN', n.S('F.', 1, 2))], MASQ)
    syn2 = tcp('C', '192.168.10.20', 40000, S, 2100, 'S', 3000)
    yield seq('masquerade, two clients with one port', [('C SYN', n.C('S', 0)), ('the other', syn2), ('S SYN-ACK', n.S('S.', 0, 1))], MASQ)
    yield seq('masquerade, one source, two servers', [('C SYN', n.C('S', 0)), ('elsewhere', tcp('C', C, 40000, '203.0.113.20', 2100, 'S', 3000)), ('the other elsewhere', tcp('C', '192.168.10.20', 40000, '203.0.113.20', 2100, 'S', 3000))], MASQ)
    yield seq('a mapped source keeps its port elsewhere', [('the other', syn2), ('C SYN', n.C('S', 0)), ('elsewhere', tcp('C', C, 40000, '203.0.113.20', 2100, 'S', 3000))], MASQ)
    yield seq('masquerade random', [('C SYN', n.C('S', 0)), ('elsewhere', tcp('C', C, 40000, '203.0.113.20', 2100, 'S', 3000))], {'postrouting': ['oifname "S" masquerade random']})
    yield seq('masquerade fully-random', [('C SYN', n.C('S', 0))], {'postrouting': ['oifname "S" masquerade fully-random']})
    for lo, hi in ((40000, 40001), (45000, 45001), (45000, 45000)):
        yield seq(f'snat to ports {lo}-{hi}', [('C SYN', n.C('S', 0)), ('the other', syn2), ('a third', tcp('C', '192.168.10.77', 40000, S, 2100, 'S', 3000)), ('its repetition', tcp('C', '192.168.10.77', 40000, S, 2100, 'S', 3000))], {'postrouting': [f'oifname "S" meta l4proto tcp snat ip to 203.0.113.1:{lo}-{hi}']})
    def over(client, port, shown):
        """A connection that is over: TIME_WAIT."""
        k = Talk(port, c=client, c_seen=shown)
        return k.shake() + [('C FIN', k.C('F.', 1, 1)), ('S FIN', k.S('F.', 1, 2)), ('C ACK', k.C('.', 2, 2))]
    other = lambda seq, host='192.168.10.20', port=40000, to=S: tcp('C', host, port, to, 2100, 'S', seq)
    taken = over(C, 40000, (FS, 40000)) + [('a living one', other(3000, '192.168.10.77', 40001))]
    two = {'postrouting': ['oifname "S" meta l4proto tcp snat ip to 203.0.113.1:40000-40001']}
    yield seq('NAT: a port in TIME_WAIT, an older SYN', taken + [('a third', other(900)), ('a third, at the end', other(1001)), ('a third, beyond the end', other(1002)), ('its repetition', other(1002))], two)
    yield seq('NAT: a port in TIME_WAIT, a newer SYN', taken + [('a third', other(90000)), ('a fourth', other(95000, port=40001)), ('a late ACK of the first', other(1002, C) | {'flags': '.', 'ack': 5002})], two)
    only = {'postrouting': ['oifname "S" meta l4proto tcp snat ip to 203.0.113.1:40000']}
    yield seq('NAT: the only port in TIME_WAIT', over(C, 40000, (FS, 40000)) + [('another', other(90000)), ('C again', other(90000, C))], only)
    yield seq('NAT: a port in TIME_WAIT, any port will do', over(C, 40000, (FS, 40000)) + [('another', other(90000))], MASQ)
    aborted = [('C SYN', n.C('S', 0)), ('S SYN-ACK', n.S('S.', 0, 1)), ('C ACK', n.C('.', 1, 1)), ('S RST', n.S('R.', 1, 1))]
    yield seq('NAT: ports of reset and of living connections', aborted + [('the other', other(3000, '192.168.10.77')), ('a third', other(90000)), ('a fourth', other(95000, port=40001))], two)
    own = {'postrouting': ['ip saddr 192.168.10.10 meta l4proto tcp snat ip to 192.168.10.20:40000-40001']}
    yield seq('NAT: a port in TIME_WAIT that is not translated', over('192.168.10.20', 40000, ('192.168.10.20', 40000)) + [('another', other(90000, C)), ('a second', other(95000, C, 40001))], own)
    wide = {'postrouting': ['oifname "S" meta l4proto tcp snat ip to 203.0.113.1:40000-40031']}
    yield seq('NAT: a wide range', over(C, 40000, (FS, 40000)) + [('another', other(90000))], wide)
    k = Talk()
    ending = k.shake() + [('C FIN', k.C('F.', 1, 1)), ('S FIN', k.S('F.', 1, 2))]
    wait = ending + [('C ACK', k.C('.', 2, 2))]
    yield seq('TIME_WAIT, an older SYN', wait + [('C SYN', k.C('S', -500))])
    yield seq('TIME_WAIT, SYN of the server', wait + [('S SYN', k.S('S', 90000)), ('C SYN-ACK', tcp('C', C, 40000, S, 2100, 'S.', 700, 95001)), ('S ACK', tcp('S', S, 2100, C, 40000, '.', 95001, 701))])
    yield seq('LAST_ACK, SYNs', ending + [('C SYN', k.C('S', 90000)), ('S SYN', k.S('S', 90000)), ('S challenge', k.S('.', 2, 2))])
    gone = k.shake() + [('C RST', k.C('R', 1))]
    yield seq('CLOSE, SYN of the server', gone + [('S SYN', k.S('S', 90000)), ('C SYN', k.C('S', 90000))])
    yield seq('CLOSE, SYN of the side that did not reset', k.shake() + [('S RST', k.S('R', 1)), ('S SYN', k.S('S', 90000)), ('C older SYN', k.C('S', -500))])
    yield seq('low ports stay low', [('C SYN', tcp('C', C, 600, S, 2100, 'S', 1)), ('the other', tcp('C', '192.168.10.20', 600, S, 2100, 'S', 1)), ('C SYN', tcp('C', C, 200, S, 2100, 'S', 1)), ('the other', tcp('C', '192.168.10.20', 200, S, 2100, 'S', 1))], MASQ)
    yield seq('no rule matches, but NAT is on', [('C SYN', n.C('S', 0)), ('the other', syn2)], {'postrouting': ['ip saddr 192.168.10.10 snat ip to 203.0.113.1']})
    for rule in ('dnat ip to 203.0.113.20', 'dnat ip to 203.0.113.20:2121', 'dnat ip to 203.0.113.20:2100-2109', 'dnat ip to 203.0.113.20:3000-3009', 'redirect to :2121', 'redirect'):
        d = {'prerouting': [f'iifname "C" tcp dport 2100 {rule}']}
        yield seq(rule, [('C SYN', t.C('S', 0)), ('another', tcp('C', C, 40001, S, 2100, 'S', 3000)), ('the same elsewhere', tcp('C', C, 40000, '203.0.113.77', 2100, 'S', 3000))], d)
    D = {'prerouting': ['iifname "S" ip daddr 203.0.113.1 tcp dport 2100 dnat ip to 192.168.10.10']}
    o = tcp('S', S, 40000, FS, 2100, 'S', 100)
    inner = tcp('S', S, 40000, C, 2100, 'S', 100)
    yield seq('dnat, answers and errors', [('S SYN', o), ('SYN-ACK', tcp('C', C, 2100, S, 40000, 'S.', 700, 101)), ('error of the host', icmp('C', C, S, 'port-unreachable', inner)), ('error of a router inside', icmp('C', '192.168.10.20', S, 'time-exceeded', inner)), ('error from outside', icmp('S', '203.0.113.20', FS, 'host-unreachable', tcp('C', FS, 2100, S, 40000, 'S.', 700, 101)))], D)
    yield seq('masquerade and errors', [('C SYN', n.C('S', 0)), ('error of the server', icmp('S', S, FS, 'port-unreachable', tcp('C', FS, 40000, S, 2100, 'S', 1000))), ('error of a router', icmp('S', '203.0.113.20', FS, 'time-exceeded', tcp('C', FS, 40000, S, 2100, 'S', 1000))), ('S SYN-ACK', n.S('S.', 0, 1)), ('error of the client', icmp('C', C, S, 'port-unreachable', tcp('S', S, 2100, C, 40000, 'S.', 5000, 1001))), ('error of a router inside', icmp('C', '192.168.10.20', S, 'host-unreachable', tcp('S', S, 2100, C, 40000, 'S.', 5000, 1001)))], MASQ)
    hair = {'prerouting': ['ip daddr 203.0.113.1 tcp dport 2100 dnat ip to 192.168.10.20']}
    h = tcp('C', C, 40000, FS, 2100, 'S', 100)
    yield seq('hairpin without masquerade', [('C SYN', h), ('SYN-ACK by way of the router', tcp('C', '192.168.10.20', 2100, C, 40000, 'S.', 700, 101))], hair)
    yield seq('hairpin with masquerade', [('C SYN', h), ('SYN-ACK', tcp('C', '192.168.10.20', 2100, FC, 40000, 'S.', 700, 101)), ('ACK', tcp('C', C, 40000, FS, 2100, '.', 101, 701))], {**hair, 'postrouting': ['ct status dnat oifname "C" masquerade']})
    six = Talk(c=C6, s=S6, c_seen=('2001:db8:113::1', 40000))
    yield seq('masquerade of IPv6', six.shake() + [('error', icmp('S', '2001:db8:113::20', '2001:db8:113::1', 'time-exceeded', tcp('C', '2001:db8:113::1', 40000, S6, 2100, '.', 1001, 5001)))], MASQ)
    # NAT and the helper
    BOTH = {**HELPER, **MASQ}
    m = Talk(40000, 21, c_seen=(FS, 40000))
    port = 'PORT 192,168,10,10,156,65\r\n'
    yield seq('masquerade, PORT', m.login() + [m.say(port), ('S ACK', m.S('.', m.ss, m.cs - 2)), ('LIST', m.C('P.', m.cs, m.ss, data='LIST\r\n')), SYN(S, 20, FS, 40001), ('SYN-ACK', tcp('C', C, 40001, S, 20, 'S.', 9000, 7001)), ('S ACK', m.S('.', m.ss, m.cs + 4)), ('PORT repeated', m.C('P.', m.cs - len(port), m.ss, data=port)), ('S SACK', m.S('.', m.ss, m.cs - 2, sack=[[1000 + m.cs - 2, 1000 + m.cs + 4]]))], BOTH)
    m = Talk(40000, 21, c_seen=(FS, 40000))
    yield seq('masquerade, EPRT', m.login() + [m.say('EPRT |1|192.168.10.10|40001|\r\n'), SYN(S, 20, FS, 40001)], BOTH)
    m = Talk(40000, 21, C6, S6, c_seen=('2001:db8:113::1', 40000))
    yield seq('masquerade of IPv6, EPRT', m.login() + [m.say(f'EPRT |2|{C6}|40001|\r\n'), SYN(S6, 20, '2001:db8:113::1', 40001), m.reply('229 (|||50000|)\r\n'), SYN(C6, 45000, S6, 50000, 'C')], BOTH)
    m = Talk(40000, 21, c_seen=(FS, 40000))
    yield seq('masquerade, 227', m.login() + [m.reply('227 Entering Passive Mode (203,0,113,10,195,80).\r\n'), SYN(C, 45000, S, 50000, 'C')], BOTH)
    m = Talk(40000, 21, c_seen=(FS, 40000))
    yield seq('masquerade, PORT of somebody else', m.login() + [m.say('PORT 192,168,10,99,156,65\r\n'), SYN(S, 20, FS, 40001)], BOTH)
    m, k = Talk(40000, 21, c_seen=(FS, 40000)), Talk(40007, 21, c='192.168.10.20', c_seen=(FS, 40007))
    yield seq('two clients expect at one port', m.login() + k.login() + [m.say(port), k.say('PORT 192,168,10,20,156,65\r\n'), SYN(S, 20, FS, 40001)], BOTH)
    m = Talk(40000, 21, c_seen=(FS, 40000))
    yield seq('the expected port is somebody else\'s', m.login() + [('the other', tcp('C', '192.168.10.20', 40001, S, 20, 'S', 1)), m.say(port), SYN(S, 20, FS, 40001)], BOTH)
    f = Talk(40000, 21)
    yield seq('loose: PORT of somebody else', f.login() + [f.say('PORT 192,168,10,99,156,65\r\n'), SYN(S, 20, '192.168.10.99', 40001), f.reply('227 (203,0,113,77,195,80)\r\n'), SYN(C, 45000, '203.0.113.77', 50000, 'C')], HELPER, believes=True)
    m = Talk(40000, 21, c_seen=(FS, 40000))
    yield seq('loose: masquerade, PORT of somebody else', m.login() + [m.say('PORT 192,168,10,99,156,65\r\n'), SYN(S, 20, FS, 40001), SYN(S, 20, '192.168.10.99', 40001)], BOTH, believes=True)
    m = Talk(40000, 21, c_seen=(FS, 40000))
    yield seq('loose: masquerade, 227 of somebody else', m.login() + [m.reply('227 (203,0,113,77,195,80)\r\n'), SYN(C, 45000, '203.0.113.77', 50000, 'C')], BOTH, believes=True)
    d = lambda line, sp=40000: tcp('S', S, sp, FS, 21, 'P.', 1000, 5000, data=line)
    DN = {'prerouting': ['tcp dport 21 ct helper set "ftp"', 'iifname "S" ip daddr 203.0.113.1 tcp dport 21 dnat ip to 192.168.10.10']}
    def inward():
        x = [('S SYN', tcp('S', S, 40000, FS, 21, 'S', 1000)), ('SYN-ACK', tcp('C', C, 21, S, 40000, 'S.', 5000, 1001)), ('ACK', tcp('S', S, 40000, FS, 21, '.', 1001, 5001)), ('220', tcp('C', C, 21, S, 40000, 'P.', 5001, 1001, data='220 x\r\n')), ('USER', tcp('S', S, 40000, FS, 21, 'P.', 1001, 5008, data='USER x\r\n'))]
        return x
    yield seq('dnat, 227', inward() + [('227', tcp('C', C, 21, S, 40000, 'P.', 5008, 1009, data='227 Entering Passive Mode (192,168,10,10,195,80).\r\n')), SYN(S, 45000, FS, 50000), ('SYN-ACK', tcp('C', C, 50000, S, 45000, 'S.', 1, 7001))], DN)
    yield seq('loose: dnat, 227 of somebody else', inward() + [('227', tcp('C', C, 21, S, 40000, 'P.', 5008, 1009, data='227 Entering Passive Mode (203,0,113,1,195,80).\r\n')), SYN(S, 45000, FS, 50000)], DN, believes=True)
    yield seq('dnat, 229', inward() + [('229', tcp('C', C, 21, S, 40000, 'P.', 5008, 1009, data='229 Extended Passive mode OK (|||50000|)\r\n')), SYN(S, 45000, FS, 50000)], DN)
    yield seq('dnat, PORT', inward() + [('PORT', tcp('S', S, 40000, FS, 21, 'P.', 1009, 5008, data='PORT 203,0,113,10,195,80\r\n')), SYN(C, 20, S, 50000, 'C')], DN)
    yield seq('dnat, 227 names the public address', inward() + [('227', tcp('C', C, 21, S, 40000, 'P.', 5008, 1009, data='227 Entering Passive Mode (203,0,113,1,195,80).\r\n')), SYN(S, 45000, FS, 50000)], DN)
    yield seq('an announced connection meets NAT rules if its control connection is not translated', Talk(40000, 21).login() and (lambda f: f.login() + [f.say(port), SYN(S, 20, C, 40001)])(Talk(40000, 21)), {**HELPER, 'postrouting': ['oifname "C" masquerade']})

def main():
    """The raw sockets must be opened in `ctP`: this script runs itself there."""
    remove = lambda: [sh('ip', 'netns', 'del', n, check=False) for n in ('ctF', 'ctP')]
    remove()
    for n in ('ctF', 'ctP'): sh('ip', 'netns', 'add', n)
    code = subprocess.run(['ip', 'netns', 'exec', 'ctP', sys.executable, __file__, 'inside', *sys.argv[1:]]).returncode
    remove()
    sys.exit(code)

def record(lab, only):
    for s in sequences():
        if only and only not in s['name']: continue
        # nf_conntrack_ftp's `loose` is one for the whole machine: switched on as short as possible.
        believe = lambda on: open('/sys/module/nf_conntrack_ftp/parameters/loose', 'w').write(on)
        if s['believes']: believe('Y')
        lab.routes(s['routes'])
        lab.rules(s['rules'], s['loose'])
        steps = []
        for name, packet in s['steps']:
            packet = {**packet, **({'seq': packet['seq'] & 0xffffffff, 'ack': packet['ack'] & 0xffffffff} if 'seq' in packet else {})}
            wire = packet.pop('wire')
            state, out = lab.inject(wire, packet)
            steps.append({'name': name, 'wire': wire, 'packet': packet, 'state': state, 'out': out, 'entries': lab.entries(), 'expectations': lab.expectations()})
        if s['believes']: believe('N')
        print(json.dumps({'name': s['name'], 'rules': s['rules'], 'loose': s['loose'], 'routes': s['routes'], 'believes': s['believes'], 'steps': steps}, separators=(',', ':')), flush=True)

if __name__ == '__main__':
    if len(sys.argv) > 1 and sys.argv[1] == 'inside':
        record(Lab(), sys.argv[2] if len(sys.argv) > 2 else None)
    else:
        main()
