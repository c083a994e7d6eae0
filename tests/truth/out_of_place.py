#!/usr/bin/env python3
"""Records how the kernel's TCP answers segments that do not belong: old, far ahead, SYNs and RSTs on a connection, in
TIME_WAIT, and how often it does.

    sudo tests/truth/out_of_place.py > tests/truth/out-of-place.jsonl

A server (network namespace `opB`) talks to hand-made segments from `opA`. Port 2100 keeps its connections, port 2101
closes them at once. Sequence numbers are relative to the two initial ones; `src/tcp/out_of_place_tests.rs` plays the
same again.
"""
import json, socket, struct, subprocess, sys, threading, time

A, B, SRC, DST = 'opA', 'opB', '10.9.0.1', '10.9.0.2'
BITS = {'F': 1, 'S': 2, 'R': 4, 'P': 8, '.': 16}
ISN = 1000

def sh(*a, check=True):
    return subprocess.run(a, check=check, capture_output=True, text=True).stdout

def checksum(b):
    if len(b) % 2: b += b'\0'
    s = sum(struct.unpack(f'!{len(b)//2}H', b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff

def build(sport, dport, seq, ack, flags, ts, data):
    o = struct.pack('!BBH', 2, 4, 1460) if 'S' in flags else b''
    if ts: o += b'\1\1\x08\x0a' + struct.pack('!II', *ts)
    h = struct.pack('!HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, (20 + len(o)) // 4 << 4, sum(BITS[f] for f in flags), 60000, 0, 0) + o + data
    c = checksum(socket.inet_aton(SRC) + socket.inet_aton(DST) + struct.pack('!BBH', 0, 6, len(h)) + h)
    i = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(h), 0, 0x4000, 64, 6, 0, socket.inet_aton(SRC), socket.inet_aton(DST))
    return i[:10] + struct.pack('!H', checksum(i)) + i[12:] + h[:16] + struct.pack('!H', c) + h[18:]

class Wire:
    def __init__(self):
        mac = lambda n: bytes.fromhex(json.loads(sh('ip', '-n', n, '-j', 'link', 'show', 'v'))[0]['address'].replace(':', ''))
        self.head = mac(B) + mac(A) + b'\x08\0'
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x800)); self.sock.bind(('v', 0))
    def send(self, *a): self.sock.send(self.head + build(*a))
    def hear(self, port, seconds=0.04):
        end, found = time.time() + seconds, []
        while (left := end - time.time()) > 0:
            self.sock.settimeout(left)
            try: b, to = self.sock.recvfrom(4096)
            except (TimeoutError, BlockingIOError): break
            t = b[34:]
            if to[2] == 4 or b[23] != 6: continue
            _, dport, seq, ack, off, fl, _ = struct.unpack('!HHIIBBH', t[:16])
            o, clock = t[20:(off >> 4) * 4], None
            while o and o[0]:
                if o[0] == 1: o = o[1:]; continue
                if o[0] == 8: clock = struct.unpack('!II', o[2:10])[0]
                o = o[o[1]:]
            if dport == port: found.append((''.join(f for f, b in BITS.items() if fl & b), seq, ack, clock))
        return found

def sequences():
    """Name, whether with timestamps, in which state, and the segments: name, gap in ms, flags, seq, ack, clock, data."""
    step = lambda name, flags, seq, ack=0, gap=600, clock=None, data='': (name, gap, flags, seq, ack, clock, data)
    yield 'established', False, 'established', [
        step('old ACK', '.', -100, 1), step('again at once', '.', -100, 1, 0), step('old data', '.', 1, 1, 0, data='hello'), step('old data again', '.', 1, 1, 0, data='hello'),
        step('SYN at once', 'S', -500, 0, 0), step('SYN', 'S', -500), step('RST in the window at once', 'R', 100, 0, 0), step('RST in the window', 'R', 100), step('and again', 'R', 100, 0, 0),
        step('ACK of what was not sent', '.', 6, 100), step('again at once', '.', 6, 100, 0), step('data with such an ACK', '.', 6, 100, data='hello'),
        step('ACK too old', '.', 6, -70000), step('again at once', '.', 6, -70000, 0), step('ACK a little too old', '.', 6, -10),
        step('keep-alive', '.', 5, 1), step('again at once', '.', 5, 1, 0), step('far ahead', '.', 900000, 1), step('again at once', '.', 900000, 1, 0),
        step('data far ahead', '.', 900000, 1, 0, data='hello'), step('again', '.', 900000, 1, 0, data='hello'),
        step('SYN-ACK', 'S.', 0, 1), step('again at once', 'S.', 0, 1, 0), step('RST far ahead', 'R', 900000), step('old FIN', 'F.', -100, 1, 0), step('old FIN again', 'F.', -100, 1, 0)]
    yield 'established, timestamps', True, 'established', [
        step('old clock', '.', 6, 1, clock=900), step('again at once', '.', 6, 1, 0, 900), step('data, old clock', '.', 6, 1, 0, 900, 'hello'), step('again', '.', 6, 1, 0, 900, 'hello'),
        step('old ACK', '.', -100, 1, clock=1010), step('again at once', '.', -100, 1, 0, 1010), step('RST, old clock, far ahead', 'R', 900000, 0, 600, 900)]
    yield 'FIN-WAIT-1', False, 'closing', [step('old ACK', '.', -100, 1, 0), step('again at once', '.', -100, 1, 0), step('ACK of what was not sent', '.', 1, 100), step('again at once', '.', 1, 100, 0)]
    yield 'TIME-WAIT, SYNs', False, 'time-wait', [step('older', 'S', -500, 0, 0), step('again at once', 'S', -500, 0, 0), step('later', 'S', -500), step('at the end', 'S', 2), step('before it', 'S', 1), step('beyond it', 'S', 3)]
    yield 'TIME-WAIT, timestamps, newer SYN', True, 'time-wait', [step('older number and clock', 'S', -500, 0, 0, 900), step('newer number, older clock', 'S', 4000, 0, 600, 900), step('newer number, same clock', 'S', 4000, 0, 600, 1020)]
    yield 'TIME-WAIT, timestamps, newer clock', True, 'time-wait', [step('older number, same clock', 'S', -500, 0, 0, 1020), step('older number, newer clock', 'S', -500, 0, 600, 1021)]
    yield 'TIME-WAIT, timestamps, SYN without', True, 'time-wait', [step('older', 'S', -500, 0, 0), step('newer', 'S', 4000)]
    yield 'TIME-WAIT, segments', False, 'time-wait', [
        step('ACK that fits', '.', 2, 2, 0), step('FIN again', 'F.', 1, 2, 0), step('and again', 'F.', 1, 2, 0), step('ACK ahead', '.', 3, 2), step('again at once', '.', 3, 2, 0), step('SYN-ACK', 'S.', 8000, 2),
        step('old RST', 'R', -100, 2), step('FIN', 'F.', 1, 2), step('RST that fits', 'R', 2, 0), step('FIN, nobody there', 'F.', 1, 2)]
    yield 'SYN-RECEIVED', False, 'syn-received', [step('SYN again', 'S', 0, 0, 10), step('third', 'S', 0, 0, 10), step('fourth', 'S', 0, 0, 300), step('fifth', 'S', 0, 0, 300)]

def record():
    wire = Wire()
    for n, (name, ts, state, steps) in enumerate(sequences()):
        port, door = 40000 + n, 2100 if state in ('established', 'syn-received') else 2101
        clock = lambda at: (at, mine) if ts else None
        mine = 0
        wire.send(port, door, ISN, 0, 'S', clock(1000), b'')
        _, iss, _, mine = wire.hear(port)[0]
        if state != 'syn-received': wire.send(port, door, ISN + 1, iss + 1, '.', clock(1010), b'')
        if state == 'established': wire.send(port, door, ISN + 1, iss + 1, 'P.', clock(1010), b'hello')
        wire.hear(port, 0.15)
        if state == 'time-wait': wire.send(port, door, ISN + 1, iss + 2, 'F.', clock(1020), b''); wire.hear(port)
        made = []
        for what, gap, flags, seq, ack, at, data in steps:
            time.sleep(gap / 1000); wire.hear(port, 0.001)
            wire.send(port, door, ISN + seq, iss + ack if '.' in flags else 0, flags, (at, mine) if at is not None else None, data.encode())
            # The FIN of a connection that closes is repeated by a timer.
            heard = [h for h in wire.hear(port, 0.03) if h[0] != 'F.']
            made.append({'name': what, 'gap': gap, 'flags': flags, 'seq': seq, 'ack': ack, 'clock': at, 'data': data,
                         'answers': [[f, (s - iss) & 0xffffffff, (a - ISN) & 0xffffffff if '.' in f else 0] for f, s, a, _ in heard]})
        print(json.dumps({'name': name, 'timestamps': ts, 'state': state, 'steps': made}, separators=(',', ':')), flush=True)

def serve(port, closes, kept=[]):
    door = socket.create_server(('0.0.0.0', port), backlog=50)
    while True:
        made, _ = door.accept(); kept.append(made)
        if closes: time.sleep(0.02); made.close()
        else: threading.Thread(target=lambda: [None for _ in iter(lambda: made.recv(100), b'')], daemon=True).start()

def main():
    remove = lambda: [sh('ip', 'netns', 'del', n, check=False) for n in (A, B)]
    remove()
    for n in (A, B): sh('ip', 'netns', 'add', n)
    sh('ip', 'link', 'add', 'v', 'netns', A, 'type', 'veth', 'peer', 'name', 'v', 'netns', B)
    sh('ip', '-n', B, 'addr', 'add', DST + '/24', 'dev', 'v')
    for n in (A, B):
        sh('ip', '-n', n, 'link', 'set', 'v', 'up'); sh('ip', 'netns', 'exec', n, 'ethtool', '-K', 'v', 'tx', 'off', 'gro', 'off', check=False)
    sh('ip', '-n', B, 'neigh', 'add', SRC, 'lladdr', json.loads(sh('ip', '-n', A, '-j', 'link', 'show', 'v'))[0]['address'], 'dev', 'v', 'nud', 'permanent')
    server = subprocess.Popen(['ip', 'netns', 'exec', B, sys.executable, __file__, 'serve']); time.sleep(0.5)
    try: subprocess.run(['ip', 'netns', 'exec', A, sys.executable, __file__, 'record'], timeout=120, check=True)
    finally: server.kill(); server.wait(); remove()

if sys.argv[1:] == ['record']: record()
elif sys.argv[1:] == ['serve']: threading.Thread(target=serve, args=(2100, False), daemon=True).start(); serve(2101, True)
else: main()
