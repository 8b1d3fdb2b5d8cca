/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What labnet needs of Linux, without a library: system calls, and the layouts that they take.  Every call here has at most five arguments
 * and gives a result or a negative error.
 */
#ifndef LABNET_SYSTEM_H
#define LABNET_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__
enum {
	SYS_READ = 0, SYS_WRITE = 1, SYS_POLL = 7, SYS_IOCTL = 16, SYS_NANOSLEEP = 35, SYS_SOCKET = 41, SYS_CONNECT = 42, SYS_BIND = 49,
	SYS_SETSOCKOPT = 54, SYS_IOPERM = 173, SYS_CLOCK_GETTIME = 228, SYS_EXIT_GROUP = 231,
};

static inline long call5(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}
#else
enum {
	SYS_READ = 3, SYS_WRITE = 4, SYS_IOCTL = 54, SYS_IOPERM = 101, SYS_NANOSLEEP = 162, SYS_POLL = 168, SYS_EXIT_GROUP = 252,
	SYS_CLOCK_GETTIME = 265, SYS_SOCKET = 359, SYS_BIND = 361, SYS_CONNECT = 362, SYS_SETSOCKOPT = 366,
};

static inline long call5(long number, long a, long b, long c, long d, long e)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return result;
}
#endif

#define CALL(number, ...) CALL_(number, __VA_ARGS__, 0, 0, 0, 0, 0)
#define CALL_(number, a, b, c, d, e, ...) call5(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

enum { EINTR = 4, EAGAIN = 11 };

enum { AF_INET = 2, AF_NETLINK = 16, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_NONBLOCK = 04000 };
enum { SOL_SOCKET = 1, SO_RCVBUFFORCE = 33, IPPROTO_TCP = 6, TCP_CONGESTION = 13 };
enum { POLLIN = 1, POLLOUT = 4 };
enum { CLOCK_MONOTONIC = 1 };

struct socket_address {
	uint16_t family;
	/* Network byte order. */
	uint16_t port;
	uint32_t address;
	uint8_t zero[8];
};

struct poll_entry {
	int32_t fd;
	int16_t events;
	int16_t revents;
};

struct time_spec {
	long seconds;
	long nanoseconds;
};

#endif
