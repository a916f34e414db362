// Huge pages of hugetlb: their pools, as sysfs shows and sets them.

#include "hugetlb.h"
#include "out.h"

#include <linux/fcntl.h>

enum { NR, FREE, RESV, SURPLUS, OVERCOMMIT, FILES };

static const char *const files[FILES] = {
	"nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages", "nr_overcommit_hugepages",
};

/** What the kernel has of one size, what the point asks for, and what was last told. */
static struct pool {
	u64 kilobytes;
	int fd[FILES];
	u64 pages, overcommit;
	bool told, left;
	u64 last[OVERCOMMIT];
} pools[2];

static void path_of(char *to, u64 kilobytes, const char *file)
{
	const char *const parts[] = { "/sys/kernel/mm/hugepages/hugepages-", NULL, "kB/", file };

	for (u32 i = 0; i < COUNT(parts); i++) {
		if (parts[i])
			copy_text(to, parts[i], 64);
		else
			put_decimal(to, kilobytes);
		while (*to)
			to++;
	}
}

void open_pools(void)
{
	char path[128];

	pools[0].kilobytes = 2048;
	pools[1].kilobytes = 1048576;
	for (u32 i = 0; i < COUNT(pools); i++)
		for (int file = 0; file < FILES; file++) {
			path_of(path, pools[i].kilobytes, files[file]);
			pools[i].fd[file] = open_path(path, file == NR || file == OVERCOMMIT ? O_RDWR : O_RDONLY);
		}
}

static u64 read_pool(const struct pool *pool, int file)
{
	char text[32];

	return read_file(pool->fd[file], text, sizeof(text)) > 0 ? number(text) : 0;
}

/** The kernel's own answer: zero or a negative errno. */
static long write_pool(const struct pool *pool, int file, u64 value)
{
	char text[32];
	long length = 0, done;

	put_decimal(text, value);
	while (text[length])
		length++;
	done = sys4(SYS_pwrite64, pool->fd[file], text, length, 0);
	return done < 0 ? done : 0;
}

static struct pool *pool_of(u64 kilobytes)
{
	for (u32 i = 0; i < COUNT(pools); i++)
		if (pools[i].kilobytes == kilobytes && pools[i].fd[NR] >= 0)
			return &pools[i];
	return NULL;
}

const char *why_no_pool(u64 page)
{
	for (u32 i = 0; i < COUNT(pools); i++)
		if (pools[i].kilobytes == page / 1024 && pools[i].left)
			return "huge pages of that size are in use on this machine";
	return pool_of(page / 1024) ? NULL : "this kernel, or this CPU, has no huge pages of that size";
}

void leave_pool(const struct words *line)
{
	for (u32 i = 0; i < COUNT(pools); i++)
		if (pools[i].kilobytes == (u64)number(line->word[1])) {
			pools[i].left = true;
			pools[i].fd[NR] = -1;
		}
}

static u64 persistent(const struct pool *pool)
{
	return read_pool(pool, NR) - read_pool(pool, SURPLUS);
}

void ask_for_pool(const struct words *line)
{
	for (u32 i = 0; i < COUNT(pools); i++)
		if (pools[i].kilobytes == (u64)number(line->word[1])) {
			pools[i].pages = number(line->word[2]);
			pools[i].overcommit = number(line->word[3]);
		}
}

void forget_pools(void)
{
	for (u32 i = 0; i < COUNT(pools); i++)
		pools[i].pages = pools[i].overcommit = 0;
}

const char *set_pools(void)
{
	const char *lacking = NULL;

	for (u32 i = 0; i < COUNT(pools); i++) {
		struct pool *pool = &pools[i];

		if (pool->fd[NR] < 0) {
			if (pool->pages || pool->overcommit)
				lacking = why_no_pool(pool->kilobytes * 1024);
			continue;
		}
		if (read_pool(pool, OVERCOMMIT) != pool->overcommit && write_pool(pool, OVERCOMMIT, pool->overcommit) < 0)
			lacking = "this kernel gives no surplus pages of that size";
		if (persistent(pool) != pool->pages)
			write_pool(pool, NR, pool->pages);
		if (persistent(pool) < pool->pages)
			lacking = "memory does not hold so many huge pages";
	}
	return lacking;
}

void tell_pools(bool *first)
{
	for (u32 i = 0; i < COUNT(pools); i++)
		for (int file = 0; pools[i].fd[NR] >= 0 && file < OVERCOMMIT; file++) {
			u64 value = read_pool(&pools[i], file);

			if (!pools[i].told || value != pools[i].last[file])
				out(*first ? "\"hugepages-%ukB/%r\":%d" : ",\"hugepages-%ukB/%r\":%d",
				    pools[i].kilobytes, files[file], value);
			else
				continue;
			*first = false;
			pools[i].last[file] = value;
		}
	for (u32 i = 0; i < COUNT(pools); i++)
		pools[i].told = true;
}

/** What a file of the pool then shows is seen by what is told of it after the step. */
static struct answer write_to(const struct words *op, int file)
{
	const struct pool *pool = pool_of(number(op->word[1]));

	return pool ? answer_of(write_pool(pool, file, number(op->word[2]))) :
		      config(why_no_pool((u64)number(op->word[1]) * 1024));
}

/* nr-hugepages KILOBYTES PAGES: a kernel that finds fewer says nothing */
struct answer op_nr_hugepages(struct process *me, const struct words *op)
{
	struct answer answer = write_to(op, NR);
	u64 wanted = number(op->word[2]);

	(void)me;
	if (answer.kind == OK && persistent(pool_of(number(op->word[1]))) < wanted)
		return config("memory does not hold so many huge pages");
	return answer;
}

/* overcommit KILOBYTES PAGES */
struct answer op_overcommit(struct process *me, const struct words *op)
{
	(void)me;
	return write_to(op, OVERCOMMIT);
}
