// Files of a hugetlbfs, and segments of huge pages. Init holds each file open: what it has open, other processes open
// through its /proc.

#include "files.h"
#include "hugetlb.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>

#define MAX_FILES 16
#define IPC_PRIVATE_ 0
#define IPC_RMID_ 0
#define SHM_HUGETLB_ 04000
#define SHM_NORESERVE_ 010000
#define SHM_RDONLY_ 010000
#define SHM_HUGE_SHIFT_ 26

/** An open file, of pages of that size; or a segment, which has no descriptor. */
static struct file { char name[NAME]; int fd; u64 page; long shmid; } files[MAX_FILES];
static int file_count;

static struct file *find_file(const char *name)
{
	for (int i = file_count - 1; i >= 0; i--)
		if (same(files[i].name, name))
			return &files[i];
	return NULL;
}

bool has_file(const char *name)
{
	return find_file(name) != NULL;
}

static struct answer new_file(const char *name, struct file file)
{
	if (file_count == MAX_FILES)
		return config("more files than the probe has room for");
	copy_text(file.name, name, NAME);
	files[file_count++] = file;
	return ok;
}

/** `/huge/2048`, and a file there, if one is named. */
static void path_in(char *to, u64 page, const char *name)
{
	copy_text(to, "/huge/", NAME);
	put_decimal(to + 6, page / 1024);
	if (!name)
		return;
	while (*to)
		to++;
	*to++ = '/';
	copy_text(to, name, NAME);
}

/** Mounts the hugetlbfs of a page size, unless it is mounted already. */
static bool mounted(u64 page)
{
	static u64 sizes;
	char path[2 * NAME], options[32] = "pagesize=", *end = options;

	if (sizes & page)
		return true;
	path_in(path, page, NULL);
	put_decimal(options + 9, page / 1024);
	while (*end)
		end++;
	copy_text(end, "K", 2);
	sys2(SYS_mkdir, "/huge", 0755);
	sys2(SYS_mkdir, path, 0755);
	if (sys5(SYS_mount, "none", path, "hugetlbfs", 0, options) < 0)
		return false;
	sizes |= page;
	return true;
}

int open_file(const char *name)
{
	char path[32] = "/proc/1/fd/";

	put_decimal(path + 11, find_file(name)->fd);
	return open_path(path, O_RDWR);
}

/* file NAME PAGE */
struct answer op_file(struct process *me, const struct words *op)
{
	struct file file = { .page = number(op->word[2]) };
	char path[2 * NAME];

	(void)me;
	if (!has_pool(file.page))
		return config("this kernel, or this CPU, has no huge pages of that size");
	if (!mounted(file.page))
		return config("no hugetlbfs of that page size can be mounted");
	path_in(path, file.page, op->word[1]);
	file.fd = sys4(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return file.fd < 0 ? answer_of(file.fd) : new_file(op->word[1], file);
}

/* shmget NAME PAGE SIZE 0|1: 1 with SHM_NORESERVE */
struct answer op_shmget(struct process *me, const struct words *op)
{
	struct file file = { .fd = -1, .page = number(op->word[2]) };
	u64 flags = 0600 | SHM_HUGETLB_ | (u64)__builtin_ctzl(file.page) << SHM_HUGE_SHIFT_;

	(void)me;
	if (!has_pool(file.page))
		return config("this kernel, or this CPU, has no huge pages of that size");
	if (same(op->word[4], "1"))
		flags |= SHM_NORESERVE_;
	file.shmid = sys3(SYS_shmget, IPC_PRIVATE_, number(op->word[3]), flags);
	return file.shmid < 0 ? answer_of(file.shmid) : new_file(op->word[1], file);
}

static void remove(struct file *file)
{
	char path[2 * NAME];

	if (file->fd < 0) {
		sys3(SYS_shmctl, file->shmid, IPC_RMID_, 0);
	} else {
		path_in(path, file->page, file->name);
		sys1(SYS_unlink, path);
		sys1(SYS_close, file->fd);
	}
	*file = files[--file_count];
}

void forget_files(void)
{
	while (file_count)
		remove(&files[file_count - 1]);
}

/* unlink NAME; also shmrm NAME */
struct answer op_unlink(struct process *me, const struct words *op)
{
	(void)me;
	remove(find_file(op->word[1]));
	return ok;
}

static struct answer allocate(const struct words *op, int mode)
{
	int fd = open_file(op->word[1]);
	long ret = sys4(SYS_fallocate, fd, mode, number(op->word[2]), number(op->word[3]));

	sys1(SYS_close, fd);
	return answer_of(ret);
}

/* fallocate NAME OFF LEN */
struct answer op_fallocate(struct process *me, const struct words *op)
{
	(void)me;
	return allocate(op, 0);
}

/* punch NAME OFF LEN */
struct answer op_punch(struct process *me, const struct words *op)
{
	(void)me;
	return allocate(op, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}

/* truncate NAME SIZE */
struct answer op_truncate(struct process *me, const struct words *op)
{
	int fd = open_file(op->word[1]);
	long ret = sys2(SYS_ftruncate, fd, number(op->word[2]));

	(void)me;
	sys1(SYS_close, fd);
	return answer_of(ret);
}

/* shmat NAME SEGMENT SIZE PAGE r|rw */
struct answer op_shmat(struct process *me, const struct words *op)
{
	u64 size = number(op->word[3]), address = address_for(-1, size, op->word[4], "0");
	long ret = sys3(SYS_shmat, find_file(op->word[2])->shmid, address, same(op->word[5], "r") ? SHM_RDONLY_ : 0);

	return ret < 0 ? answer_of(ret) : name_memory(me, op->word[1], address, size);
}

/* shmdt NAME OFF LEN */
struct answer op_shmdt(struct process *me, const struct words *op)
{
	(void)me;
	return answer_of(sys1(SYS_shmdt, find_range(op->word[1])->address + number(op->word[2])));
}
