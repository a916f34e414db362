// Files of a hugetlbfs or of tmpfs, and segments of huge pages. Init holds each file open: what it has open, other
// processes open through its /proc.

#include "files.h"
#include "hugetlb.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>

#define MAX_FILES 16
#define MNT_DETACH_ 2
#define POSIX_FADV_WILLNEED_ 3
#define IPC_PRIVATE_ 0
#define IPC_RMID_ 0
#define SHM_HUGETLB_ 04000
#define SHM_NORESERVE_ 010000
#define SHM_RDONLY_ 010000
#define SHM_HUGE_SHIFT_ 26
#define MFD_CLOEXEC_ 1

/** An open file, of pages of that size, on a mount of its own or not; or a segment, which has no descriptor. */
static struct file { char name[NAME]; int fd; u64 page; bool own; long shmid; } files[MAX_FILES];
static int file_count;
/** Mounts of one file each: where they are. They stay as long as the point. */
static char mounts[MAX_FILES][2 * NAME];
static int mount_count;

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

static char *end_of(char *text)
{
	while (*text)
		text++;
	return text;
}

/** The mount that a file is on, `/huge/2048`, or its own, `/huge/f`; and the file there. */
static void path_of(char *to, const struct file *file, bool whole)
{
	copy_text(to, "/huge/", NAME);
	if (file->own)
		copy_text(end_of(to), file->name, NAME);
	else
		put_decimal(end_of(to), file->page / 1024);
	if (!whole)
		return;
	copy_text(end_of(to), "/", 2);
	copy_text(end_of(to), file->name, NAME);
}

static void add_option(char *options, const char *name, u64 value)
{
	copy_text(end_of(options), name, NAME);
	put_decimal(end_of(options), value);
}

/** Mounts the hugetlbfs of a page size, unless it is mounted already. */
static struct answer mount_shared(const struct file *file)
{
	static u64 sizes;
	char path[3 * NAME], options[NAME] = "";

	if (sizes & file->page)
		return ok;
	path_of(path, file, false);
	add_option(options, "pagesize=", file->page);
	sys2(SYS_mkdir, path, 0755);
	if (sys5(SYS_mount, "none", path, "hugetlbfs", 0, options) < 0)
		return config("no hugetlbfs of that page size can be mounted");
	sizes |= file->page;
	return ok;
}

/** Mounts a hugetlbfs for one file, with its limit and its minimum, where there is one. */
static struct answer mount_own(const struct file *file, long max, long min)
{
	char options[3 * NAME] = "";
	long ret;

	if (mount_count == MAX_FILES)
		return config("more mounts than the probe has room for");
	path_of(mounts[mount_count], file, false);
	add_option(options, "pagesize=", file->page);
	if (max >= 0)
		add_option(options, ",size=", max);
	if (min >= 0)
		add_option(options, ",min_size=", min);
	sys2(SYS_mkdir, mounts[mount_count], 0755);
	ret = sys5(SYS_mount, "none", mounts[mount_count], "hugetlbfs", 0, options);
	if (ret == 0)
		mount_count++;
	return answer_of(ret);
}

int open_file(const char *name)
{
	char path[32] = "/proc/1/fd/";

	put_decimal(path + 11, find_file(name)->fd);
	return open_path(path, O_RDWR);
}

/** A file of tmpfs, which has no path. */
static struct answer new_memfd(const char *name)
{
	struct file file = { .fd = sys2(SYS_memfd_create, name, MFD_CLOEXEC_), .page = PAGE };

	return file.fd < 0 ? answer_of(file.fd) : new_file(name, file);
}

/* file NAME PAGE MAX MIN: bytes that its mount may have, and has always reserved, or -1 */
struct answer op_file(struct process *me, const struct words *op)
{
	struct file file = { .page = number(op->word[2]) };
	long max = number(op->word[3]), min = number(op->word[4]);
	struct answer mounted;
	char path[3 * NAME];

	(void)me;
	if (file.page == PAGE)
		return new_memfd(op->word[1]);
	if (why_no_pool(file.page))
		return config(why_no_pool(file.page));
	copy_text(file.name, op->word[1], NAME);
	file.own = max >= 0 || min >= 0;
	sys2(SYS_mkdir, "/huge", 0755);
	mounted = file.own ? mount_own(&file, max, min) : mount_shared(&file);
	if (mounted.kind != OK)
		return mounted;
	path_of(path, &file, true);
	file.fd = sys4(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return file.fd < 0 ? answer_of(file.fd) : new_file(op->word[1], file);
}

/* shmget NAME PAGE SIZE 0|1: 1 with SHM_NORESERVE */
struct answer op_shmget(struct process *me, const struct words *op)
{
	struct file file = { .fd = -1, .page = number(op->word[2]) };
	u64 flags = 0600 | SHM_HUGETLB_ | (u64)__builtin_ctzl(file.page) << SHM_HUGE_SHIFT_;

	(void)me;
	if (why_no_pool(file.page))
		return config(why_no_pool(file.page));
	if (same(op->word[4], "1"))
		flags |= SHM_NORESERVE_;
	file.shmid = sys3(SYS_shmget, IPC_PRIVATE_, number(op->word[3]), flags);
	return file.shmid < 0 ? answer_of(file.shmid) : new_file(op->word[1], file);
}

static void remove(struct file *file)
{
	char path[3 * NAME];

	if (file->fd < 0) {
		sys3(SYS_shmctl, file->shmid, IPC_RMID_, 0);
	} else {
		path_of(path, file, true);
		if (file->page != PAGE)
			sys1(SYS_unlink, path);
		sys1(SYS_close, file->fd);
	}
	*file = files[--file_count];
}

void forget_files(void)
{
	while (file_count)
		remove(&files[file_count - 1]);
	while (mount_count) {
		sys2(SYS_umount2, mounts[--mount_count], MNT_DETACH_);
		sys1(SYS_rmdir, mounts[mount_count]);
	}
}

/* unlink NAME; also shmrm NAME */
struct answer op_unlink(struct process *me, const struct words *op)
{
	(void)me;
	remove(find_file(op->word[1]));
	return ok;
}

/** A system call whose first argument is the file that the operation names. */
static struct answer call(long nr, const struct words *op, long a, long b, long c)
{
	int fd = open_file(op->word[1]);
	long ret = sys4(nr, fd, a, b, c);

	sys1(SYS_close, fd);
	return answer_of(ret);
}

/* fallocate NAME OFF LEN */
struct answer op_fallocate(struct process *me, const struct words *op)
{
	(void)me;
	return call(SYS_fallocate, op, 0, number(op->word[2]), number(op->word[3]));
}

/* punch NAME OFF LEN */
struct answer op_punch(struct process *me, const struct words *op)
{
	(void)me;
	return call(SYS_fallocate, op, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, number(op->word[2]), number(op->word[3]));
}

/* fadvise NAME OFF LEN willneed */
struct answer op_fadvise(struct process *me, const struct words *op)
{
	(void)me;
	return call(SYS_fadvise64, op, number(op->word[2]), number(op->word[3]), POSIX_FADV_WILLNEED_);
}

/* readahead NAME OFF LEN */
struct answer op_readahead(struct process *me, const struct words *op)
{
	(void)me;
	return call(SYS_readahead, op, number(op->word[2]), number(op->word[3]), 0);
}

/* truncate NAME SIZE */
struct answer op_truncate(struct process *me, const struct words *op)
{
	(void)me;
	return call(SYS_ftruncate, op, number(op->word[2]), 0, 0);
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
