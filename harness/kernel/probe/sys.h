// Raw system calls and the few library functions that a program without a C library needs.
#pragma once

#include <linux/mman.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define PAGE 4096UL
#define HUGE (512 * PAGE)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define EAGAIN_ 11
#define EBUSY_ 16

/** Between processes that share .bss; who holds it never sleeps for long. */
typedef volatile int lock_t;

static inline void lock(lock_t *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
}

static inline void unlock(lock_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

/** A system call; the answer is the kernel's own: an errno comes back negative. */
static inline long sys(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	register u64 r10 asm("r10") = d;
	register u64 r8 asm("r8") = e;
	register u64 r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return ret;
}

#define sys0(nr) sys(nr, 0, 0, 0, 0, 0, 0)
#define sys1(nr, a) sys(nr, (u64)(a), 0, 0, 0, 0, 0)
#define sys2(nr, a, b) sys(nr, (u64)(a), (u64)(b), 0, 0, 0, 0)
#define sys3(nr, a, b, c) sys(nr, (u64)(a), (u64)(b), (u64)(c), 0, 0, 0)
#define sys4(nr, a, b, c, d) sys(nr, (u64)(a), (u64)(b), (u64)(c), (u64)(d), 0, 0)
#define sys5(nr, a, b, c, d, e) sys(nr, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), 0)
#define sys6(nr, a, b, c, d, e, f) sys(nr, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), (u64)(f))

void *memset(void *to, int byte, size_t length);
void *memcpy(void *to, const void *from, size_t length);
bool same(const char *a, const char *b);
/** Copies a string, cut to fit. */
void copy_text(char *to, const char *from, size_t room);
/** Writes a decimal number, ended with a zero. */
void put_decimal(char *to, u64 value);
/** Reads a decimal number (a minus sign may stand before it); stops at the first other byte. */
long number(const char *text);

int open_path(const char *path, int flags);
/** Reads a file from its start into `to`, which it ends with a zero; how many bytes, or a negative errno. */
long read_file(int fd, char *to, size_t room);
bool write_path(const char *path, const char *text);
size_t text_length(const char *text);
/** Milliseconds since some moment. */
u64 now_ms(void);
void sleep_ms(long ms);
void spin_ms(long ms);
