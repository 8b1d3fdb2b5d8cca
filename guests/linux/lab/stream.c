// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams of TCP: one to each host, all at once.  The guest says how many bytes are wanted each way (two numbers of 32 bits, in one piece),
 * sends its own, and checks those that come.  When the peer has all of the guest's bytes and found them right, it says so by eight more
 * bytes behind its own: their number, and 1.
 */
#include "labnet.h"

#define REQUEST 8
#define ANSWER 8
/* Longest time without a byte, in ms. */
#define PATIENCE 20000
/* So much that the window is not what limits a stream on a full queue: it does not have to grow first. */
#define RECEIVE_BUFFER (2 << 20)

struct stream {
	uint8_t request[REQUEST];
	uint8_t answer[ANSWER];
	/* Bytes sent, of the request and the data; bytes received, of the data and the answer. */
	uint32_t sent, received;
	/* In bytes; no more than 2^32 with request or answer. */
	uint32_t to_send, to_receive;
};

static struct stream streams[HOSTS_MAX];
static struct poll_entry sockets[HOSTS_MAX];

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* True if anything went. */
static int send_some(struct stream *stream, int fd)
{
	uint32_t data = stream->sent - REQUEST;
	long count;

	if (stream->sent < REQUEST)
		count = CALL(SYS_WRITE, fd, stream->request + stream->sent, REQUEST - stream->sent);
	else if (stream->sent < stream->to_send)
		count = CALL(SYS_WRITE, fd, pattern + data % PATTERN_PERIOD, least(stream->to_send - stream->sent, PIECE_MAX));
	else
		return 0;
	if (count == -EAGAIN)
		return 0;
	if (count <= 0)
		fail("the connection broke while sending");
	stream->sent += (uint32_t)count;
	return 1;
}

static int receive_some(struct stream *stream, int fd, uint32_t down)
{
	uint32_t left = stream->to_receive - stream->received;
	long count;

	if (left == 0)
		return 0;
	count = CALL(SYS_READ, fd, incoming, least(left, PIECE_MAX));
	if (count == -EAGAIN)
		return 0;
	if (count <= 0)
		fail("the connection broke while receiving");
	for (uint32_t at = 0; at < (uint32_t)count;) {
		uint32_t rest = (uint32_t)count - at;

		if (stream->received < down) {
			rest = least(rest, down - stream->received);
			if (!is_pattern(incoming + at, rest, stream->received))
				fail("wrong bytes received");
		} else {
			for (uint32_t i = 0; i < rest; i++)
				stream->answer[stream->received - down + i] = incoming[at + i];
		}
		stream->received += rest;
		at += rest;
	}
	return 1;
}

void run_streams(uint32_t down, uint32_t up, const struct hosts *hosts)
{
	unsigned int busy;

	if (down > 0xffffffffu - ANSWER || up > 0xffffffffu - REQUEST)
		fail("number too large");
	for (unsigned int i = 0; i < hosts->count; i++) {
		struct stream *stream = &streams[i];
		/* Nothing is lost on the way; a queue that grows shall not be taken for a reason to send less. */
		static const char congestion[4] = "reno";

		store(stream->request, down);
		store(stream->request + 4, up);
		stream->to_send = REQUEST + up;
		stream->to_receive = down + (up > 0 ? ANSWER : 0);
		sockets[i].fd = open_socket(SOCK_STREAM, hosts->address[i], hosts->port, RECEIVE_BUFFER);
		CALL(SYS_SETSOCKOPT, sockets[i].fd, IPPROTO_TCP, TCP_CONGESTION, congestion, sizeof(congestion));
	}
	begin();
	do {
		int moved = 0;

		busy = 0;
		for (unsigned int i = 0; i < hosts->count; i++) {
			struct stream *stream = &streams[i];

			moved |= send_some(stream, sockets[i].fd);
			moved |= receive_some(stream, sockets[i].fd, down);
			sockets[i].events = (int16_t)((stream->sent < stream->to_send ? POLLOUT : 0) |
						      (stream->received < stream->to_receive ? POLLIN : 0));
			busy += sockets[i].events != 0;
		}
		if (busy && !moved && !wait_for(sockets, hosts->count, PATIENCE))
			fail("nothing came for too long");
	} while (busy);
	mark(MARK_END);
	for (unsigned int i = 0; up > 0 && i < hosts->count; i++)
		if (load(streams[i].answer) != up || load(streams[i].answer + 4) != 1)
			fail("wrong bytes sent");
	report("stream", (struct figure[]){ { "streams", hosts->count }, { "received", down }, { "sent", up }, { NULL, 0 } });
}
