/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls and constants that Swift's Glibc module lacks, or that are variadic there. */
#ifndef LINUX_SHIMS_H
#define LINUX_SHIMS_H

#include <poll.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* One aligned 64-bit store that no reader sees half of, after all stores before it. */
static inline void linux_store_release(void *place, uint64_t value)
{
	__atomic_store_n((uint64_t *)place, value, __ATOMIC_RELEASE);
}

/* Aligned loads before all loads and stores after them. */
static inline uint64_t linux_load_acquire(const void *place)
{
	return __atomic_load_n((const uint64_t *)place, __ATOMIC_ACQUIRE);
}

static inline uint32_t linux_load_acquire_32(const void *place)
{
	return __atomic_load_n((const uint32_t *)place, __ATOMIC_ACQUIRE);
}

/* 0 or -errno. membarrier(2): glibc has no wrapper. */
int linux_membarrier(int command);

/* What an interface answers to a command of linux/ethtool.h that gives one number, ETHTOOL_G*; or -errno. */
int64_t linux_ethtool_value(int socket, const char *name, uint32_t command);

/* 0 or -errno: on how many queues an interface receives and sends (ETHTOOL_GCHANNELS). */
int linux_ethtool_queues(int socket, const char *name, uint32_t *receiving, uint32_t *sending);

/*
 * 1 or 0: whether an offload is on, by its name for ethtool -k; or -errno: -ENOENT if the kernel knows none of that
 * name. The numbers of offloads are the running kernel's own (ETHTOOL_GSTRINGS, ETH_SS_FEATURES).
 */
int linux_ethtool_feature(int socket, const char *name, const char *feature);

/* What an interface's driver says of itself, each ended by a NUL. */
struct linux_driver_names {
	char driver[33], version[33], bus[33];
};

/* 0 or -errno (ETHTOOL_GDRVINFO). */
int linux_ethtool_driver(int socket, const char *name, struct linux_driver_names *names);

/* 0 or -errno: a command of linux/ethtool.h that sets one number, ETHTOOL_S*. */
int linux_ethtool_set_value(int socket, const char *name, uint32_t command, uint32_t value);

/* 0 or -errno: whether this process may write there, by its effective ids. faccessat(2). */
int linux_check_writable(const char *path);

/* 0 or -errno: this thread enters that network namespace (setns(2)), or a new one (unshare(2)). */
int linux_enter_netns(int fd);
int linux_enter_new_netns(void);

/* The arguments of this process, with its name, as the kernel handed them over; *count says how many. */
char *const *linux_arguments(int *count);

/* 1 if this process ignores the signal, else 0. sigaction(2). */
int linux_is_ignored(int signal);

/*
 * Waits as poll(2) without a limit, unless SIGINT, SIGTERM or SIGHUP has come, as is_interrupted says, or comes
 * meanwhile: one that comes just before is not missed. ppoll(2).
 */
int linux_poll(struct pollfd *sources, unsigned long count, int (*is_interrupted)(void));

/* This process ignores the signal from now on. */
void linux_ignore(int signal);

/* "ENOENT" for 2, or NULL. strerrorname_np(3). */
const char *linux_errno_name(int number);

/*
 * A descriptor of a folder, good for what is below it and for fstat(2); or -errno: -ELOOP if the way there leads
 * through a symbolic link and links are not to be followed. A relative path begins at the folder of a descriptor, or
 * at AT_FDCWD. openat2(2), since Linux 5.6.
 */
int linux_open_folder(int folder, const char *path, bool follows_links);

enum linux_opening {
	LINUX_PLACE,        /* whatever it is, for fstat(2) and /proc/self/fd */
	LINUX_FOLDER_PLACE, /* a folder, for what is in it */
	LINUX_FOLDER,       /* a folder, to be read and locked */
};

/*
 * A descriptor of what is below a folder, or -errno. Nothing that is reached through a symbolic link (-ELOOP), through
 * a mount, or out of the folder by ".." (-EXDEV).
 */
int linux_open_beneath(int folder, const char *path, enum linux_opening opening);

/* 0 or -errno: each name then names what the other did, at once. renameat2(2), RENAME_EXCHANGE. */
int linux_exchange(int folder, const char *name, int other_folder, const char *other);

/* 0 or -errno: the two ends of a pipe, closed on exec. pipe2(2). */
int linux_pipe(int ends[2]);

/* Descriptor of an anonymous file, closed on exec, or -errno. memfd_create(2). */
int linux_memfd_create(const char *name);

/* Magic number of the file system that holds a path, or a descriptor's file; or -errno. statfs(2). */
long linux_filesystem_magic(const char *path);
long linux_filesystem_magic_of(int fd);

/* This process's effective capabilities, bit k = capability k. capget(2). */
uint64_t linux_effective_capabilities(void);

/*
 * The network namespace of another process's socket, or of its descriptor of /dev/net/tun: a new descriptor, or -errno.
 * pidfd_getfd(2), SIOCGSKNS.
 */
int linux_open_netns_of_socket(int process, int descriptor);

/* Number of the device that a file is on, or 0; no server of a network file system is asked. statx(2). */
uint64_t linux_file_device(const char *path);

/* Cookie of the network namespace of a socket, or 0: SO_NETNS_COOKIE, since Linux 5.14. */
uint64_t linux_netns_cookie(int socket);

/*
 * Runs a program, by its path, to its end, its output thrown away, and tells the most memory that it had at a time, in
 * KiB (VmHWM of proc(5)); or -errno. Its exit code goes to *exit_code, or -1 if it was killed. Of a child that was
 * started as usual, getrusage(2) tells the memory of its parent if that is more.
 */
long linux_peak_memory(char *const argv[], int *exit_code);

/*
 * Columns of a terminal that a character takes (wcwidth(3), which glibc's module map leaves out), by a locale that
 * knows all of Unicode, whichever the process has. -1: it is not printable; 1 if there is no such locale.
 */
int linux_character_width(uint32_t scalar);

#endif
