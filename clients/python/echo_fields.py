#!/usr/bin/env python3
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
"""Sends each datagram back, and says whose it is.

    echo_fields.py PORT FIELD [COUNT]
"""

import socket
import sys

import pktmeta


def main():
    port, name = int(sys.argv[1]), sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else None
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", port))
    field = pktmeta.Field(sock, name)
    print("ready", flush=True)
    while count is None or count > 0:
        sock.recvfrom(0, socket.MSG_PEEK)  # waits
        try:
            value = field.next(sock)
        except pktmeta.Error as error:
            value = error
        data, sender = sock.recvfrom(65536)
        sock.sendto(data, sender)
        print(f"{name}={value}", flush=True)
        count = count and count - 1


if __name__ == "__main__":
    main()
