#include "sys.h"

#include <linux/fcntl.h>
#include <linux/time.h>

void *memset(void *to, int byte, size_t length)
{
	void *at = to;

	asm volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(byte) : "memory");
	return to;
}

void *memcpy(void *to, const void *from, size_t length)
{
	void *at = to;

	asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(length) : : "memory");
	return to;
}

bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

void copy_text(char *to, const char *from, size_t room)
{
	while (room-- > 1 && *from)
		*to++ = *from++;
	*to = 0;
}

long number(const char *text)
{
	bool minus = *text == '-';
	u64 value = 0;

	for (text += minus; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + *text - '0';
	return minus ? -value : value;
}

void put_decimal(char *to, u64 value)
{
	char digits[24];
	int n = 0;

	do
		digits[n++] = '0' + value % 10;
	while (value /= 10);
	while (n)
		*to++ = digits[--n];
	*to = 0;
}

int open_path(const char *path, int flags)
{
	return sys4(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
}

long read_file(int fd, char *to, size_t room)
{
	size_t length = 0;
	long got;

	while ((got = sys4(SYS_pread64, fd, to + length, room - 1 - length, length)) > 0)
		length += got;
	to[length] = 0;
	return got < 0 ? got : (long)length;
}

size_t text_length(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

bool write_path(const char *path, const char *text)
{
	int fd = open_path(path, O_WRONLY);
	size_t length = text_length(text);
	long done;

	if (fd < 0)
		return false;
	done = sys3(SYS_write, fd, text, length);
	sys1(SYS_close, fd);
	return done == (long)length;
}

void sleep_ms(long ms)
{
	struct { long sec, nsec; } time = { ms / 1000, ms % 1000 * 1000000 };

	sys2(SYS_nanosleep, &time, 0);
}

u64 now_ms(void)
{
	struct { long sec, nsec; } now;

	sys2(SYS_clock_gettime, 1 /* CLOCK_MONOTONIC */, &now);
	return now.sec * 1000 + now.nsec / 1000000;
}

void spin_ms(long ms)
{
	u64 until = now_ms() + ms;

	while (now_ms() < until)
		;
}
