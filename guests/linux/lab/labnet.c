// SPDX-License-Identifier: GPL-2.0-only
/*
 * labnet: traffic whose beginning and end the machine around this guest can see.
 *
 *   labnet stream DOWN UP PORT HOST...         bytes of TCP each way, on all hosts at once
 *   labnet packets DOWN UP SIZE PORT HOST...   datagrams of SIZE bytes each way
 *   labnet requests COUNT SIZE PORT HOST...    datagrams that are answered, one after another, and timed
 *   labnet links COUNT                         brings up each network interface that comes, until COUNT have gone
 *
 * Ends with one line for programs: `LAB KIND name=number...`, or `LAB failed: why`.  It uses no library.
 */
#include "labnet.h"

/* Where the machine of the lab has its marks (packages/lab/src/linux/marks.ts). */
#define MARK_PORT 0xf4
/* Before the beginning, so that the console and the handshakes are quiet. */
#define REST_NS 20000000

uint8_t pattern[PATTERN_PERIOD + PIECE_MAX];
uint8_t incoming[PIECE_MAX];

void mark(enum mark mark)
{
	uint8_t value = mark;

	__asm__ volatile("outb %0, %w1" : : "a"(value), "Nd"((uint16_t)MARK_PORT) : "memory");
}

void begin(void)
{
	struct time_spec rest = { 0, REST_NS };

	CALL(SYS_NANOSLEEP, &rest, 0);
	mark(MARK_BEGIN);
}

static void put(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	CALL(SYS_WRITE, 1, text, length);
}

static void finish(int status) __attribute__((noreturn));
static void finish(int status)
{
	for (;;)
		CALL(SYS_EXIT_GROUP, status);
}

void fail(const char *why)
{
	put("LAB failed: ");
	put(why);
	put("\n");
	finish(1);
}

void report(const char *kind, const struct figure *figures)
{
	put("LAB ");
	put(kind);
	for (; figures->name; figures++) {
		char digits[11];
		char *at = digits + sizeof(digits) - 1;
		uint32_t value = figures->value;

		*at = 0;
		do
			*--at = (char)('0' + value % 10);
		while (value /= 10);
		put(" ");
		put(figures->name);
		put("=");
		put(at);
	}
	put("\n");
}

int open_socket(int type, uint32_t host, uint32_t port, int room)
{
	struct socket_address address = { AF_INET, (uint16_t)((port >> 8 & 0xff) | (port & 0xff) << 8), host, { 0 } };
	/* Connecting waits, nothing after it does. */
	long fd = CALL(SYS_SOCKET, AF_INET, type, 0);
	int on = 1;

	/* Before connecting: TCP tells then how far its window may open. */
	CALL(SYS_SETSOCKOPT, fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (fd < 0 || CALL(SYS_CONNECT, fd, &address, sizeof(address)) < 0)
		fail("cannot connect");
	CALL(SYS_IOCTL, fd, 0x5421 /* FIONBIO */, &on);
	return (int)fd;
}

int wait_for(struct poll_entry *entries, unsigned int count, int milliseconds)
{
	long ready;

	do
		ready = CALL(SYS_POLL, entries, count, milliseconds);
	while (ready == -EINTR);
	return ready > 0;
}

uint64_t now(void)
{
	struct time_spec time = { 0, 0 };

	CALL(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, &time);
	return (uint64_t)time.seconds * 1000000000u + (uint64_t)time.nanoseconds;
}

/* Compilers take it for granted. */
void *memcpy(void *to, const void *from, size_t length)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(length) : : "memory");
	return to;
}

uint32_t load(const uint8_t *from)
{
	uint32_t value;

	__builtin_memcpy(&value, from, sizeof(value));
	return value;
}

void store(uint8_t *to, uint32_t value)
{
	__builtin_memcpy(to, &value, sizeof(value));
}

int is_pattern(const uint8_t *bytes, uint32_t length, uint32_t offset)
{
	const uint8_t *wanted = pattern + offset % PATTERN_PERIOD;
	unsigned long different = 0;
	uint32_t at = 0;

	for (; at + sizeof(long) <= length; at += sizeof(long)) {
		unsigned long a, b;

		__builtin_memcpy(&a, bytes + at, sizeof(a));
		__builtin_memcpy(&b, wanted + at, sizeof(b));
		different |= a ^ b;
	}
	for (; at < length; at++)
		different |= bytes[at] ^ wanted[at];
	return different == 0;
}

/* Marsaglia's xorshift of 32 bits; the peer makes the same. */
static void make_pattern(void)
{
	uint32_t state = 2463534242u;

	for (uint32_t i = 0; i < sizeof(pattern); i++) {
		if (i >= PATTERN_PERIOD) {
			pattern[i] = pattern[i - PATTERN_PERIOD];
			continue;
		}
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		pattern[i] = (uint8_t)state;
	}
}

/* A decimal number that ends at `end`. */
static const char *number(const char *text, char end, uint32_t *value)
{
	uint32_t n = 0;

	if (*text < '0' || *text > '9')
		fail("not a number");
	for (; *text >= '0' && *text <= '9'; text++) {
		if (n > 0xffffffffu / 10 || n * 10 > 0xffffffffu - (uint32_t)(*text - '0'))
			fail("number too large");
		n = n * 10 + (uint32_t)(*text - '0');
	}
	if (*text != end)
		fail("not a number");
	*value = n;
	return text + 1;
}

/* PORT HOST... */
static void parse_hosts(char **arguments, struct hosts *hosts)
{
	if (!arguments[0])
		fail("no port");
	number(arguments[0], 0, &hosts->port);
	for (hosts->count = 0; arguments[1 + hosts->count]; hosts->count++) {
		const char *text = arguments[1 + hosts->count];
		uint8_t bytes[4];

		if (hosts->count == HOSTS_MAX)
			fail("too many hosts");
		for (unsigned int i = 0; i < 4; i++) {
			uint32_t part;

			text = number(text, i < 3 ? '.' : 0, &part);
			bytes[i] = (uint8_t)part;
		}
		hosts->address[hosts->count] = load(bytes);
	}
	if (hosts->count == 0 || hosts->port > 65535)
		fail("no host or no port");
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* What a command takes: so many numbers, then perhaps hosts. */
static const struct {
	const char *name;
	unsigned int numbers;
	int hosts;
} commands[] = { { "stream", 2, 1 }, { "packets", 3, 1 }, { "requests", 2, 1 }, { "links", 1, 0 } };

/* The first thing that runs; `stack` has the number of arguments, then them. */
void start(char **stack) __attribute__((noreturn, used));
void start(char **stack)
{
	char **arguments = stack + 1;
	uint32_t numbers[3] = { 0, 0, 0 };
	struct hosts hosts = { 0, 0, { 0 } };
	unsigned int command = 0;

	while (command < 4 && !(arguments[0] && arguments[1] && same(arguments[1], commands[command].name)))
		command++;
	if (command == 4)
		fail("no such command");
	for (unsigned int i = 0; i < commands[command].numbers; i++) {
		if (!arguments[2 + i])
			fail("too few numbers");
		number(arguments[2 + i], 0, &numbers[i]);
	}
	if (commands[command].hosts)
		parse_hosts(arguments + 2 + commands[command].numbers, &hosts);
	if (CALL(SYS_IOPERM, MARK_PORT, 1, 1) < 0)
		fail("may not use the port of marks");
	make_pattern();
	switch (command) {
	case 0:
		run_streams(numbers[0], numbers[1], &hosts);
		break;
	case 1:
		run_packets(numbers[0], numbers[1], numbers[2], &hosts);
		break;
	case 2:
		run_requests(numbers[0], numbers[1], &hosts);
		break;
	default:
		run_links(numbers[0]);
	}
	finish(0);
}

#ifdef __x86_64__
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#else
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %esp, %eax\n\tand $-16, %esp\n\tsub $12, %esp\n\tpush %eax\n\tcall start\n");
#endif
