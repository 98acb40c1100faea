# SPDX-License-Identifier: BSD-2-Clause
"""Shell commands for pairs of ports in a virtual machine: their namespaces, and packets from the one to the other."""

PACKETS = 30
PAYLOAD = 64
# Bytes that bash writes at once, and with their headers more than a page holds.
LARGE_PAYLOAD = 4096
MTU = 1500
LARGE_MTU = 9000
# Of a TCP stream, and in a segment of it.
STREAM = 200_000
SEGMENT = MTU - 20 - 20 - 12

# Namespaces near and far with a port each, in which only what is sent on purpose is sent.
_TOPOLOGY = """
set -e
modprobe {module}
for netns in near far; do
    ip netns delete $netns 2>/dev/null || true
    ip netns add $netns
    ip netns exec $netns sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
done
port() {{
    file=$(grep -l "^02:00:00:00:{number:02x}:0$1" /sys/class/net/*/address)
    ip link set "$(basename "$(dirname "$file")")" down name "$2" netns "$3"
    ip -n "$3" address add "192.0.2.$1/24" dev "$2"
    ip -n "$3" link set "$2" up
}}
port 1 near0 near
port 2 far0 far
ip -n near neigh replace 192.0.2.2 lladdr 02:00:00:00:{number:02x}:02 dev near0 nud permanent
ip -n far neigh replace 192.0.2.1 lladdr 02:00:00:00:{number:02x}:01 dev far0 nud permanent
ip netns exec near ethtool -K near0 tso off gso off
for attempt in $(seq 100); do
    ip -n near link show near0 | grep -q LOWER_UP && ip -n far link show far0 | grep -q LOWER_UP && break
    sleep 0.1
done
"""

# A socket for each packet: one that is told that the port is closed would refuse to send the next.
_SEND = """
ip netns exec {netns} bash -c '
    for number in {{1..{packets}}}; do printf %0{payload}d $number >/dev/udp/192.0.2.2/4739; done'
sleep 0.2
"""

STREAM_COMMAND = f"""
ip netns exec far busybox timeout 30 busybox nc -l -p 4739 >/dev/null & listener=$!
for attempt in $(seq 100); do
    ip netns exec near bash -c 'head -c {STREAM} /dev/zero >/dev/tcp/192.0.2.2/4739' 2>/dev/null && break
    sleep 0.1
done
wait $listener
"""

# A veth pair whose end outside is a redirect's source or target, beside a port.
_VETH = """
set -e
ip netns delete {netns} 2>/dev/null || true
ip netns add {netns}
ip netns exec {netns} sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
ip -n {beside} link add {name}0 type veth peer name {name}1 netns {netns}
ip -n {beside} link set {name}0 up
ip -n {netns} link set {name}1 up
"""


# Where what is redirected comes from: it is addressed to the far port.
SOURCE = """
ip -n source address add 192.0.2.3/24 dev out1
ip -n source neigh replace 192.0.2.2 lladdr $(ip -n far -brief link show far0 | awk '{ print $3 }') dev out1 nud permanent
"""


def topology(number: int, module: str) -> str:
    return _TOPOLOGY.format(number=number, module=module)


def send(payload: int, netns: str = "near") -> str:
    return _SEND.format(netns=netns, packets=PACKETS, payload=payload)


def veth(name: str, netns: str, beside: str) -> str:
    """A veth pair: NAME0 beside a port, and NAME1 in a namespace of its own."""
    return _VETH.format(name=name, netns=netns, beside=beside)


def set_mtu(mtu: int) -> str:
    return f"ip -n near link set near0 mtu {mtu} && ip -n far link set far0 mtu {mtu}"


def pinned(name: str) -> str:
    return f"$(find /sys/fs/bpf/pktmeta -name '{name}')"


def redirect_to(netns: str, interface: str) -> str:
    """Names the interface that programs of driver.bpf.c redirect to, in all of their maps."""
    return (
        f"index=$(ip netns exec {netns} cat /sys/class/net/{interface}/ifindex)\n"
        f"for map in {pinned('devices')}; do\n"
        f"    nsenter --net=/run/netns/{netns} bpftool map update pinned $map key 0 0 0 0 value $index 0 0 0 || exit\n"
        "done"
    )
