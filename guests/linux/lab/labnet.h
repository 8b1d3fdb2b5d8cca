/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labnet: the guest's part of the lab's workloads.  See labnet.c for what it is asked.
 */
#ifndef LABNET_H
#define LABNET_H

#include "system.h"

/* Hosts that a command talks to at once: one behind each card. */
#define HOSTS_MAX 8

/*
 * What every stream and datagram carries is a piece of one pattern, which begins again after a prime number of bytes, so that what comes
 * at a wrong place is seen.  It is there twice: a piece of up to 64 KiB can be taken from anywhere.
 */
#define PATTERN_PERIOD 65521
#define PIECE_MAX 65536
extern uint8_t pattern[PATTERN_PERIOD + PIECE_MAX];
/* What read() fills. */
extern uint8_t incoming[PIECE_MAX];

/*
 * Marks: bytes written to a port of the machine, which stops there.  It is how the lab knows when exactly a workload begins and ends.
 */
enum mark { MARK_BEGIN = 1, MARK_END = 2, MARK_LINK_UP = 3, MARK_LINK_GONE = 4 };

void mark(enum mark mark);
/* Lets what was begun before come to rest, then marks the beginning. */
void begin(void);

/* Ends the program with a line. */
void fail(const char *why) __attribute__((noreturn));
/* Prints `LAB KIND` and pairs of a name and a number, up to a NULL name. */
struct figure {
	const char *name;
	uint32_t value;
};
void report(const char *kind, const struct figure *figures);

/* A connected socket that never blocks, with room for so many bytes that are not read yet. */
int open_socket(int type, uint32_t host, uint32_t port, int room);
/* Waits until a socket is ready for its events; false: nothing happened for so long. */
int wait_for(struct poll_entry *entries, unsigned int count, int milliseconds);
uint64_t now(void);

/* Whether `length` bytes are those of the pattern from `offset` on. */
int is_pattern(const uint8_t *bytes, uint32_t length, uint32_t offset);
/* Little-endian numbers at any address. */
uint32_t load(const uint8_t *from);
void store(uint8_t *to, uint32_t value);

/* The commands. */
struct hosts {
	uint32_t port;
	unsigned int count;
	/* Network byte order. */
	uint32_t address[HOSTS_MAX];
};
void run_streams(uint32_t down, uint32_t up, const struct hosts *hosts);
void run_packets(uint32_t down, uint32_t up, uint32_t size, const struct hosts *hosts);
void run_requests(uint32_t count, uint32_t size, const struct hosts *hosts);
void run_links(uint32_t count);

#endif
