/* SPDX-License-Identifier: BSD-2-Clause */
/* What Swift does not see of packet(7). */
#ifndef PACKET_SOCKET_H
#define PACKET_SOCKET_H

/* Has a packet socket see all packets of one interface only: 0 or -errno. */
int bind_packet_socket(int fd, unsigned int ifindex);

/* Has the kernel copy packets into a ring: 0 or -errno. */
int make_packet_ring(int fd);

#endif
