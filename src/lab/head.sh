set -eu

fail() {
    printf '%s\n' "ftpscope lab: $*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "it makes network namespaces, which only root may: run it with sudo"
missing=''
# shellcheck disable=SC2154 # set above
for program in $programs; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
# shellcheck disable=SC2154
[ -z "$missing" ] || fail "these programs are missing:$missing
on Debian or Ubuntu: apt-get install $packages
(one FTP server at a time: of a second one, take the program out of its package with dpkg-deb -x)"

prefix="ftpscope$$"
work=$(mktemp -d "${TMPDIR:-/tmp}/ftpscope-lab.XXXXXX")
captures=${1:-}
if [ -z "$captures" ]; then
    captures=$(mktemp -d "${TMPDIR:-/tmp}/ftpscope-captures.XXXXXX")
else
    mkdir -p -- "$captures"
fi
captures=$(cd -- "$captures" && pwd)
# Servers that have given up their rights read here.
chmod 755 "$work"
children=''
captors=''
# The namespace of the bridges, if there is any.
wires=''

# shellcheck disable=SC2317,SC2329 # the trap calls it
clean_up() {
    status=$?
    trap - EXIT HUP INT TERM
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$children$captors" ] || kill $children $captors 2>/dev/null || :
    for node in $nodes $wires; do
        for pid in $(ip netns pids "$prefix-$node" 2>/dev/null); do
            kill "$pid" 2>/dev/null || :
        done
    done
    wait
    for node in $nodes $wires; do
        ip netns del "$prefix-$node" 2>/dev/null || :
    done
    rm -rf -- "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' HUP INT TERM

# in_node NODE COMMAND...: runs a command on a node.
in_node() {
    node=$1
    shift
    ip netns exec "$prefix-$node" "$@"
}

# add_node NODE FORWARDS LINEAR-SYN-TIMEOUTS
add_node() {
    ip netns add "$prefix-$1"
    in_node "$1" ip link set dev lo up
    # shellcheck disable=SC2016 # for the inner shell
    in_node "$1" sh -c 'for file in /proc/sys/net/ipv6/conf/*/accept_dad /proc/sys/net/ipv6/conf/*/router_solicitations; do
        echo 0 >"$file"
    done' 2>/dev/null || :
    # A namespace begins with what the machine is set to.
    in_node "$1" sh -c "echo $2 >/proc/sys/net/ipv4/ip_forward; echo $2 >/proc/sys/net/ipv6/conf/all/forwarding
        for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >\"\$file\"; done
        echo $3 >/proc/sys/net/ipv4/tcp_syn_linear_timeouts" 2>/dev/null || :
}

# add_link NODE INTERFACE NODE INTERFACE MTU CUT: a link with a number for CUT goes through a bridge, which can part it.
add_link() {
    if [ "$6" = - ]; then
        ip link add name "$2" mtu "$5" netns "$prefix-$1" type veth peer name "$4" mtu "$5" netns "$prefix-$3"
        return
    fi
    [ -n "$wires" ] || {
        wires=wires.0
        ip netns add "$prefix-wires.0"
        # Nothing of its own on the wire.
        in_node wires.0 sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6' 2>/dev/null || :
    }
    in_node wires.0 ip link add name "cut$6" mtu 9500 type bridge
    ip link add name "$2" mtu "$5" netns "$prefix-$1" type veth peer name "cut$6a" mtu 9500 netns "$prefix-wires.0"
    ip link add name "$4" mtu "$5" netns "$prefix-$3" type veth peer name "cut$6b" mtu 9500 netns "$prefix-wires.0"
    for end in "cut$6a" "cut$6b"; do
        in_node wires.0 ip link set dev "$end" master "cut$6"
        in_node wires.0 ip link set dev "$end" up
        in_node wires.0 bridge link set dev "$end" learning off 2>/dev/null || :
    done
    in_node wires.0 ip link set dev "cut$6" up
}

# cut NUMBER down|up: what is sent into a cut link is lost, and nobody is told.
cut() {
    state=3
    [ "$2" = up ] || state=0
    in_node wires.0 bridge link set dev "cut$1a" state "$state"
    in_node wires.0 bridge link set dev "cut$1b" state "$state"
}

# set_end NODE INTERFACE RATE PACKETS BYTES BURST FAULTS HELD-BACK WORDS: real segments and checksums in captures, then
# the link's manners.
set_end() {
    if command -v ethtool >/dev/null 2>&1; then
        in_node "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null 2>&1 || :
    fi
    in_node "$1" ip link set dev "$2" up
    # shellcheck disable=SC2086 # options
    if in_node "$1" tc qdisc add dev "$2" root handle 1: netem $7 rate "$3" limit "$4" 2>"$work/tc"; then
        [ "$8" = - ] || in_node "$1" tc qdisc add dev "$2" parent 1: netem $8 limit "$4" 2>"$work/tc" ||
            printf '%s\n' "ftpscope lab: not the same: $1 $2 without reorder: $(head -n 1 "$work/tc")" >&2
        return
    fi
    # A kernel without netem: the rate can be had in another way, the rest cannot.
    without=$9
    in_node "$1" tc qdisc add dev "$2" root tbf rate "$3" burst "$6" limit "$5" 2>/dev/null ||
        without="$9${9:+, }rate"
    [ -z "$without" ] ||
        printf '%s\n' "ftpscope lab: not the same: $1 $2 without $without: $(head -n 1 "$work/tc")" >&2
}

# add_neighbour NODE INTERFACE NEIGHBOUR ITS-INTERFACE ITS-ADDRESS
add_neighbour() {
    mac=$(in_node "$3" cat "/sys/class/net/$4/address")
    in_node "$1" ip neighbour replace "$5" lladdr "$mac" dev "$2" nud permanent
}

# start_capture NODE INTERFACE
start_capture() {
    log="$work/tcpdump.$1.$2"
    in_node "$1" tcpdump -i "$2" -n -U -Z root -s 0 --time-stamp-precision=nano \
        -w "$captures/$1.$2.pcap" 'tcp or icmp or icmp6' 2>"$log" &
    captors="$captors $!"
    tries=0
    until grep -q 'listening on' "$log" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || fail "tcpdump does not start on $1 $2: $(head -n 1 "$log")"
        sleep 0.05
    done
}

# filler SIZE: the bytes that ftpscope's files of a size have.
filler() {
    awk -v size="$1" 'BEGIN { for (n = 1; done < size; n++) {
        line = sprintf("%8d  A line of filler that ftpscope made for this file.", n); done += length(line) + 1
        print line } }' | head -c "$1"
}

# make_certificate: for servers with TLS.
make_certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=ftpscope \
        -keyout "$work/certificate.key" -out "$work/certificate.crt" 2>"$work/openssl" ||
        fail "openssl makes no certificate: $(tail -n 1 "$work/openssl")"
    cat "$work/certificate.key" "$work/certificate.crt" >"$work/certificate.pem"
    chmod 600 "$work/certificate.pem"
}

# make_accounts SERVER UID: the accounts that this server sees. Anonymous users are `ftp`.
make_accounts() {
    etc="$work/etc.$1"
    mkdir -p "$etc/pam.d"
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/nonexistent:/bin/false' \
        "ftp:x:$2:$2:ftp:$work/root.$1:/bin/sh" >"$etc/passwd"
    printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' "ftp:x:$2:" >"$etc/group"
    printf '%s\n' 'root:*:19000:0:99999:7:::' 'ftp:*:19000:0:99999:7:::' >"$etc/shadow"
    printf '%s\n' 'auth required pam_unix.so' 'account required pam_permit.so' 'session required pam_permit.so' \
        >"$etc/pam.d/ftpscope"
}

# add_account SERVER UID GID NAME PASSWORD
add_account() {
    etc="$work/etc.$1"
    # A name that is there already is somebody else here.
    for file in passwd shadow; do
        NAME=$4 awk -F: '$1 != ENVIRON["NAME"]' "$etc/$file" >"$etc/new"
        cat "$etc/new" >"$etc/$file"
    done
    printf '%s:x:%s:%s:%s:%s:/bin/sh\n' "$4" "$2" "$3" "$4" "$work/root.$1" >>"$etc/passwd"
    printf '%s:%s:19000:0:99999:7:::\n' "$4" "$(printf '%s\n' "$5" | openssl passwd -6 -stdin)" >>"$etc/shadow"
    grep -q '^users:' "$etc/group" || printf 'users:x:%s:\n' "$3" >>"$etc/group"
}

# start_server NODE NUMBER PORT COMMAND...: starts a server with its own accounts, and waits until it listens.
start_server() {
    place=$1 number=$2 port=$3
    shift 3
    # shellcheck disable=SC2016 # for the inner shell
    in_node "$place" sh -c '
        etc=$1
        shift
        for name in passwd group shadow pam.d; do
            [ ! -e "/etc/$name" ] || mount --bind "$etc/$name" "/etc/$name" || exit 1
        done
        exec "$@"' sh "$work/etc.$number" "$@" >"$captures/$1.$place.log" 2>&1 &
    children="$children $!"
    tries=0
    until in_node "$place" sh -c 'cat /proc/net/tcp /proc/net/tcp6' | awk -v port="$(printf ':%04X' "$port")" \
        '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || fail "$1 does not listen on $place: $(cat "$captures/$1.$place.log")"
        sleep 0.05
    done
}
