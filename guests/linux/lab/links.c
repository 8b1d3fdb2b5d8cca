// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network interfaces that come and go [rtnetlink(7)].  Each Ethernet that appears after the start is set up; a mark says when its carrier
 * is there, another when it has gone.
 */
#include "labnet.h"

enum { NETLINK_ROUTE = 0, RTMGRP_LINK = 1, RTM_NEWLINK = 16, RTM_DELLINK = 17, ARPHRD_ETHER = 1 };
enum { SIOCGIFNAME = 0x8910, SIOCGIFFLAGS = 0x8913, SIOCSIFFLAGS = 0x8914 };
enum { IFF_UP = 1, IFF_LOWER_UP = 0x10000 };
/* Interfaces that may be there at the start. */
#define OLD_MAX 64

struct netlink_address {
	uint16_t family;
	uint16_t padding;
	uint32_t port;
	uint32_t groups;
};

struct link_message {
	uint32_t length;
	uint16_t type;
	uint16_t message_flags;
	uint32_t sequence;
	uint32_t port;
	/* struct ifinfomsg */
	uint8_t family;
	uint8_t padding;
	uint16_t hardware;
	int32_t index;
	uint32_t flags;
	uint32_t change;
};

/* struct ifreq: 16 bytes of name, then a union that is as long as the longest of its members. */
struct interface_request {
	char name[16];
	union {
		int32_t index;
		int16_t flags;
		uint8_t longest[24];
	};
};

static void set_up(int any, int32_t index)
{
	struct interface_request request = { .index = index };

	/* An interface that is gone already is told by its own message. */
	if (CALL(SYS_IOCTL, any, SIOCGIFNAME, &request) < 0 || CALL(SYS_IOCTL, any, SIOCGIFFLAGS, &request) < 0)
		return;
	request.flags |= IFF_UP;
	CALL(SYS_IOCTL, any, SIOCSIFFLAGS, &request);
}

void run_links(uint32_t count)
{
	struct netlink_address address = { AF_NETLINK, 0, 0, RTMGRP_LINK };
	long links = CALL(SYS_SOCKET, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	long any = CALL(SYS_SOCKET, AF_INET, SOCK_DGRAM, 0);
	/* The highest index of those that were there before, and the one that is set up or up now. */
	int32_t old = 0, present = 0;
	int up = 0;
	uint32_t gone = 0;

	if (links < 0 || any < 0 || CALL(SYS_BIND, links, &address, sizeof(address)) < 0)
		fail("no netlink");
	for (int32_t index = 1; index <= OLD_MAX; index++) {
		struct interface_request request = { .index = index };

		if (CALL(SYS_IOCTL, any, SIOCGIFNAME, &request) >= 0)
			old = index;
	}
	begin();
	while (gone < count) {
		long length = CALL(SYS_READ, links, incoming, sizeof(incoming));

		if (length == -EINTR)
			continue;
		if (length < 0)
			fail("netlink broke");
		for (uint32_t at = 0; at + sizeof(struct link_message) <= (uint32_t)length;) {
			struct link_message message;

			__builtin_memcpy(&message, incoming + at, sizeof(message));
			if (message.length < sizeof(message))
				break;
			at += (message.length + 3) & ~3u;
			if (message.index <= old || message.hardware != ARPHRD_ETHER)
				continue;
			if (message.type == RTM_NEWLINK && message.index != present) {
				present = message.index;
				up = 0;
				set_up((int)any, present);
			} else if (message.type == RTM_NEWLINK && !up && (message.flags & IFF_LOWER_UP) && (message.flags & IFF_UP)) {
				up = 1;
				mark(MARK_LINK_UP);
			} else if (message.type == RTM_DELLINK && message.index == present) {
				old = present;
				gone++;
				mark(MARK_LINK_GONE);
			}
		}
	}
	report("links", (struct figure[]){ { "gone", gone }, { NULL, 0 } });
}
