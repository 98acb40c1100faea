// SPDX-License-Identifier: BSD-2-Clause
#include "packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

int bind_packet_socket(int fd, unsigned int ifindex)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)ifindex,
	};

	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

int make_packet_ring(int fd)
{
	struct tpacket_req ring = {
		.tp_block_size = 1 << 16, .tp_block_nr = 1, .tp_frame_size = 1 << 11, .tp_frame_nr = 32};

	return setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) ? -errno : 0;
}
