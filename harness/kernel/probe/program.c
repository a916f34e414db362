#include "program.h"
#include "host.h"

#include <linux/fcntl.h>
#include <linux/mman.h>

static const char *next, *end;
static char line_text[MAX_LINE];

bool open_program(void)
{
	/* A guest has it in its initramfs; on a host it is what stands before us when we begin. */
	int fd = on_host ? 0 : open_path("/program", O_RDONLY);
	long size = fd < 0 ? -1 : sys3(SYS_lseek, fd, 0, 2 /* SEEK_END */);
	long at;

	if (size <= 0)
		return false;
	at = sys6(SYS_mmap, 0, size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (at < 0)
		return false;
	next = (const char *)at;
	end = next + size;
	/* What is mapped now is counted now. */
	for (const char *page = next; page < end; page += PAGE)
		*(const volatile char *)page;
	return true;
}

bool next_line(struct words *line)
{
	u32 length = 0;

	if (next >= end)
		return false;
	while (next < end && *next != '\n' && length < MAX_LINE - 1)
		line_text[length++] = *next++;
	next++;
	line_text[length] = 0;
	line->count = 0;
	for (char *at = line_text; *at && line->count < MAX_WORDS;) {
		line->word[line->count++] = at;
		while (*at && *at != ' ')
			at++;
		if (*at)
			*at++ = 0;
	}
	return true;
}

const char *here(void)
{
	return next;
}

void go_on_from(const char *place)
{
	next = place;
}

void keep_line(struct words *to, char *text, const struct words *line)
{
	memcpy(text, line_text, MAX_LINE);
	to->count = line->count;
	for (int i = 0; i < line->count; i++)
		to->word[i] = text + (line->word[i] - line_text);
}
