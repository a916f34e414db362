#include "host.h"
#include "probe.h"

#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/signal.h>

#define BIT_OF(signal) (1UL << ((signal) - 1))
#define MS_REC_ 0x4000
#define MS_PRIVATE_ (1 << 18)
#define MS_BIND_ 0x1000

bool on_host;

bool asks_for_host(const u64 *arguments)
{
	const char *const *words = (const char *const *)(arguments + 1);

	return arguments[0] == 2 && same(words[1], "host");
}

/** Keeps nothing but a watch: pid 1 within has ended when all that it began has; it ends when we are told to. */
static void watch(int pid)
{
	u64 awaited = BIT_OF(SIGTERM) | BIT_OF(SIGCHLD);
	int status;

	while (sys4(SYS_wait4, pid, &status, 1 /* WNOHANG */, 0) != pid)
		if (sys4(SYS_rt_sigtimedwait, &awaited, 0, 0, 8) == SIGTERM)
			sys2(SYS_kill, pid, SIGKILL);
	sys1(SYS_exit_group, status & 127 ? 128 + (status & 127) : status >> 8);
}

/** What /init finds in a guest, in a root that is gone with its mounts. */
static const char *make_root(void)
{
	if (sys5(SYS_mount, "none", "/", 0, MS_REC_ | MS_PRIVATE_, 0) < 0)
		return "mounts cannot be made private";
	if (sys5(SYS_mount, "none", "/tmp", "ramfs", 0, 0) < 0)
		return "no file system can be mounted on /tmp";
	sys2(SYS_mkdir, "/tmp/proc", 0755);
	sys2(SYS_mkdir, "/tmp/sys", 0755);
	sys2(SYS_mkdir, "/tmp/dev", 0755);
	if (sys5(SYS_mount, "/dev", "/tmp/dev", 0, MS_BIND_, 0) < 0)
		return "/dev cannot be mounted a second time";
	return sys1(SYS_chroot, "/tmp") < 0 || sys1(SYS_chdir, "/") < 0 ? "the root cannot be changed" : NULL;
}

const char *enter_host(void)
{
	u64 blocked = BIT_OF(SIGTERM) | BIT_OF(SIGCHLD);
	long parent = sys0(SYS_getppid), pid;

	sys4(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, 0, 8);
	/* Who started us gives the settings back: nothing may change them after its end. */
	sys2(SYS_prctl, PR_SET_PDEATHSIG, SIGTERM);
	if (sys0(SYS_getppid) != parent)
		sys1(SYS_exit_group, 1);
	if (sys1(SYS_unshare, CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID) < 0)
		return "namespaces cannot be made: that needs root with CAP_SYS_ADMIN";
	pid = sys5(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		return "no process can be made";
	if (pid > 0)
		watch(pid);
	sys2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	return make_root();
}
