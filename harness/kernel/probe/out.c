#include "out.h"
#include "host.h"

#include <stdarg.h>

static char line[1 << 16];
static u32 used;

bool open_ports(void)
{
	return sys3(SYS_ioperm, OUT_PORT, 1, 1) == 0 && sys3(SYS_ioperm, EXIT_PORT, 4, 1) == 0;
}

static void flush(void)
{
	const char *from = line;
	u64 count = used;

	for (long done; on_host && count && (done = sys3(SYS_write, 1, from, count)) > 0; from += done)
		count -= done;
	if (!on_host)
		asm volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(OUT_PORT) : "memory");
	used = 0;
}

static void put(char c)
{
	line[used++] = c;
	if (c == '\n' || used == sizeof(line))
		flush();
}

static void put_text(const char *text)
{
	while (*text)
		put(*text++);
}

static void put_hex(u8 byte)
{
	put("0123456789abcdef"[byte >> 4]);
	put("0123456789abcdef"[byte & 15]);
}

/* JSON allows no control character inside a string; bytes beyond ASCII pass as they are. */
static void put_quoted(const char *text)
{
	put('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			put('\\');
		if ((u8)*text < ' ') {
			put_text("\\u00");
			put_hex(*text);
		} else {
			put(*text);
		}
	}
	put('"');
}

static void put_number(u64 value)
{
	char digits[24];
	int n = 0;

	do
		digits[n++] = '0' + value % 10;
	while (value /= 10);
	while (n)
		put(digits[--n]);
}

static void put_signed(long value)
{
	if (value < 0)
		put('-');
	put_number(value < 0 ? -(u64)value : (u64)value);
}

void out(const char *format, ...)
{
	va_list args;
	const u8 *bytes;

	va_start(args, format);
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		switch (*++format) {
		case 's': put_quoted(va_arg(args, const char *)); break;
		case 'r': put_text(va_arg(args, const char *)); break;
		case 'd': put_signed(va_arg(args, long)); break;
		case 'u': put_number(va_arg(args, u64)); break;
		case 'h':
			bytes = va_arg(args, const u8 *);
			for (u64 left = va_arg(args, u64); left; left--)
				put_hex(*bytes++);
		}
	}
	va_end(args);
}

void power_off(void)
{
	if (on_host)
		sys1(SYS_exit_group, 0);
	asm volatile("outb %%al, %%dx" : : "a"(0x10), "d"(EXIT_PORT));
	/* Not QEMU, or without the exit device: restarting ends QEMU too. */
	sys4(SYS_reboot, 0xfee1dead, 672274793, 0x01234567, 0);
	for (;;)
		sleep_ms(1000);
}
