// SPDX-License-Identifier: GPL-2.0-only
/*
 * Datagrams of UDP.  Each begins with a number of 32 bits; a datagram of data has its place in the sequence there, and the pattern from
 * that place on behind it.  Numbers from CONTROL on are words between guest and peer.
 *
 *   hello          answered by the same; so that both know each other's hardware address before anything is measured
 *   go DOWN UP SIZE   the peer begins to send, and expects so many
 *   all COUNT      from the peer, when it has all that it expects: so many were right
 */
#include "labnet.h"

#define CONTROL 0xffffff00u
#define HELLO (CONTROL + 0)
#define GO (CONTROL + 1)
#define ALL (CONTROL + 2)
#define GO_SIZE 16
#define SIZE_MIN 4
/* In ms: longest time without a datagram before what is missing counts as lost; longest time for an answer. */
#define IDLE 200
#define PATIENCE 5000
#define RECEIVE_BUFFER (32 << 20)

static struct poll_entry sockets[HOSTS_MAX];
static uint8_t outgoing[PIECE_MAX];

struct flow {
	uint32_t sent, received, wrong;
	/* What the peer had of ours, once it said so. */
	uint32_t arrived;
	int told;
};
static struct flow flows[HOSTS_MAX];

/* False: there is no room now. */
static int send_datagram(int fd, uint32_t size)
{
	long count = CALL(SYS_WRITE, fd, outgoing, size);

	if (count == -EAGAIN)
		return 0;
	if (count != (long)size)
		fail("cannot send a datagram");
	return 1;
}

static void make_datagram(uint32_t sequence, uint32_t size)
{
	store(outgoing, sequence);
	__builtin_memcpy(outgoing + 4, pattern + sequence % PATTERN_PERIOD, size - 4);
}

static int is_datagram(uint32_t sequence, uint32_t size, uint32_t length)
{
	return length == size && is_pattern(incoming + 4, size - 4, sequence);
}

static void greet(const struct hosts *hosts, uint32_t size)
{
	if (size < SIZE_MIN || size > 65507)
		fail("no such size");
	for (unsigned int i = 0; i < hosts->count; i++) {
		sockets[i].fd = open_socket(SOCK_DGRAM, hosts->address[i], hosts->port, RECEIVE_BUFFER);
		sockets[i].events = POLLIN;
		store(outgoing, HELLO);
		if (!send_datagram(sockets[i].fd, SIZE_MIN) || !wait_for(&sockets[i], 1, PATIENCE) ||
		    CALL(SYS_READ, sockets[i].fd, incoming, PIECE_MAX) != SIZE_MIN || load(incoming) != HELLO)
			fail("no answer");
	}
}

/* Takes one datagram; false: there is none. */
static int receive_packet(struct flow *flow, int fd, uint32_t size)
{
	long count = CALL(SYS_READ, fd, incoming, PIECE_MAX);

	if (count == -EAGAIN)
		return 0;
	if (count < 4)
		fail("cannot receive a datagram");
	if (load(incoming) == ALL && count == 8) {
		flow->arrived = load(incoming + 4);
		flow->told = 1;
	} else if (is_datagram(load(incoming), size, (uint32_t)count)) {
		flow->received++;
	} else {
		flow->wrong++;
	}
	return 1;
}

void run_packets(uint32_t down, uint32_t up, uint32_t size, const struct hosts *hosts)
{
	struct figure figures[] = { { "sent", 0 }, { "received", 0 }, { "arrived", 0 }, { "wrong", 0 }, { NULL, 0 } };
	unsigned int busy;

	if (down >= CONTROL || up >= CONTROL)
		fail("number too large");
	greet(hosts, size);
	begin();
	store(outgoing, GO);
	store(outgoing + 4, down);
	store(outgoing + 8, up);
	store(outgoing + 12, size);
	for (unsigned int i = 0; i < hosts->count; i++)
		if (!send_datagram(sockets[i].fd, GO_SIZE))
			fail("cannot send a datagram");
	do {
		int moved = 0;

		busy = 0;
		for (unsigned int i = 0; i < hosts->count; i++) {
			struct flow *flow = &flows[i];
			int fd = sockets[i].fd;

			if (flow->sent < up) {
				make_datagram(flow->sent, size);
				if (send_datagram(fd, size)) {
					flow->sent++;
					moved = 1;
				}
			}
			while (receive_packet(flow, fd, size))
				moved = 1;
			sockets[i].events = (int16_t)(POLLIN | (flow->sent < up ? POLLOUT : 0));
			busy += flow->sent < up || flow->received + flow->wrong < down || (up > 0 && !flow->told);
		}
		/* What has not come by then was lost on the way. */
		if (busy && !moved && !wait_for(sockets, hosts->count, IDLE))
			break;
	} while (busy);
	mark(MARK_END);
	for (unsigned int i = 0; i < hosts->count; i++) {
		figures[0].value += flows[i].sent;
		figures[1].value += flows[i].received;
		figures[2].value += flows[i].arrived;
		figures[3].value += flows[i].wrong;
	}
	report("packets", figures);
}

/* Shell sort, in place. */
static void sort(uint32_t *values, uint32_t count)
{
	for (uint32_t gap = count / 2; gap > 0; gap /= 2)
		for (uint32_t i = gap; i < count; i++) {
			uint32_t value = values[i];
			uint32_t at = i;

			for (; at >= gap && values[at - gap] > value; at -= gap)
				values[at] = values[at - gap];
			values[at] = value;
		}
}

/* Round trips of all hosts, in ns. */
#define TIMES_MAX (1 << 18)
static uint32_t times[TIMES_MAX];

void run_requests(uint32_t count, uint32_t size, const struct hosts *hosts)
{
	uint64_t asked[HOSTS_MAX];
	uint32_t done = 0;
	uint32_t total = count * hosts->count;

	if (count == 0 || count > TIMES_MAX / hosts->count)
		fail("no such number of requests");
	greet(hosts, size);
	begin();
	for (unsigned int i = 0; i < hosts->count; i++) {
		make_datagram(0, size);
		asked[i] = now();
		if (!send_datagram(sockets[i].fd, size))
			fail("cannot send a datagram");
	}
	while (done < total) {
		int moved = 0;

		for (unsigned int i = 0; i < hosts->count; i++) {
			struct flow *flow = &flows[i];
			long length = CALL(SYS_READ, sockets[i].fd, incoming, PIECE_MAX);
			uint64_t time = now();

			if (length == -EAGAIN)
				continue;
			if (length < 4 || load(incoming) != flow->received || !is_datagram(flow->received, size, (uint32_t)length))
				fail("wrong answer");
			moved = 1;
			times[done++] = time - asked[i] > 0xffffffffu ? 0xffffffffu : (uint32_t)(time - asked[i]);
			if (++flow->received == count)
				continue;
			make_datagram(flow->received, size);
			asked[i] = now();
			if (!send_datagram(sockets[i].fd, size))
				fail("cannot send a datagram");
		}
		if (!moved && done < total && !wait_for(sockets, hosts->count, PATIENCE))
			fail("no answer");
	}
	mark(MARK_END);
	sort(times, total);
	report("requests", (struct figure[]){ { "count", total },
					      { "median", times[(total - 1) / 2] },
					      /* The smallest that 99 of 100 do not exceed. */
					      { "percentile99", times[total - 1 - total / 100] },
					      { "longest", times[total - 1] },
					      { NULL, 0 } });
}
