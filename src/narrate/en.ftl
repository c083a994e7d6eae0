### The words of ftpscope, in English (Project Fluent, https://projectfluent.org).
###
### How to edit: what stands left of "=" is a message's id and stays; what stands right of it is yours. Names in
### braces such as { $node } are filled in by the program: use the same ones as the English file, in any order.
### Names of protocols, flags, commands, replies and TCP states stay as they are on the wire.


## Single words and short phrases, used alone and inside sentences

# The two connections of FTP. They follow "the" or a possessive: "server's end of the control connection".
channel-control = control connection
channel-data = data connection
# A connection of which it is not known what it carries.
channel-unknown = connection

mode-active = active mode
mode-passive = passive mode
mode-active-eprt = active mode with EPRT
mode-passive-epsv = passive mode with EPSV

# Who a node is in an FTP session; the second form where the node has a name of its own.
role-client = the client
role-server = the server
role-client-named = the client { $name }
role-server-named = the server { $name }

# An endpoint or a port with the name that teaching texts give it: "50121 (BB)".
named = { $what } ({ $name })

# A port that one end knocks at, named (BB, PASV) or by its number. Follows a possessive: "the client's door BB".
door-named = door { $name } (port { $port })
door-port = port { $port }

# What connection tracking thinks of a packet.
ct-new = new
ct-established = established
ct-related = related
ct-invalid = invalid
ct-untracked = untracked

# What a firewall did to a packet.
verdict-accept = accepted
verdict-drop = dropped
verdict-reject = rejected

# How a packet's way ended.
fate-delivered = delivered
fate-dropped = dropped
fate-rejected = rejected
fate-lost = lost
fate-travelling = on its way

# Why a packet ended without a firewall.
loss-queue-full = the link's queue is full
loss-no-route = there is no route
loss-no-neighbour = nobody answers for the address
loss-ttl-expired = its time to live has run out
loss-not-forwarding = the host is not a router
loss-cut-command = the FTP helper found a command cut in two
loss-line-loss = the line lost it
loss-link-down = the link is down
loss-clash = NAT has no port left for its connection
loss-blackhole = the route is a black hole
loss-martian = a martian: no packet on a link can have such an address
loss-unreachable-route = the route says that there is no such host
loss-prohibited-route = the route forbids it
loss-too-large = it is too large for the link

# Why a frame is worth stopping at.
milestone-door = a door opens
milestone-knock = somebody knocks
milestone-handshake = handshake complete
milestone-command = command
milestone-reply = reply
milestone-death = a packet dies
milestone-failure = a connection fails
milestone-transfer = a transfer ends

# What became of a step or a transfer.
result-ok = it worked
result-reply = the server replied { $code }
result-connect = could not connect: { $error }
result-lost = the connection broke: { $error }
result-closed = the server closed the control connection
result-no-answer = the server did not answer in time
result-bad-reply = the server's answer made no sense
result-address-mismatch = the client does not go to the address in 227: Passive mode address mismatch
result-incomplete = fewer bytes came than SIZE had told
result-not-run = not run: the session was over

# The errors that a program sees; the names in capitals are those of the socket interface.
error-refused = connection refused (ECONNREFUSED)
error-host-unreachable = no route to host (EHOSTUNREACH)
error-net-unreachable = network is unreachable (ENETUNREACH)
error-prohibited = permission denied (EACCES)
error-no-protocol = protocol not available (ENOPROTOOPT)
error-timed-out = connection timed out (ETIMEDOUT)
error-reset = connection reset by peer (ECONNRESET)
error-invalid = invalid argument (EINVAL)
error-no-port = address already in use (EADDRINUSE)


## What a packet is, inside sentences

thing-flags = the { $flags }
thing-line = the line '{ $line }'
thing-data = the segment with { $bytes } bytes of data
thing-icmp = the ICMP message { $reason } about { $about_from } > { $about_to }
# { $thing } is one of the above.
packet = { $thing } from { $from } to { $to }


## Packets that a node makes and sends

sent-syn-control = { $node } sends SYN from port { $port } to { $peer } port { $peer_port }: it knocks at the control door.
sent-syn-data = { $node } sends SYN from port { $port } to { $peer } port { $peer_port }: it knocks at the data door.
sent-syn = { $node } sends SYN from port { $port } to { $peer } port { $peer_port }: it asks for a connection.
sent-syn-again = { $node } sends the SYN again (attempt { $attempt }) from port { $port } to { $peer } port { $peer_port }.
sent-syn-ack = { $node } answers with SYN-ACK from port { $port } to { $peer } port { $peer_port }: the second step of the three-way handshake.
sent-syn-ack-again = { $node } sends the SYN-ACK again (attempt { $attempt }) from port { $port } to { $peer } port { $peer_port }.
sent-handshake-ack = { $node } sends ACK from port { $port } to { $peer } port { $peer_port }: the third step of the three-way handshake.
sent-ack = { $node } sends { $peer } an ACK on the { $connection }: it has received everything up to here.
sent-fin = { $node } sends { $peer } a FIN on the { $connection }: it has nothing more to send.
sent-fin-again = { $node } sends { $peer } the FIN on the { $connection } again (attempt { $attempt }).
sent-rst = { $node } sends { $peer } a RST: it breaks the { $connection } off.
sent-rst-refused = { $node } answers { $peer } with RST from port { $port }: there is no connection for this segment here.
sent-rst-rejected = { $node } sends { $peer } a RST in the name of { $from }: its firewall has rejected the connection.
sent-line = { $node } sends { $peer } the line '{ $line }' on the { $connection }.
sent-line-again = { $node } sends { $peer } the line '{ $line }' on the { $connection } again (attempt { $attempt }).
sent-data = { $node } sends { $peer } { $bytes } bytes on the { $connection }.
sent-data-last = { $node } sends { $peer } its last { $bytes } bytes on the { $connection }, with FIN.
sent-data-again = { $node } sends { $peer } { $bytes } bytes on the { $connection } again (attempt { $attempt }).
sent-icmp = { $node } sends { $peer } the ICMP message { $reason } about { $about_from } > { $about_to }.
sent-other = { $node } sends { $packet }.


## Packets on their way

sent-on = { $node } passes { $packet } on to { $next }.
received = { $node } receives { $packet }.
received-on-the-way = { $node } receives { $packet }; it is not the destination.
lost-queue-full = { $node } loses { $packet }: the queue of the next link is full.
lost-no-route = { $node } discards { $packet }: it has no route to { $address }.
lost-no-neighbour = { $node } discards { $packet }: nobody on its link answers for { $address }.
lost-ttl-expired = { $node } discards { $packet }: its time to live has run out.
lost-cut-command = { $node } discards { $packet }: its FTP helper found a command that is cut off at the segment's end, and { $address } will not get it.

translated-source = { $node } gives { $packet } another source: { $to } instead of { $from }{ $rule }.
translated-destination = { $node } gives { $packet } another destination: { $to } instead of { $from }{ $rule }.
translated-text = { $node } rewrites the text of { $packet }: '{ $to }' instead of '{ $from }'{ $rule }.
translated-error = { $node } translates { $packet } and the packet quoted in it: it goes to { $to } instead of { $from }{ $rule }.
# Appended to a translation that a rule has just decided.
translated-rule = {" "}(rule '{ $rule }', line { $line })
expectation-made = { $node } now expects a connection from { $from } to { $to }; the door is { $door }.
expectation-used = { $node } has expected this connection from { $from } to { $to }, and lets it pass for { $door }: the expectation is used up.
expectation-replaced = { $node } no longer expects a connection from { $from } to { $to }: a later announcement takes its place.
expectation-expired = { $node } no longer expects a connection from { $from } to { $to }: nobody came in time.
why-expectation-made = Its FTP helper has read the announcement on the control connection: the data connection will be RELATED, not new.
why-expectation-used = The SYN is RELATED: the control connection has announced it.
why-translated-text = Only a helper that reads the control connection can do this.
why-translated-length = The text's length changes by { $by } bytes, so the numbers of all later segments are shifted as well.

lost-not-forwarding = { $node } discards { $packet }: it is a host, not a router, and { $address } is not its own address.
lost-line-loss = { $node } sends { $packet }, but the line loses it.
lost-link-down = { $node } loses { $packet }: the next link is down.
lost-clash = { $node } discards { $packet }: every port that its NAT rule allows is taken by another connection.
lost-blackhole = { $node } discards { $packet } in silence: its route to { $address } is a black hole.
lost-martian = { $node } discards { $packet } without a word: no packet that comes in by a link can have such an address (a "martian").
lost-unreachable-route = { $node } discards { $packet }: its routing table calls { $address } unreachable.
lost-prohibited-route = { $node } discards { $packet }: its routing table prohibits { $address }.
lost-too-large = { $node } discards { $packet }: it is larger than the next link takes, and it may not be cut.


## Firewalls. "hook" is nftables' name (input, forward, output ...), "rule" the rule's text.

verdict-sentence-accept = { $node } lets { $packet } pass: { $decider }{ $tracking }.
verdict-sentence-drop = { $node } drops { $packet }: { $decider }{ $tracking }.
verdict-sentence-reject = { $node } rejects { $packet }: { $decider }{ $tracking }.
# What decided: the chain's policy or a rule; the second form where no line is known.
decider-policy = { $hook } { $rule }, line { $line }
decider-policy-unlined = { $hook } { $rule }
decider-rule = { $hook } rule '{ $rule }', line { $line }
decider-rule-unlined = { $hook } rule '{ $rule }'
# Appended to a verdict where the node tracks connections.
tracking = ; connection tracking calls it { $state }

conntrack-new = { $node } begins to track the { $connection } from { $from } to { $to }: { $state }, no answer seen yet.
conntrack-picked-up = { $node } begins to track the { $connection } from { $from } to { $to } in the middle: { $state }, its handshake was not seen.
conntrack-unanswered = { $node } now tracks the { $connection } from { $from } to { $to } as { $state }; no answer was seen.
conntrack-changed = { $node } now tracks the { $connection } from { $from } to { $to } as { $state }; both directions were seen.
conntrack-gone = { $node } forgets the { $connection } from { $from } to { $to }: its tracking entry is gone.


## Sockets

socket-listen-control = { $node } listens on port { $port } for control connections: the door is open.
socket-listen-data = { $node } listens on port { $port } for the data connection: the door is open.
socket-unlisten = { $node } stops listening on port { $port }: the door is shut to further connections.
socket-connect = { $node } begins to open the { $connection } from port { $port } to { $remote }.
socket-accept = { $node } lets the SYN from { $remote } in at port { $port }, where it listens.
socket-closed = { $node } is done with the { $connection } at its port { $port }.
socket-failed = { $node }'s { $connection } from port { $port } to { $remote } fails: { $error }.


## TCP states

state = { $node }'s end of the { $connection } goes from { $from } to { $to }.
state-because = { $node }'s end of the { $connection } goes from { $from } to { $to }: { $reason }.
state-syn-sent = it asks for a connection
state-syn-received = a SYN has come in and is answered
state-established-client = its SYN is answered
state-established-server = the three-way handshake is complete
state-fin-wait-1 = it closes its side
state-fin-wait-2 = its FIN is acknowledged, the far end may still send
state-close-wait = the far end has closed its side
state-closing = both ends close at the same time
state-last-ack = it closes its side too
state-time-wait = both sides are closed, it waits for late segments
state-closed-time-wait = it has waited long enough
state-closed-last-ack = its FIN is acknowledged, both sides are closed
state-closed-unopened = no connection has come about
state-closed = the connection is gone


## Timers

timer-syn = { $node } has waited { $after } for an answer to SYN number { $attempt } on the { $connection }: none came.
timer-syn-ack = { $node } has waited { $after } for an answer to SYN-ACK number { $attempt } on the { $connection }: none came.
timer-handshake = { $node } has waited { $after } for the handshake of the { $connection } to go on (time { $attempt }).
timer-retransmit = { $node } has waited { $after } for an acknowledgement on the { $connection }: none came (time { $attempt }).
timer-time-wait = { $node } has waited in TIME-WAIT on the { $connection } for { $after }.
timer-delayed-ack = { $node } has kept back an acknowledgement on the { $connection } for { $after }: nothing came that it could travel with.
timer-keep-alive = { $node } has heard nothing on the { $connection } for { $after } and asks whether somebody is there (time { $attempt }).
timer-tail-loss = { $node } has waited { $after } for an acknowledgement on the { $connection } and probes whether the last segment was lost.
timer-fin-wait-2 = { $node } has waited { $after } for the other side of the { $connection } to close: it waits no longer.
timer-idle = { $node }'s timer for a silent peer runs out after { $after }.
timer-data-connect = { $node }'s timer for connecting the data connection runs out after { $after }.
timer-control-connect = { $node }'s timer for connecting the control connection runs out after { $after }.
timer-reply = { $node }'s timer for the next reply runs out after { $after }.
timer-data-progress = { $node } looks, after { $after }, whether anything has moved on the data connection or whether it has ended.
timer-retry = { $node } has waited { $after } before it tries again.
timer-wait = { $node } has waited { $after }, as it was told to.
timer-pace = { $node } has paused for { $after }: the rate at which it sends files is limited.
timer-neighbour = { $node } has asked its link for { $after } who has the address { $address }: nobody answered.
timer-neighbour-unknown = { $node } has asked its link for { $after } for an address: nobody answered.


## FTP

command-sent = { $node } gives the command '{ $line }'.
command-seen = { $node } reads the command '{ $line }'.
reply-sent = { $node } replies { $line }
reply-seen = { $node } reads the reply { $line }
# For replies that do not end in a full stop themselves.
full-stop = { $line }.
# Appended to the first line of a reply that has several.
more-lines = { $line } (and { $count } more lines).
transfer-begins = { $node } begins { $command } in { $mode }.
transfer-ok = { $node }: { $command } in { $mode } has worked, { $bytes } bytes crossed the data connection.
transfer-failed = { $node }: { $command } in { $mode } has failed, { $result }; { $bytes } bytes crossed the data connection.
step-begins = { $node }: step { $number }, { $run }, begins.
step-begins-mode = { $node }: step { $number }, { $run }, begins ({ $mode }).
step-ok = { $node }: step { $number }, { $run }, is done: it worked.
step-failed = { $node }: step { $number }, { $run }, has failed: { $result }.
step-not-run = { $node }: step { $number }, { $run }, is not run, because the session had already failed.


## Why: packets that a firewall stops

why-knock = { $who } knocks at { $whose } { $door }.
# "whose" in why-knock.
possessive = { $owner }'s
why-new-policy = To { $node } this is a new connection: no rule lets it in.
why-new-rule = To { $node } this is a new connection, and that rule { $verdict } it.
why-midway-policy = { $node } has not seen this connection begin; no rule lets the packet pass, so the { $hook } policy { $verdict } it{ $line }.
why-midway-rule = { $node } has not seen this connection begin; the { $hook } rule '{ $rule }' { $verdict } the packet{ $line }.
why-invalid-policy = The packet fits no connection that { $node } knows (ct state invalid): no rule lets it pass, so the { $hook } policy { $verdict } it{ $line }.
why-invalid-rule = The packet fits no connection that { $node } knows (ct state invalid), and the { $hook } rule '{ $rule }' { $verdict } it{ $line }.
why-known-policy = { $node } knows the connection (ct state { $state }), but no rule lets the packet pass, so the { $hook } policy { $verdict } it{ $line }.
why-known-rule = { $node } knows the connection (ct state { $state }), but the { $hook } rule '{ $rule }' { $verdict } the packet{ $line }.
why-plain-policy = { $node } looks at each packet by itself: no rule lets this one pass, so the { $hook } policy { $verdict } it{ $line }.
why-plain-rule = { $node } looks at each packet by itself: the { $hook } rule '{ $rule }' { $verdict } this one{ $line }.
why-helper-none = { $node } has no FTP helper that would make it RELATED.
why-helper-off-path = { $node }'s FTP helper does not see the control connection: that goes another way.
why-helper-passed-by = { $node }'s helper rule stands in { $hook }{ $line }: what { $node } sends itself never passes there.
why-helper-not-reached = { $node }'s helper rule{ $line } is never reached: '{ $decided }' decides on the control connection first.
why-helper-no-match = { $node }'s helper rule '{ $rule }'{ $line } does not match a control connection to port { $port }.
why-helper-sealed = { $node }'s helper watches the control connection, but TLS hides which port was agreed.
why-helper-other = { $node }'s helper expects another one: from { $from } to { $to }.
why-helper-nothing = { $node }'s helper found nothing on the control connection that it takes: only the speaker's own address, in a line that is whole.
why-cut-command = A helper reads each segment by itself (nf_conntrack_ftp). It drops one that breaks off in the middle of such a line, so that it comes again whole; split the same way, it never does.
why-line = {" "}(line { $line })
why-drops = drops
why-rejects = rejects
why-door-open = The door itself is open: { $owner } listens on port { $port }.
why-door-shut = The door is shut as well: nobody listens on port { $port } of { $owner }.


## Why: knocking and answers

why-syn-control = { $who } opens the control connection: port { $port } is picked at random on its side, port { $peer_port } is the server's door.
why-syn-active = Active mode: the server is the one who connects. It knocks at { $door }, which the client named in { $verb }.
why-syn-active-elsewhere = Active mode: the server is the one who connects, from its port { $port } to port { $peer_port } of the client.
why-syn-passive = Passive mode: the client is the one who connects, for the data as well. It knocks at { $door }, which the server named in its reply { $code }.
why-syn-passive-other-address = Passive mode: the client is the one who connects. The reply 227 named { $named }, but the client goes to { $peer }.
why-syn-passive-elsewhere = Passive mode: the client is the one who connects, from its port { $port } to port { $peer_port } of the server.
why-silence = Silence: neither a yes (SYN-ACK) nor a no (RST) came back, so it tries again.
why-last-try = Silence to the end: this was the last try.
why-dropped-at = The one before was dropped at { $node }; its sender is not told.
why-waited-dropped = What it waits for cannot come: its packet was dropped at { $node }, and nobody told the sender.
why-waited-lost = What it waits for cannot come: its packet was lost at { $node }.
why-answer-dropped = An answer was on its way, but it was dropped at { $node }.
why-rst-closed = Nobody listens on port { $port }: the host { $node } itself refuses, at once. No firewall is needed for that.
why-rst-rejected = The rule at { $node } says to reject with a TCP reset. To the sender it looks as if nobody listened there.
why-icmp-rejected = The rule at { $node } says to reject with an ICMP message: the sender learns at once that it is not let in.
why-icmp-no-route = { $node } has no route to { $address } and says so to the sender.
why-icmp-no-neighbour = Nobody on the last link answers for { $address }, and { $node } says so to the sender.
why-icmp-ttl = The packet has passed too many routers; { $node } says so to the sender.
why-nobody-has = No node of this network has the address { $address }.
why-switched-off = { $address } belongs to { $node }, which is switched off.
why-private = { $address } is a private address (RFC 1918): it means something only inside the network it was given out in.
why-refused-here = { $address } is { $node } itself, and nobody listens on port { $port } there: no packet leaves the machine.
why-refused-by-host = The RST comes from { $node } itself: nobody listens on port { $port } there.
why-refused-by-firewall = The answer comes from the firewall of { $node }, which has rejected the SYN.
why-answer-from = The answer that ends it comes from { $node }.
why-timed-out = { $count } times nothing came back. A closed port would have answered with RST at once.


## Why: TCP

why-handshake-client = The SYN-ACK proves that packets get through in both directions; the ACK that follows tells { $peer } so.
why-handshake-server = SYN, SYN-ACK and ACK have crossed: bytes can flow in both directions on the { $connection }.
why-time-wait = This end closed first, so it is the one that waits: a late segment must not be taken for one of a new connection.
why-fin-data = In FTP the end of the connection is the end of the data: closing says 'that was all'.


## Why: FTP's commands and replies

# The arithmetic of PORT and 227: "195 * 256 + 201 = 50121".
why-port-listens = { $p1 } * 256 + { $p2 } = { $port }: the client listens there and tells the server.
why-port-nobody = { $p1 } * 256 + { $p2 } = { $port }, but the client does not listen there.
why-port-elsewhere = { $p1 } * 256 + { $p2 } = { $port }; the address { $address } is not the client's own.
why-eprt-listens = The client listens on port { $port } and tells the server; EPRT writes the number as it is.
why-eprt-nobody = The command names port { $port }, but the client does not listen there.
why-eprt-elsewhere = The command names port { $port } at { $address }, which is not the client's own address.
why-port-seen = This opens no connection yet: the server connects when a transfer command such as LIST comes.
why-port-taken = The command names { $named }, but the control connection comes from { $seen }. The server takes it all the same and will connect to whom it is told: copies between servers need that, and so does a bounce attack (RFC 2577).
why-port-stranger = The command names { $named }, but the control connection comes from { $seen }; the server connects to nobody else (RFC 2577).
why-port-translated = { $client } wrote its own address: a router on the way translated the headers of its packets, not the text in them.
why-port-sealed = No helper could change it: TLS hides the text.
why-pasv = The client asks the server to open a door: in passive mode it is the client who connects for the data.
why-epsv = The client asks the server to open a door; the answer will name only a port, no address.
# The arithmetic of PORT and 227 by itself, where other words follow.
why-arithmetic = { $p1 } * 256 + { $p2 } = { $port }.
why-named-leads = Calls to { $named } are led to { $door } of { $node }, which listens there.
why-named-shut = Calls to { $named } come to { $door } of { $node }, where nobody listens.
why-named-listens = The address is { $node }'s, which listens on port { $port }.
why-named-kept = The address is { $node }'s, which passes no calls to port { $port } on; and nobody listens there.
why-named-unknown = The address { $address } is { $node }'s, which has to pass calls on.
why-named-loopback = { $address } is an address inside each machine: if { $caller } goes there, it calls itself.
why-227-listens = { $p1 } * 256 + { $p2 } = { $port }: the server listens there and waits for the client.
why-227-nobody = { $p1 } * 256 + { $p2 } = { $port }, but the server does not listen there.
why-227-elsewhere = The reply names the address { $address }, which is not the one that the client has called.
why-227-translated = { $server } wrote its own address: { $node } translated the headers of the packets on the way, not the text in them.
why-229-listens = The server listens on port { $port } and waits for the client; the address is that of the control connection.
why-229-port = The reply names port { $port }; the address is that of the control connection.
why-229-nobody = The reply names port { $port }, but the server does not listen there.
why-425-timeout = The server waited { $after } for the data connection and gives up.
why-oops-passive = bind() has failed: no port of the passive range is free for one more data connection. vsftpd ends the session over it; a wider range helps.
why-oops-active = bind() has failed: vsftpd does not get the port that its data connections shall come from, and ends the session over it.
why-425-stranger = The data connection comes from { $from }, but the control connection from { $seen }: the server takes data connections from nobody else (RFC 2577).
why-425-failed = The server's attempt to connect has failed: { $error }.
why-425 = There is no data connection, so nothing can be transferred.
why-425-control-works = The control connection works, for this reply comes over it; only the data connection is missing.
why-150 = The data connection stands; the bytes go there, this line goes over the control connection.
why-150-waiting = The server is ready; the bytes will go over the data connection.
why-226 = The data connection served this one transfer; the next one needs a new one.
why-data-timeout-active = The server's SYN to port { $port } of the client was never answered.
why-data-timeout-passive = The server listened on port { $port }, but no handshake was completed there.
why-died-at = The last SYN was stopped at { $node }.
why-transfer-control-fine = The commands and replies went through: the control connection is fine, the trouble is with the data connection.
why-listen = An open door is not enough: a firewall on the way may still keep visitors from it.


## Notes in ladders and tables

# A firewall's decision: the rule's text and its line in the scenario file.
note-rule = { $rule } (line { $line })
note-rewritten = rewritten: { $text }
note-data-progress = looks whether anything has moved in { $after }
note-timer = gave up after { $after }
note-retry = tries again after { $after }
knock-opened = the door opens
knock-dropped = dropped by { $node }: { $note }
knock-rejected = rejected by { $node }: { $note }
knock-refused = refused by { $node } itself: nobody listens there
knock-unreachable = given up by { $node }: { $note }
knock-silence = no answer

outcome-ok = ok
outcome-dropped = dropped
outcome-rejected = rejected
outcome-refused = refused
outcome-unreachable = unreachable
outcome-lost = lost
outcome-denied = denied
outcome-timed-out = timed out
outcome-failed = failed
outcome-not-run = not run
outcome-at = { $outcome } at { $node }
outcome-reply = { $outcome }, reply { $code }


## The comparison of two runs

compare-outcomes = What came of each command
compare-knocks = Who knocks on whose door (o control channel, * data channel)
compare-same = The two runs mean the same from beginning to end.
compare-parting = The first { $count } steps are the same in both runs. Here they part:
compare-ended = (nothing more happens)
compare-ladder = From there to the end of the command, { $mode }:


## The terminal view

# After a port number: a listener opens or shuts.
ladder-door-open = open
ladder-door-shut = shut

stage-control-handshake = control handshake
stage-negotiation = negotiation
stage-port-announced = port announced
stage-data-handshake = data handshake

action-step-forward = step
action-step-back = back
action-next-packet = next packet
action-previous-packet = previous packet
action-next-milestone = milestone
action-previous-milestone = milestone back
action-next-death = next dead packet
action-play-pause = play
action-faster = faster
action-slower = slower
action-home = first frame
action-end = last frame
action-switch-mode = mode
action-inspector = inspect
action-switch-theme = next theme
action-switch-language = English or Chinese
action-open = open
action-help = help
action-back = close, back to the list
action-redraw = draw anew
action-suspend = suspend
action-quit = quit

legend-control = control channel
legend-data = data channel
legend-death = a packet died here
legend-handshake = three-way handshake complete (on the timeline)
legend-aa = AA: the client's end of the control connection
legend-bb = BB: the client's end of the data connection
legend-pasv = PASV: the server's passive port

inspector-frame = Frame
inspector-frame-line = { $frame } at { $node }, { $time } s, because of { $cause }
inspector-packet = Packet
inspector-firewall = Firewall
inspector-expected = Expected connections
inspector-tracking = Tracked connections
inspector-sockets = Sockets

gallery-down = next
gallery-up = previous

ui-tagline = see how FTP meets a firewall
ui-too-small = This terminal is too small. ftpscope needs at least { $size }.
ui-frame-count = frame { $frame } of { $total }   { $time } s

capture-unread = { $count } frames not read: { $reasons }
capture-unread-one = 1 frame not read: { $reasons }
capture-count = { $count } { $reason }
capture-empty = it has no interface, so no packets
capture-unknown = this is no pcap or pcapng file
capture-compressed = it is compressed by { $program }: unpack it first (gzip is read as it is)
capture-too-large = a capture this large is not read: at most { $most } bytes
capture-cut = the file ends in the middle of a frame; what stands before it is read
capture-gzip-cut = the gzip file is cut off; what stands before its end is read
capture-gzip-damaged = the gzip file is damaged; what stands before the damage is read
capture-damaged = the file is damaged; what stands before the damage is read
unread-link-type = of link type { $number }
unread-ether-type = of Ethernet type { $number }
unread-llc = of IEEE 802.2 (SAP { $number })
unread-ppp = of PPP protocol { $number }
unread-family = of address family { $number }
unread-protocol = of IP protocol { $number }
unread-icmp = ICMP that is no error about TCP
unread-fragment = IP fragments
unread-no-interface = of an interface that the file does not describe
unread-cut = cut before the end of the { $header } header
unread-malformed = with a malformed { $header } header
unread-link-header = link


## The command line

error-program = ftpscope: { $problem }
error-of = '{ $subject }': { $problem }
error-stdin = standard input: { $error }
error-read = cannot read scenario '{ $name }': { $error }
error-near-builtin = did you mean the built-in scenario '{ $name }'?
error-no-scenario = it is no file and no built-in scenario; 'ftpscope list' shows those
error-write = cannot write '{ $path }': { $error }
error-write-stdout = cannot write to standard output: { $error }
error-at-format = '--at' goes with '--format pcapng'
error-capture-terminal = a packet capture is not for a terminal; use '-o FILE' or a pipe
error-at-unknown = '{ $at }' is no node and no interface of the scenario; its interfaces are { $known }
error-no-terminal = 'play' needs a terminal; for text use 'ftpscope trace { $scenario }'
error-no-lab = no laboratory for this scenario: { $problem }
error-capture-point = where was it made? Name it NODE.INTERFACE.pcap or say '--at'; there are { $known }
lab-not-same = lab: not the same: { $difference }
limit-time = the run reached its limit of simulated time, { $count } s
limit-frames = the run reached its limit of { $count } frames
limit-events = the run reached its limit of { $count } events
check-command = '{ $command }'
check-number = { $command } (number { $number })
check-session = { $command } of session { $session } ({ $client })
check-unmet = { $command } in { $mode } mode: expected { $expected }, but it was { $happened }
check-was = { $command } was { $happened }
check-never-run = never run
check-outcome = '{ $outcome }'
check-at = { $what } at { $node }
check-reply = { $what } with reply { $code }
check-rule = { $what } by rule '{ $rule }'
check-rule-line = { $what } by rule '{ $rule }' (line { $line })
check-nothing = ok: it runs; it expects nothing
check-one = ok: its expectation holds
check-all = ok: all { $count } expectations hold
check-failed = failed: { $held } of { $count } expectations hold
calibrate-same = same: { $count } { $what }
calibrate-different = different: { $count } { $what } are the same, then
calibrate-steps = steps as at { $at }
calibrate-stopped = stopped connections
calibrate-stops-nothing = same: it stops nothing
calibrate-it = same: it { $step }
calibrate-both = both
calibrate-simulated = simulated
calibrate-captured = captured
calibrate-nothing = (nothing more)
outcome-details = { $outcome } ({ $details })
detail-time = { $time } s
detail-then = { $first }, then { $then }
detail-by = by { $verb }
detail-reconnects = connected anew: { $count }
compare-numbered = { $command } #{ $number }
ladder-fold = { $bytes } bytes in { $segments } segments, { $time } s
ladder-fold-acks = { $acks } ACKs, { $time } s
ladder-fold-trouble = { $repeated } of them repeated, { $lost } lost
