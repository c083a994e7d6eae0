### ftpscope 的中文文案（Project Fluent，https://projectfluent.org）。
###
### 编辑方法：“=”左边是消息的标识，请勿改动；右边是文案。{ $node } 这样的花括号由程序填入，
### 须与英文文件使用相同的名字，顺序可以不同。协议名、标志位、命令、应答码和 TCP 状态保持原样。


## 词和短语：可单独使用，也可嵌入句子

channel-control = 控制连接
channel-data = 数据连接
channel-unknown = 连接

mode-active = 主动模式
mode-passive = 被动模式
mode-active-eprt = 主动模式（EPRT）
mode-passive-epsv = 被动模式（EPSV）

role-client = 客户端
role-server = 服务器
role-client-named = 客户端 { $name }
role-server-named = 服务器 { $name }

named = { $what }（{ $name }）

door-named = { $name } 端口（{ $port }）
door-port = { $port } 端口

ct-new = new（新连接）
ct-established = established（已建立）
ct-related = related（相关）
ct-invalid = invalid（无效）
ct-untracked = untracked（未跟踪）

verdict-accept = 放行
verdict-drop = 丢弃
verdict-reject = 拒绝

fate-delivered = 已送达
fate-dropped = 被丢弃
fate-rejected = 被拒绝
fate-lost = 丢失
fate-travelling = 传输中

loss-queue-full = 链路队列已满
loss-no-route = 没有路由
loss-no-neighbour = 该地址无人应答
loss-ttl-expired = TTL 已耗尽
loss-not-forwarding = 该主机不是路由器
loss-cut-command = FTP 助手发现命令被截成两段
loss-line-loss = 线路丢失了它
loss-link-down = 链路已中断
loss-clash = NAT 没有剩余端口给这条连接
loss-blackhole = 该路由是黑洞
loss-martian = “火星”报文：链路上的数据包不可能有这样的地址
loss-unreachable-route = 路由声明没有这台主机
loss-prohibited-route = 路由禁止前往
loss-too-large = 对该链路来说它太大

milestone-door = 开始监听
milestone-knock = 发起连接
milestone-handshake = 握手完成
milestone-command = 命令
milestone-reply = 应答
milestone-death = 数据包未能通过
milestone-failure = 连接失败
milestone-transfer = 传输结束

result-ok = 成功
result-reply = 服务器应答 { $code }
result-connect = 无法建立连接：{ $error }
result-lost = 连接中断：{ $error }
result-closed = 服务器关闭了控制连接
result-no-answer = 服务器没有按时应答
result-bad-reply = 服务器的应答无法理解
result-address-mismatch = 客户端不连接 227 中的地址：Passive mode address mismatch
result-incomplete = 收到的字节比 SIZE 所说的少
result-not-run = 未执行：会话已经结束

error-refused = 连接被拒绝（ECONNREFUSED）
error-host-unreachable = 主机不可达（EHOSTUNREACH）
error-net-unreachable = 网络不可达（ENETUNREACH）
error-prohibited = 权限不足（EACCES）
error-no-protocol = 协议不可用（ENOPROTOOPT）
error-timed-out = 连接超时（ETIMEDOUT）
error-reset = 连接被对端重置（ECONNRESET）
error-invalid = 参数无效（EINVAL）
error-no-port = 地址已被占用（EADDRINUSE）


## 句子里的“数据包”

thing-flags = { $flags }
thing-line = “{ $line }”这一行
thing-data = { $bytes } 字节的数据段
thing-icmp = ICMP 消息 { $reason }（关于 { $about_from } > { $about_to }）
packet = 从 { $from } 发往 { $to } 的 { $thing }


## 节点自己发出的数据包

sent-syn-control = { $node } 从端口 { $port } 向 { $peer } 的端口 { $peer_port } 发送 SYN：请求建立控制连接。
sent-syn-data = { $node } 从端口 { $port } 向 { $peer } 的端口 { $peer_port } 发送 SYN：请求建立数据连接。
sent-syn = { $node } 从端口 { $port } 向 { $peer } 的端口 { $peer_port } 发送 SYN：请求建立连接。
sent-syn-again = { $node } 从端口 { $port } 向 { $peer } 的端口 { $peer_port } 重发 SYN（第 { $attempt } 次）。
sent-syn-ack = { $node } 从端口 { $port } 向 { $peer } 的端口 { $peer_port } 回送 SYN-ACK：三次握手的第二步。
sent-syn-ack-again = { $node } 从端口 { $port } 向 { $peer } 的端口 { $peer_port } 重发 SYN-ACK（第 { $attempt } 次）。
sent-handshake-ack = { $node } 从端口 { $port } 向 { $peer } 的端口 { $peer_port } 发送 ACK：三次握手的第三步。
sent-ack = { $node } 在{ $connection }上向 { $peer } 发送 ACK：确认到此为止的内容都已收到。
sent-fin = { $node } 在{ $connection }上向 { $peer } 发送 FIN：它没有更多内容要发送了。
sent-fin-again = { $node } 在{ $connection }上向 { $peer } 重发 FIN（第 { $attempt } 次）。
sent-rst = { $node } 向 { $peer } 发送 RST：强行中断{ $connection }。
sent-rst-refused = { $node } 从端口 { $port } 向 { $peer } 回送 RST：这里没有与该报文段对应的连接。
sent-rst-rejected = { $node } 以 { $from } 的名义向 { $peer } 发送 RST：它的防火墙拒绝了这个连接。
sent-line = { $node } 在{ $connection }上向 { $peer } 发送“{ $line }”这一行。
sent-line-again = { $node } 在{ $connection }上向 { $peer } 重发“{ $line }”这一行（第 { $attempt } 次）。
sent-data = { $node } 在{ $connection }上向 { $peer } 发送 { $bytes } 字节。
sent-data-last = { $node } 在{ $connection }上向 { $peer } 发送最后 { $bytes } 字节，并带有 FIN。
sent-data-again = { $node } 在{ $connection }上向 { $peer } 重发 { $bytes } 字节（第 { $attempt } 次）。
sent-icmp = { $node } 向 { $peer } 发送 ICMP 消息 { $reason }（关于 { $about_from } > { $about_to }）。
sent-other = { $node } 发送{ $packet }。


## 途中的数据包

sent-on = { $node } 把{ $packet } 转发给 { $next }。
received = { $node } 收到{ $packet }。
received-on-the-way = { $node } 收到{ $packet }；它不是目的地。
lost-queue-full = { $node } 丢失了{ $packet }：下一条链路的队列已满。
lost-no-route = { $node } 丢弃{ $packet }：没有到 { $address } 的路由。
lost-no-neighbour = { $node } 丢弃{ $packet }：链路上没有主机应答 { $address }。
lost-ttl-expired = { $node } 丢弃{ $packet }：TTL 已耗尽。
lost-cut-command = { $node } 丢弃{ $packet }：它的 FTP 助手发现报文段末尾的命令被截断，{ $address } 收不到它。

translated-source = { $node } 改写{ $packet }的源地址：用 { $to } 代替 { $from }{ $rule }。
translated-destination = { $node } 改写{ $packet }的目的地址：用 { $to } 代替 { $from }{ $rule }。
translated-text = { $node } 改写{ $packet }的内容：用“{ $to }”代替“{ $from }”{ $rule }。
translated-error = { $node } 改写{ $packet }及其引用的分组：发往 { $to } 而不是 { $from }{ $rule }。
# 附在刚由规则决定的转换之后。
translated-rule = （规则“{ $rule }”，第 { $line } 行）
expectation-made = { $node } 现在期待从 { $from } 到 { $to } 的连接；真正的门是 { $door }。
expectation-used = { $node } 期待过这条从 { $from } 到 { $to } 的连接，放行到 { $door }：期待已用掉。
expectation-replaced = { $node } 不再期待从 { $from } 到 { $to } 的连接：后来的通告取代了它。
expectation-expired = { $node } 不再期待从 { $from } 到 { $to } 的连接：到期仍无人前来。
why-expectation-made = 它的 FTP 助手读到了控制连接上的通告：数据连接将是 RELATED，而不是新连接。
why-expectation-used = 这个 SYN 是 RELATED：控制连接已经通告过它。
why-translated-text = 只有读懂控制连接的助手才能做到。
why-translated-length = 文本长度改变了 { $by } 字节，因此此后所有报文段的序号也要随之平移。

lost-not-forwarding = { $node } 丢弃{ $packet }：它是主机而不是路由器，{ $address } 也不是它自己的地址。
lost-line-loss = { $node } 发出了{ $packet }，但线路把它丢失了。
lost-link-down = { $node } 丢失了{ $packet }：下一条链路已中断。
lost-clash = { $node } 丢弃{ $packet }：NAT 规则允许的端口都已被其他连接占用。
lost-blackhole = { $node } 无声丢弃{ $packet }：它到 { $address } 的路由是黑洞。
lost-martian = { $node } 不作声地丢弃{ $packet }：从链路上来的数据包不可能有这样的地址（“火星”报文）。
lost-unreachable-route = { $node } 丢弃{ $packet }：它的路由表声明 { $address } 不可达。
lost-prohibited-route = { $node } 丢弃{ $packet }：它的路由表禁止前往 { $address }。
lost-too-large = { $node } 丢弃{ $packet }：它超过了下一条链路的 MTU，并且不允许分片。


## 防火墙。hook 是 nftables 的名字（input、forward、output 等），rule 是规则原文。

verdict-sentence-accept = { $node } 放行{ $packet }：{ $decider }{ $tracking }。
verdict-sentence-drop = { $node } 丢弃{ $packet }：{ $decider }{ $tracking }。
verdict-sentence-reject = { $node } 拒绝{ $packet }：{ $decider }{ $tracking }。
decider-policy = { $hook } 链的默认策略 { $rule }，第 { $line } 行
decider-policy-unlined = { $hook } 链的默认策略 { $rule }
decider-rule = { $hook } 链的规则“{ $rule }”，第 { $line } 行
decider-rule-unlined = { $hook } 链的规则“{ $rule }”
tracking = ；连接跟踪的判定是 { $state }

conntrack-new = { $node } 开始跟踪从 { $from } 到 { $to } 的{ $connection }：{ $state }，尚未看到应答。
conntrack-picked-up = { $node } 中途开始跟踪从 { $from } 到 { $to } 的{ $connection }：{ $state }，没有看到它的握手。
conntrack-unanswered = { $node } 把从 { $from } 到 { $to } 的{ $connection }的跟踪状态更新为 { $state }；没有看到应答。
conntrack-changed = { $node } 把从 { $from } 到 { $to } 的{ $connection }的跟踪状态更新为 { $state }；两个方向的报文都已看到。
conntrack-gone = { $node } 不再跟踪从 { $from } 到 { $to } 的{ $connection }：跟踪表项已删除。


## 套接字

socket-listen-control = { $node } 在端口 { $port } 上监听，等待控制连接：端口已打开。
socket-listen-data = { $node } 在端口 { $port } 上监听，等待数据连接：端口已打开。
socket-unlisten = { $node } 停止在端口 { $port } 上监听：不再接受新的连接。
socket-connect = { $node } 开始建立从端口 { $port } 到 { $remote } 的{ $connection }。
socket-accept = { $node } 在监听端口 { $port } 上接收来自 { $remote } 的 SYN。
socket-closed = { $node } 在端口 { $port } 上的{ $connection }已结束。
socket-failed = { $node } 从端口 { $port } 到 { $remote } 的{ $connection }失败：{ $error }。


## TCP 状态

state = { $node } 一端的{ $connection }从 { $from } 变为 { $to }。
state-because = { $node } 一端的{ $connection }从 { $from } 变为 { $to }：{ $reason }。
state-syn-sent = 它请求建立连接
state-syn-received = 收到 SYN 并作出应答
state-established-client = 它的 SYN 得到了应答
state-established-server = 三次握手完成
state-fin-wait-1 = 它关闭自己的一侧
state-fin-wait-2 = 它的 FIN 已被确认，对端仍可发送
state-close-wait = 对端已关闭其一侧
state-closing = 两端同时关闭
state-last-ack = 它也关闭自己的一侧
state-time-wait = 两侧都已关闭，等待可能迟到的报文段
state-closed-time-wait = 等待时间已到
state-closed-last-ack = 它的 FIN 已被确认，两侧都已关闭
state-closed-unopened = 连接没有建立起来
state-closed = 连接不复存在


## 定时器

timer-syn = { $node } 等待{ $connection }上第 { $attempt } 个 SYN 的应答已有 { $after }：没有等到。
timer-syn-ack = { $node } 等待{ $connection }上第 { $attempt } 个 SYN-ACK 的应答已有 { $after }：没有等到。
timer-handshake = { $node } 等待{ $connection }的握手继续已有 { $after }（第 { $attempt } 次）。
timer-retransmit = { $node } 等待{ $connection }上的确认已有 { $after }：没有等到（第 { $attempt } 次）。
timer-time-wait = { $node } 的{ $connection }已在 TIME-WAIT 中等待了 { $after }。
timer-delayed-ack = { $node } 在{ $connection }上把确认推迟了 { $after }：没有可以捎带它的数据。
timer-keep-alive = { $node } 在{ $connection }上已有 { $after } 没有收到任何数据，于是询问对端是否还在（第 { $attempt } 次）。
timer-tail-loss = { $node } 等待{ $connection }上的确认已有 { $after }，于是探测最后一个报文段是否丢失。
timer-fin-wait-2 = { $node } 等待{ $connection }的对端关闭已有 { $after }：不再等待。
timer-idle = { $node } 等待对端活动的定时器在 { $after } 后超时。
timer-data-connect = { $node } 等待建立数据连接的定时器在 { $after } 后超时。
timer-control-connect = { $node } 等待建立控制连接的定时器在 { $after } 后超时。
timer-reply = { $node } 等待下一个应答的定时器在 { $after } 后超时。
timer-data-progress = 过了 { $after }，{ $node } 检查数据连接上是否有数据传输，或者它是否已经结束。
timer-retry = { $node } 等了 { $after }，现在再试一次。
timer-wait = { $node } 按照要求等了 { $after }。
timer-pace = { $node } 暂停了 { $after }：它发送文件的速率受到限制。
timer-neighbour = { $node } 在链路上查询地址 { $address } 已有 { $after }：无人应答。
timer-neighbour-unknown = { $node } 在链路上查询一个地址已有 { $after }：无人应答。


## FTP

command-sent = { $node } 发出命令“{ $line }”。
command-seen = { $node } 读到命令“{ $line }”。
reply-sent = { $node } 应答：{ $line }
reply-seen = { $node } 读到应答：{ $line }
full-stop = { $line }。
more-lines = { $line }（另有 { $count } 行）。
transfer-begins = { $node } 以{ $mode }开始 { $command }。
transfer-ok = { $node }：{ $mode }下的 { $command } 成功，数据连接上传输了 { $bytes } 字节。
transfer-failed = { $node }：{ $mode }下的 { $command } 失败，{ $result }；数据连接上传输了 { $bytes } 字节。
step-begins = { $node }：第 { $number } 步 { $run } 开始。
step-begins-mode = { $node }：第 { $number } 步 { $run } 开始（{ $mode }）。
step-ok = { $node }：第 { $number } 步 { $run } 完成：成功。
step-failed = { $node }：第 { $number } 步 { $run } 失败：{ $result }。
step-not-run = { $node }：第 { $number } 步 { $run } 未执行，因为会话此前已经失败。


## 为什么：被防火墙拦下的数据包

why-knock = { $who }想连接{ $whose } { $door }。
possessive = { $owner }的
why-new-policy = 对 { $node } 来说这是一个新连接：没有规则放行它。
why-new-rule = 对 { $node } 来说这是一个新连接，该规则将其{ $verdict }。
why-midway-policy = { $node } 没有看到这个连接的开始；没有规则放行这个数据包，因此 { $hook } 链的默认策略将其{ $verdict }{ $line }。
why-midway-rule = { $node } 没有看到这个连接的开始；{ $hook } 链的规则“{ $rule }”将这个数据包{ $verdict }{ $line }。
why-invalid-policy = 这个数据包不属于 { $node } 所知的任何连接（ct state invalid）：没有规则放行它，因此 { $hook } 链的默认策略将其{ $verdict }{ $line }。
why-invalid-rule = 这个数据包不属于 { $node } 所知的任何连接（ct state invalid），{ $hook } 链的规则“{ $rule }”将其{ $verdict }{ $line }。
why-known-policy = { $node } 认识这个连接（ct state { $state }），但没有规则放行这个数据包，因此 { $hook } 链的默认策略将其{ $verdict }{ $line }。
why-known-rule = { $node } 认识这个连接（ct state { $state }），但 { $hook } 链的规则“{ $rule }”将这个数据包{ $verdict }{ $line }。
why-plain-policy = { $node } 逐个检查数据包：没有规则放行这一个，因此 { $hook } 链的默认策略将其{ $verdict }{ $line }。
why-plain-rule = { $node } 逐个检查数据包：{ $hook } 链的规则“{ $rule }”将这一个{ $verdict }{ $line }。
why-helper-none = { $node } 没有能让它成为 RELATED 的 FTP 助手。
why-helper-off-path = { $node } 的 FTP 助手看不到控制连接：它走的是另一条路。
why-helper-passed-by = { $node } 的助手规则在 { $hook } 中{ $line }：{ $node } 自己发出的报文从不经过那里。
why-helper-not-reached = { $node } 的助手规则{ $line }从未轮到：“{ $decided }”先对控制连接作了决定。
why-helper-no-match = { $node } 的助手规则“{ $rule }”{ $line }不匹配去往端口 { $port } 的控制连接。
why-helper-sealed = { $node } 的助手在看控制连接，但 TLS 隐藏了商定的端口。
why-helper-other = { $node } 的助手期待的是另一条连接：从 { $from } 到 { $to }。
why-helper-nothing = { $node } 的助手在控制连接上没有读到它认可的内容：只认说话者自己的地址，而且整行要完整。
why-cut-command = 助手逐个报文段阅读（nf_conntrack_ftp）。在这样的一行中间断开的报文段被它丢弃，好让整行重来；若总是同样断开，就永远到不了。
why-line = （第 { $line } 行）
why-drops = 丢弃
why-rejects = 拒绝
why-door-open = 端口本身是打开的：{ $owner }正在端口 { $port } 上监听，只是这个 SYN 到不了那里。
why-door-shut = 端口本身也是关闭的：{ $owner }没有在端口 { $port } 上监听。


## 为什么：发起连接与应答

why-syn-control = { $who }发起控制连接：端口 { $port } 是本端随机选取的，端口 { $peer_port } 是服务器的控制端口。
why-syn-active = 主动模式：由服务器发起连接。它连接 { $door }，这是客户端在 { $verb } 中告知的端口。
why-syn-active-elsewhere = 主动模式：由服务器发起连接，从自己的端口 { $port } 到客户端的端口 { $peer_port }。
why-syn-passive = 被动模式：数据连接也由客户端发起。它连接 { $door }，这是服务器在应答 { $code } 中告知的端口。
why-syn-passive-other-address = 被动模式：由客户端发起连接。应答 227 给出的是 { $named }，但客户端连接的是 { $peer }。
why-syn-passive-elsewhere = 被动模式：由客户端发起连接，从自己的端口 { $port } 到服务器的端口 { $peer_port }。
why-silence = 毫无回音：既没有同意（SYN-ACK），也没有拒绝（RST），于是再试一次。
why-last-try = 始终没有回音：这是最后一次尝试。
why-dropped-at = 上一个在 { $node } 被丢弃，发送方不会得到通知。
why-waited-dropped = 它等的应答不会来：它的数据包在 { $node } 被丢弃，没有人通知发送方。
why-waited-lost = 它等的应答不会来：它的数据包在 { $node } 丢失了。
why-answer-dropped = 应答已经发出，但在 { $node } 被丢弃了。
why-rst-closed = 端口 { $port } 上没有程序监听：主机 { $node } 自己立即拒绝，与防火墙无关。
why-rst-rejected = { $node } 的规则要求以 TCP RST 拒绝。在发送方看来，就像那里没有程序监听一样。
why-icmp-rejected = { $node } 的规则要求以 ICMP 消息拒绝：发送方立即知道自己不被放行。
why-icmp-no-route = { $node } 没有到 { $address } 的路由，并把这一点告诉发送方。
why-icmp-no-neighbour = 最后一段链路上没有主机应答 { $address }，{ $node } 把这一点告诉发送方。
why-icmp-ttl = 这个数据包经过的路由器太多了，{ $node } 把这一点告诉发送方。
why-nobody-has = 这个网络里没有节点使用地址 { $address }。
why-switched-off = { $address } 是 { $node } 的地址，而它已关机。
why-private = { $address } 是私有地址（RFC 1918）：只在分配它的那个网络内部有意义。
why-refused-here = { $address } 就是 { $node } 自己，那里没有程序在端口 { $port } 上监听：没有分组离开这台机器。
why-refused-by-host = RST 来自 { $node } 主机自身：那里的端口 { $port } 上没有程序监听。
why-refused-by-firewall = 应答来自 { $node } 的防火墙，它拒绝了这个 SYN。
why-answer-from = 使它终止的应答来自 { $node }。
why-timed-out = { $count } 次都没有任何回音。如果端口是关闭的，会立即收到 RST。


## 为什么：TCP

why-handshake-client = SYN-ACK 说明两个方向的报文都能通过；随后的 ACK 把这一点告诉 { $peer }。
why-handshake-server = SYN、SYN-ACK、ACK 都已送达：{ $connection }上双方可以互相发送字节了。
why-time-wait = 这一端先关闭，所以由它等待：不能让迟到的报文段被误认作新连接的报文段。
why-fin-data = 在 FTP 中，数据连接的关闭就是数据的结束：关闭表示“到此为止”。


## 为什么：FTP 的命令与应答

why-port-listens = { $p1 } * 256 + { $p2 } = { $port }：客户端在该端口上监听，并告知服务器。
why-port-nobody = { $p1 } * 256 + { $p2 } = { $port }，但客户端并没有在该端口上监听。
why-port-elsewhere = { $p1 } * 256 + { $p2 } = { $port }；地址 { $address } 不是客户端自己的地址。
why-eprt-listens = 客户端在端口 { $port } 上监听，并告知服务器；EPRT 直接写出端口号。
why-eprt-nobody = 命令给出端口 { $port }，但客户端并没有在该端口上监听。
why-eprt-elsewhere = 命令给出 { $address } 的端口 { $port }，而该地址不是客户端自己的地址。
why-port-seen = 这时还不会建立连接：要等 LIST 这样的传输命令到来，服务器才发起连接。
why-port-taken = 命令给出的地址是 { $named }，而控制连接来自 { $seen }。服务器仍然接受，会连接所给的任何地址：服务器之间的复制需要这样，弹跳攻击（bounce attack）也是（RFC 2577）。
why-port-stranger = 命令给出的地址是 { $named }，而服务器看到控制连接来自 { $seen }；它不会去连接别人（RFC 2577）。
why-port-translated = { $client } 写的是自己的地址。途中的路由器改写了分组的首部，却没有改写里面的文本。
why-port-sealed = 没有哪个助手能改写这段文本：TLS 把它对途中所有人隐藏了。
why-pasv = 客户端请服务器打开一个端口：被动模式下数据连接由客户端发起。
why-epsv = 客户端请服务器打开一个端口；应答里将只有端口号，没有地址。
# 只有 PORT 和 227 的算式，后面还有别的句子。
why-arithmetic = { $p1 } * 256 + { $p2 } = { $port }。
why-named-leads = 发往 { $named } 的连接被转到 { $node } 的 { $door }，它正在那里监听。
why-named-shut = 发往 { $named } 的连接到达 { $node } 的 { $door }，那里没有程序监听。
why-named-listens = 该地址属于 { $node }，它正在端口 { $port } 上监听。
why-named-kept = 该地址属于 { $node }，它不转发发往端口 { $port } 的连接，那里也没有程序监听。
why-named-unknown = 地址 { $address } 属于 { $node }，连接要由它转发。
why-named-loopback = { $address } 是每台机器内部的地址：{ $caller } 若连接它，连到的是自己。
why-227-listens = { $p1 } * 256 + { $p2 } = { $port }：服务器在该端口上监听，等待客户端连接。
why-227-nobody = { $p1 } * 256 + { $p2 } = { $port }，但服务器并没有在该端口上监听。
why-227-elsewhere = 应答给出的地址 { $address } 不是客户端所呼叫的那个地址。
why-227-translated = { $server } 写的是自己的地址：途中的 { $node } 改写了分组的首部，却没有改写里面的文本。
why-229-listens = 服务器在端口 { $port } 上监听，等待客户端连接；地址与控制连接相同。
why-229-port = 应答给出端口 { $port }；地址与控制连接相同。
why-229-nobody = 应答给出端口 { $port }，但服务器并没有在该端口上监听。
why-425-timeout = 服务器等待数据连接 { $after } 后放弃。
why-oops-passive = bind() 失败：被动端口范围里没有空闲端口可给新的数据连接。vsftpd 因此结束会话；扩大范围可以解决。
why-oops-active = bind() 失败：vsftpd 得不到数据连接应当使用的源端口，因此结束会话。
why-425-stranger = 数据连接来自 { $from }，而控制连接来自 { $seen }：服务器不接受别人的数据连接（RFC 2577）。
why-425-failed = 服务器发起的连接失败：{ $error }。
why-425 = 没有数据连接，因此无法传输。
why-425-control-works = 控制连接是通的，这个应答正是经由它传送；缺少的只是数据连接。
why-150 = 数据连接已经建立；数据走数据连接，这一行走控制连接。
why-150-waiting = 服务器已准备好；数据将走数据连接。
why-226 = 这个数据连接只服务于这一次传输；下一次传输需要新的数据连接。
why-data-timeout-active = 服务器发往客户端端口 { $port } 的 SYN 始终没有得到应答。
why-data-timeout-passive = 服务器一直在端口 { $port } 上监听，但没有完成任何握手。
why-died-at = 最后一个 SYN 在 { $node } 被拦下。
why-transfer-control-fine = 命令和应答都能送达：控制连接是通的，问题出在数据连接上。
why-listen = 仅仅打开端口还不够：途中的防火墙仍可能拦住来访者。


## 梯形图和表格中的短注

# 防火墙的决定：规则文本及其在场景文件中的行号。
note-rule = { $rule }（第 { $line } 行）
note-rewritten = 改写为：{ $text }
note-data-progress = 检查 { $after } 内是否有数据传输
note-timer = 等待 { $after } 后放弃
note-retry = 等待 { $after } 后重试
knock-opened = 门开了
knock-dropped = 被 { $node } 丢弃：{ $note }
knock-rejected = 被 { $node } 拒绝：{ $note }
knock-refused = { $node } 主机自己拒绝：该端口无人监听
knock-unreachable = { $node } 无法送达：{ $note }
knock-silence = 没有应答

outcome-ok = 成功
outcome-dropped = 被丢弃
outcome-rejected = 被拒绝
outcome-refused = 连接被拒
outcome-unreachable = 不可达
outcome-lost = 丢失
outcome-denied = 服务器不允许
outcome-timed-out = 超时
outcome-failed = 失败
outcome-not-run = 未执行
outcome-at = { $outcome }（在 { $node }）
outcome-reply = { $outcome }，应答 { $code }


## 两次运行的比较

compare-outcomes = 每条命令的结果
compare-knocks = 谁敲谁的门（o 控制通道，* 数据通道）
compare-same = 两次运行从头到尾意义相同。
compare-parting = 两次运行的前 { $count } 步相同，从这里开始分开：
compare-ended = （此后不再发生什么）
compare-ladder = 从那里到命令结束，{ $mode }：


## 终端界面

# 跟在端口号后面：监听打开或关闭。
ladder-door-open = 开
ladder-door-shut = 关

stage-control-handshake = 控制连接握手
stage-negotiation = 模式协商
stage-port-announced = 端口告知
stage-data-handshake = 数据连接握手

action-step-forward = 单步
action-step-back = 后退
action-next-packet = 下一个分组
action-previous-packet = 上一个分组
action-next-milestone = 下一个要点
action-previous-milestone = 上一个要点
action-next-death = 下一个被丢的分组
action-play-pause = 播放
action-faster = 加快
action-slower = 放慢
action-home = 第一帧
action-end = 最后一帧
action-switch-mode = 模式
action-inspector = 检查
action-switch-theme = 更换配色
action-switch-language = 英文或中文
action-open = 打开
action-help = 帮助
action-back = 关闭，回到列表
action-redraw = 重画
action-suspend = 挂起
action-quit = 退出

legend-control = 控制通道
legend-data = 数据通道
legend-death = 一个分组死在这里
legend-handshake = 三次握手完成（时间线上）
legend-aa = AA：控制连接在客户端的端口
legend-bb = BB：数据连接在客户端的端口
legend-pasv = PASV：服务器的被动端口

inspector-frame = 帧
inspector-frame-line = 第 { $frame } 帧，{ $node }，{ $time } 秒，起因：{ $cause }
inspector-packet = 分组
inspector-firewall = 防火墙
inspector-expected = 期待的连接
inspector-tracking = 跟踪的连接
inspector-sockets = 套接字

gallery-down = 下一个
gallery-up = 上一个

ui-tagline = 看 FTP 如何遇上防火墙
ui-too-small = 终端太小。ftpscope 至少需要 { $size }。
ui-frame-count = 第 { $frame } 帧，共 { $total } 帧   { $time } 秒

capture-unread = 有 { $count } 个帧未能读取：{ $reasons }
capture-unread-one = 有 1 个帧未能读取：{ $reasons }
capture-count = { $count } 个为 { $reason }
capture-empty = 其中没有接口，因此也没有数据包
capture-unknown = 这不是 pcap 或 pcapng 文件
capture-compressed = 它是用 { $program } 压缩的：请先解压（gzip 文件可以直接读取）
capture-too-large = 抓包文件过大：最多读取 { $most } 字节
capture-cut = 文件在一个帧的中间结束；在此之前的内容已读取
capture-gzip-cut = gzip 文件不完整；结尾之前的内容已读取
capture-gzip-damaged = gzip 文件已损坏；损坏处之前的内容已读取
capture-damaged = 文件已损坏；损坏处之前的内容已读取
unread-link-type = 链路类型 { $number }
unread-ether-type = 以太网类型 { $number }
unread-llc = IEEE 802.2（SAP { $number }）
unread-ppp = PPP 协议 { $number }
unread-family = 地址族 { $number }
unread-protocol = IP 协议 { $number }
unread-icmp = 与 TCP 差错无关的 ICMP
unread-fragment = IP 分片
unread-no-interface = 属于文件未描述的接口
unread-cut = 在 { $header } 首部结束之前被截断
unread-malformed = { $header } 首部格式错误
unread-link-header = 链路层


## 命令行

error-program = ftpscope：{ $problem }
error-of = “{ $subject }”：{ $problem }
error-stdin = 标准输入：{ $error }
error-read = 无法读取场景“{ $name }”：{ $error }
error-near-builtin = 是不是想用内置场景“{ $name }”？
error-no-scenario = 它不是文件，也不是内置场景；内置场景见“ftpscope list”
error-write = 无法写入“{ $path }”：{ $error }
error-write-stdout = 无法写到标准输出：{ $error }
error-at-format = “--at”要和“--format pcapng”一起用
error-capture-terminal = 抓包文件不适合显示在终端上；请用“-o 文件”或管道
error-at-unknown = “{ $at }”不是这个场景的节点或接口；它的接口有 { $known }
error-no-terminal = “play”需要终端；要文本请用“ftpscope trace { $scenario }”
error-no-lab = 这个场景没有对应的实验：{ $problem }
error-capture-point = 它是在哪里抓的？请命名为 节点.接口.pcap，或用“--at”说明；可用的有 { $known }
lab-not-same = lab：不相同：{ $difference }
limit-time = 运行达到了模拟时间的上限 { $count } 秒
limit-frames = 运行达到了 { $count } 帧的上限
limit-events = 运行达到了 { $count } 个事件的上限
check-command = “{ $command }”
check-number = { $command }（第 { $number } 次）
check-session = 会话 { $session }（{ $client }）的 { $command }
check-unmet = { $command }，{ $mode } 模式：期望 { $expected }，实际是 { $happened }
check-was = { $command } 的结果是 { $happened }
check-never-run = 从未执行
check-outcome = “{ $outcome }”
check-at = { $what }，在 { $node }
check-reply = { $what }，应答 { $code }
check-rule = { $what }，由规则“{ $rule }”
check-rule-line = { $what }，由规则“{ $rule }”（第 { $line } 行）
check-nothing = 通过：能运行，没有期望
check-one = 通过：它的期望成立
check-all = 通过：{ $count } 个期望全部成立
check-failed = 失败：{ $count } 个期望中有 { $held } 个成立
calibrate-same = 相同：{ $count } { $what }
calibrate-different = 不同：{ $count } { $what }相同，然后
calibrate-steps = 个步骤，如在 { $at } 所见
calibrate-stopped = 个被拦下的连接
calibrate-stops-nothing = 相同：它什么都没有拦下
calibrate-it = 相同：它 { $step }
calibrate-both = 两者
calibrate-simulated = 模拟
calibrate-captured = 抓包
calibrate-nothing = （再没有了）
outcome-details = { $outcome }（{ $details }）
detail-time = { $time } 秒
detail-then = 先 { $first }，后 { $then }
detail-by = 经由 { $verb }
detail-reconnects = 重新连接：{ $count }
compare-numbered = { $command } #{ $number }
ladder-fold = { $bytes } 字节，{ $segments } 个报文段，{ $time } 秒
ladder-fold-acks = { $acks } 个 ACK，{ $time } 秒
ladder-fold-trouble = 其中 { $repeated } 个重传，{ $lost } 个丢失
