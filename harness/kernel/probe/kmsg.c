// What the kernel says while a step runs, told with that step.

#include "probe.h"
#include "out.h"

#include <linux/fcntl.h>

/** The kernel's own words of this level or a graver one are told: warnings and worse. */
#define GRAVE 4
#define MAX_LINES 400

static int fd;
static char record[8192];

static long next_record(void)
{
	long length = sys3(SYS_read, fd, record, sizeof(record) - 1);

	if (length > 0)
		record[length] = 0;
	return length;
}

/* What was said while booting is on the console. */
void open_log(void)
{
	fd = open_path("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	while (fd >= 0 && next_record() != -EAGAIN_)
		;
}

void tell_log(void)
{
	long length;
	int told = 0;

	while (fd >= 0 && (length = next_record()) != -EAGAIN_ && told < MAX_LINES) {
		long priority = number(record);
		char *line = record, *end;

		if (length < 0 || priority > GRAVE)	/* records were lost, or nothing grave */
			continue;
		while (*line && *line++ != ';')
			;
		for (end = line; *end && *end != '\n'; end++)
			;
		*end = 0;
		out("[\"log\",%s]\n", line);
		told++;
	}
}
