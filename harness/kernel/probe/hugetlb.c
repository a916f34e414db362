// Huge pages of hugetlb: their pools, as sysfs shows and sets them.

#include "hugetlb.h"
#include "out.h"

#include <linux/fcntl.h>

enum { NR, FREE, RESV, SURPLUS, OVERCOMMIT, FILES };

static const char *const files[FILES] = {
	"nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages", "nr_overcommit_hugepages",
};

/** Where sysfs tells of a pool: of all nodes together, and of each that is looked at. */
enum { ALL, NODE0, NODE1, PLACES };

static const char *const folders[PLACES] = {
	"/sys/kernel/mm/hugepages/hugepages-",
	"/sys/devices/system/node/node0/hugepages/hugepages-",
	"/sys/devices/system/node/node1/hugepages/hugepages-",
};
static const char *const prefixes[PLACES] = { "", "node0/", "node1/" };

/** What the kernel has of one size, what the point asks for, and what was last told. */
static struct pool {
	u64 kilobytes;
	int fd[PLACES][FILES];
	u64 pages, overcommit;
	/* of each node; where nothing is said as many of each */
	u64 shares[PLACES];
	bool shared;
	bool told, left;
	u64 last[PLACES][OVERCOMMIT];
} pools[2];

static void path_of(char *to, int place, u64 kilobytes, const char *file)
{
	const char *const parts[] = { folders[place], NULL, "kB/", file };

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
	char path[160];

	pools[0].kilobytes = 2048;
	pools[1].kilobytes = 1048576;
	for (u32 i = 0; i < COUNT(pools); i++)
		for (int place = 0; place < PLACES; place++)
			for (int file = 0; file < FILES; file++) {
				path_of(path, place, pools[i].kilobytes, files[file]);
				pools[i].fd[place][file] =
					open_path(path, file == NR || file == OVERCOMMIT ? O_RDWR : O_RDONLY);
			}
}

/** Whether this machine has a second node: else there is nothing to tell nodes apart by. */
static bool has_nodes(const struct pool *pool)
{
	return pool->fd[NODE1][NR] >= 0;
}

static u64 read_pool(const struct pool *pool, int place, int file)
{
	char text[32];

	return read_file(pool->fd[place][file], text, sizeof(text)) > 0 ? number(text) : 0;
}

/** The kernel's own answer: zero or a negative errno. */
static long write_pool(const struct pool *pool, int place, int file, u64 value)
{
	char text[32];
	long length = 0, done;

	put_decimal(text, value);
	while (text[length])
		length++;
	done = sys4(SYS_pwrite64, pool->fd[place][file], text, length, 0);
	return done < 0 ? done : 0;
}

static struct pool *pool_of(u64 kilobytes)
{
	for (u32 i = 0; i < COUNT(pools); i++)
		if (pools[i].kilobytes == kilobytes && pools[i].fd[ALL][NR] >= 0)
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
			pools[i].fd[ALL][NR] = -1;
		}
}

static u64 persistent(const struct pool *pool, int place)
{
	return read_pool(pool, place, NR) - read_pool(pool, place, SURPLUS);
}

void ask_for_pool(const struct words *line)
{
	for (u32 i = 0; i < COUNT(pools); i++)
		if (pools[i].kilobytes == (u64)number(line->word[1])) {
			pools[i].pages = number(line->word[2]);
			pools[i].overcommit = number(line->word[3]);
			pools[i].shared = line->count > 5;
			for (int place = NODE0; pools[i].shared && place <= NODE1; place++)
				pools[i].shares[place] = number(line->word[3 + place]);
		}
}

void forget_pools(void)
{
	for (u32 i = 0; i < COUNT(pools); i++) {
		pools[i].pages = pools[i].overcommit = 0;
		pools[i].shared = false;
	}
}

/*
 * Of each node its share, the first node's last, and that by one page more and one less: the next page is then had from
 * the first node, and given back there.
 */
static void spread(struct pool *pool)
{
	if (!pool->shared) {
		pool->shares[NODE0] = pool->pages - pool->pages / 2;
		pool->shares[NODE1] = pool->pages / 2;
	}
	for (int place = NODE1; place >= NODE0; place--)
		if (persistent(pool, place) != pool->shares[place])
			write_pool(pool, place, NR, pool->shares[place]);
	write_pool(pool, NODE0, NR, pool->shares[NODE0] + 1);
	write_pool(pool, NODE0, NR, pool->shares[NODE0]);
}

const char *set_pools(void)
{
	const char *lacking = NULL;

	for (u32 i = 0; i < COUNT(pools); i++) {
		struct pool *pool = &pools[i];

		if (pool->fd[ALL][NR] < 0) {
			if (pool->pages || pool->overcommit)
				lacking = why_no_pool(pool->kilobytes * 1024);
			continue;
		}
		if (read_pool(pool, ALL, OVERCOMMIT) != pool->overcommit &&
		    write_pool(pool, ALL, OVERCOMMIT, pool->overcommit) < 0)
			lacking = "this kernel gives no surplus pages of that size";
		/* Gigantic pages are where there is room for them. */
		if (has_nodes(pool) && (pool->shared || pool->kilobytes == 2048))
			spread(pool);
		if (persistent(pool, ALL) != pool->pages)
			write_pool(pool, ALL, NR, pool->pages);
		if (persistent(pool, ALL) < pool->pages)
			lacking = "memory does not hold so many huge pages";
		if (pool->shared && (!has_nodes(pool) || persistent(pool, NODE0) != pool->shares[NODE0]))
			lacking = "the nodes do not hold so many huge pages each";
	}
	return lacking;
}

static void tell_pool(struct pool *pool, int place, bool *first)
{
	for (int file = 0; file < OVERCOMMIT; file++) {
		u64 value;

		if (pool->fd[place][file] < 0)
			continue;
		value = read_pool(pool, place, file);
		if (pool->told && value == pool->last[place][file])
			continue;
		out("%r\"%rhugepages-%ukB/%r\":%d", *first ? "" : ",", prefixes[place], pool->kilobytes, files[file], value);
		*first = false;
		pool->last[place][file] = value;
	}
}

void tell_pools(bool *first)
{
	for (u32 i = 0; i < COUNT(pools); i++) {
		struct pool *pool = &pools[i];

		if (pool->fd[ALL][NR] < 0)
			continue;
		for (int place = ALL; place < (has_nodes(pool) ? PLACES : NODE0); place++)
			tell_pool(pool, place, first);
		pool->told = true;
	}
}

/* nr-hugepages KILOBYTES PAGES NODE|-1: a kernel that finds fewer says nothing */
struct answer op_nr_hugepages(struct process *me, const struct words *op)
{
	const struct pool *pool = pool_of(number(op->word[1]));
	u64 wanted = number(op->word[2]);
	int place = number(op->word[3]) + NODE0;
	struct answer answer;

	(void)me;
	if (!pool)
		return config(why_no_pool((u64)number(op->word[1]) * 1024));
	/* What a file of the pool then shows is seen by what is told of it after the step. */
	answer = answer_of(write_pool(pool, place, NR, wanted));
	if (answer.kind == OK && persistent(pool, place) < wanted)
		return config("memory does not hold so many huge pages");
	return answer;
}

/* overcommit KILOBYTES PAGES */
struct answer op_overcommit(struct process *me, const struct words *op)
{
	const struct pool *pool = pool_of(number(op->word[1]));

	(void)me;
	if (!pool)
		return config(why_no_pool((u64)number(op->word[1]) * 1024));
	return answer_of(write_pool(pool, ALL, OVERCOMMIT, number(op->word[2])));
}
